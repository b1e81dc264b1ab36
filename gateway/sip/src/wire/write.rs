//! Writes messages: one growing buffer, header fields in the order given, Content-Length last.

use super::{Name, lex};

/// A message under construction.
#[derive(Debug)]
pub struct Writer {
    buf: Vec<u8>,
}

impl Writer {
    /// Starts a request.
    #[must_use]
    pub fn request(method: &str, uri: &str) -> Self {
        let mut writer = Self { buf: Vec::with_capacity(1024) };
        writer.clean(method.as_bytes());
        writer.buf.push(b' ');
        writer.clean(uri.as_bytes());
        writer.buf.extend_from_slice(b" SIP/2.0\r\n");
        writer
    }

    /// Starts a response.
    #[must_use]
    pub fn response(status: u16, reason: &str) -> Self {
        Self::response_raw(status, reason.as_bytes())
    }

    /// Starts a response whose reason phrase need not be UTF-8.
    #[must_use]
    pub(super) fn response_raw(status: u16, reason: &[u8]) -> Self {
        let mut writer = Self { buf: Vec::with_capacity(1024) };
        writer.buf.extend_from_slice(format!("SIP/2.0 {status} ").as_bytes());
        writer.clean(reason);
        writer.buf.extend_from_slice(b"\r\n");
        writer
    }

    /// Adds a header field.
    pub fn header(&mut self, name: Name, value: impl AsRef<[u8]>) -> &mut Self {
        self.named(name.as_str(), value)
    }

    /// Adds a header field whose name is not in [`Name`].
    pub fn named(&mut self, name: &str, value: impl AsRef<[u8]>) -> &mut Self {
        self.clean(name.as_bytes());
        self.buf.extend_from_slice(b": ");
        self.clean(value.as_ref());
        self.buf.extend_from_slice(b"\r\n");
        self
    }

    /// Ends the message with a body; an empty body has no Content-Type.
    #[must_use]
    pub fn finish(mut self, content_type: &str, body: &[u8]) -> Vec<u8> {
        if !body.is_empty() && !content_type.is_empty() {
            self.header(Name::ContentType, content_type);
        }
        self.buf.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        self.buf.extend_from_slice(body);
        self.buf
    }

    /// Copies text, with control characters that may not stand there made spaces, so that no value can start a line of its own.
    fn clean(&mut self, text: &[u8]) {
        if lex::has_stray_control(text) {
            self.buf.extend(text.iter().map(|b| if b.is_ascii_control() && *b != b'\t' { b' ' } else { *b }));
        } else {
            self.buf.extend_from_slice(text);
        }
    }
}
