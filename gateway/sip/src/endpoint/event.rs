//! What goes into an endpoint and what comes out.

use std::net::SocketAddr;

use thiserror::Error;

use crate::stream::FrameError;
use crate::transaction::Packet;
use crate::transport::Transport;

/// Names a call for as long as it lives; a later call never has the same handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallHandle(pub u64);

/// Text that is personal data: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Private(String);

impl Private {
    /// Marks text as personal.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Gives the text away, for those who must have it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<private>")
    }
}

/// What a shell hands in.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// One whole message: a datagram, or what a stream's framing yielded.
    Datagram {
        /// The address that it came to.
        local: SocketAddr,
        /// The address that it came from.
        peer: SocketAddr,
        /// The transport.
        transport: Transport,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// What [`crate::stream::Framer`] could not cut out of a stream. A request in it is refused; close the stream when that
    /// is sent.
    Unframed {
        /// The address that it came to.
        local: SocketAddr,
        /// The address that it came from.
        peer: SocketAddr,
        /// The transport.
        transport: Transport,
        /// The header section, if it was whole.
        head: &'a [u8],
        /// What was wrong.
        error: FrameError,
    },
}

/// What a shell takes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes.
    Send {
        /// From this address.
        local: SocketAddr,
        /// To this address.
        peer: SocketAddr,
        /// By this transport.
        transport: Transport,
        /// The message.
        bytes: Packet,
    },
    /// Something that the user of calls should know.
    Event(Event),
}

/// Why a call is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The peer hung up.
    Bye,
    /// The caller gave up before the answer.
    Cancelled,
    /// The answer was never acknowledged.
    NoAck,
    /// The peer did not answer in time.
    Timeout,
    /// The peer stopped refreshing the session (RFC 4028).
    SessionExpired,
    /// This side hung up or rejected.
    Local,
    /// The peer, or a proxy, reported that the dialog has failed, with this status.
    Failed(u16),
}

/// News about calls. Every call ends with exactly one [`Event::Ended`] or [`Event::Rejected`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody calls. Reply with `ring`, `answer` or `reject`.
    Incoming {
        /// The new call.
        call: CallHandle,
        /// The Call-ID header field.
        call_id: String,
        /// The user part of From: the caller's number, as the caller claims it.
        from: Private,
        /// The user part of P-Asserted-Identity: the caller's number, as the network vouches for it (RFC 3325). Trust it
        /// only from peers that are trusted.
        asserted: Option<Private>,
        /// The user part of the Request-URI: the number dialled.
        to_user: String,
        /// Where the INVITE came from.
        source: SocketAddr,
        /// The offer; `None` asks this side to make one in its answer.
        offer: Option<Vec<u8>>,
    },
    /// The caller has acknowledged the answer.
    Established {
        /// The call.
        call: CallHandle,
        /// The caller's answer, if this side made the offer.
        sdp: Option<Vec<u8>>,
    },
    /// The peer wants to change the media. Reply with `reply_update` or `reject_update`.
    MediaUpdate {
        /// The call.
        call: CallHandle,
        /// The new offer; `None` asks this side to make one.
        sdp: Option<Vec<u8>>,
    },
    /// A change of media that this side asked for, or made the offer of, was agreed.
    UpdateAnswered {
        /// The call.
        call: CallHandle,
        /// The peer's answer.
        sdp: Option<Vec<u8>>,
    },
    /// A change of media that this side asked for was refused; the media stay as they were.
    UpdateRejected {
        /// The call.
        call: CallHandle,
        /// The status.
        status: u16,
    },
    /// A key was pressed, told by INFO.
    Dtmf {
        /// The call.
        call: CallHandle,
        /// One of `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// What became of a transfer that `refer` asked for. The call goes on until somebody hangs up.
    Transfer {
        /// The call.
        call: CallHandle,
        /// The status that the other phone got from the new party, or why it did not try: 100 to 199 on the way, 200 for a
        /// party that has answered.
        status: u16,
        /// Whether nothing more will be told.
        done: bool,
    },
    /// A call placed here makes progress: 180 means ringing.
    Progress {
        /// The call.
        call: CallHandle,
        /// The provisional status, above 100.
        status: u16,
        /// A description for early media, if there is one.
        sdp: Option<Vec<u8>>,
    },
    /// A call placed here was answered.
    Answered {
        /// The call.
        call: CallHandle,
        /// The peer's answer; or its offer, if the INVITE had none: then reply with `acknowledge`.
        sdp: Option<Vec<u8>>,
    },
    /// A call placed here was refused; it is over.
    Rejected {
        /// The call.
        call: CallHandle,
        /// The final status.
        status: u16,
        /// The reason phrase.
        reason: String,
        /// Retry-After, in seconds.
        retry_after: Option<u32>,
    },
    /// A call is over.
    Ended {
        /// The call.
        call: CallHandle,
        /// Why.
        cause: Cause,
        /// The final status of its INVITE, if it failed with one.
        sip_status: Option<u16>,
    },
}

/// Why a command was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CommandError {
    /// The call has ended.
    #[error("no such call")]
    UnknownCall,
    /// The call is in a state in which the command makes no sense.
    #[error("the call is not in a state for this")]
    WrongState,
    /// A table has reached its bound.
    #[error("no room for another call or transaction")]
    Full,
}
