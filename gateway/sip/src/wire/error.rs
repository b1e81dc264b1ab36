//! Why bytes are not a SIP message: a typed reason that never quotes what the peer sent.

use thiserror::Error;

/// The first fault found in a message. No variant carries text of the message, which may hold personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WireError {
    /// Nothing but line ends: a keep-alive (RFC 5626 §3.5.1).
    #[error("only line ends: a keep-alive")]
    Empty,
    /// Longer than [`super::MAX_MESSAGE`].
    #[error("the message is too large")]
    TooLarge,
    /// More header fields than [`super::MAX_HEADERS`].
    #[error("too many header fields")]
    TooManyHeaders,
    /// The first line is neither a request line nor a status line.
    #[error("malformed start line")]
    StartLine,
    /// A version other than SIP/2.0.
    #[error("unsupported protocol version")]
    Version,
    /// A status code that is not three digits from 100 to 699.
    #[error("malformed status code")]
    StatusCode,
    /// The Request-URI does not follow the grammar.
    #[error("malformed Request-URI")]
    RequestUri,
    /// A line that does not end in CRLF, or a header section without its empty line.
    #[error("malformed line end")]
    LineEnd,
    /// A control character inside a header field.
    #[error("control character in a header field")]
    Control,
    /// A line that is not `name: value`.
    #[error("malformed header field")]
    Header,
    /// A mandatory header field is absent.
    #[error("missing header field {0}")]
    Missing(&'static str),
    /// A header field that may stand once stands twice.
    #[error("repeated header field {0}")]
    Repeated(&'static str),
    /// A header field's value does not follow its grammar.
    #[error("malformed header field {0}")]
    Malformed(&'static str),
    /// The method of the start line and of CSeq differ.
    #[error("the methods of start line and CSeq differ")]
    MethodMismatch,
    /// Content-Length promises more than the datagram holds.
    #[error("the body is shorter than Content-Length")]
    ShortBody,
}

impl WireError {
    /// The status that a request with this fault deserves.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Version => 505,
            Self::TooLarge => 513,
            _ => 400,
        }
    }
}
