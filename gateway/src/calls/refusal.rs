//! Why a call is not taken, and the one place where that becomes a SIP status.

use dauys_sip::StatusCode;
use dauys_sip::sdp::SdpError;

/// Why a call is not taken.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The number dialled is not answered here.
    UnknownNumber,
    /// As many calls are up as may be.
    Full,
    /// As many calls are up as may be by this trunk.
    TrunkFull,
    /// As many calls are up as one caller may have.
    CallerFull,
    /// Calls cannot be recorded.
    Disk,
    /// No RTP port is free.
    Ports,
    /// A media thread cannot take a command.
    Busy,
    /// The offer cannot be answered.
    Media(SdpError),
    /// The call ended before it was answered.
    Gone,
}

impl Refusal {
    /// Returns the status to refuse with.
    pub fn status(&self) -> StatusCode {
        match self {
            Refusal::UnknownNumber => StatusCode::NotFound,
            Refusal::Full
            | Refusal::TrunkFull
            | Refusal::CallerFull
            | Refusal::Disk
            | Refusal::Ports
            | Refusal::Busy => StatusCode::ServiceUnavailable,
            Refusal::Media(error) => StatusCode::from(error.status()),
            Refusal::Gone => StatusCode::ServerInternalError,
        }
    }

    /// Returns the text of the Reason header field, where there is one.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Refusal::Full => Some("every line is taken"),
            Refusal::TrunkFull => Some("every line of the trunk is taken"),
            Refusal::CallerFull => Some("the caller has as many calls as one may"),
            Refusal::Disk => Some("calls cannot be recorded now"),
            Refusal::Ports => Some("no media port is free"),
            Refusal::Busy => Some("the media plane is busy"),
            Refusal::UnknownNumber | Refusal::Media(_) | Refusal::Gone => None,
        }
    }
}
