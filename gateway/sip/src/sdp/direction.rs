//! Which way media flows: directions, hold, and the old way to hold.

use std::net::IpAddr;

use sdp_types::{Attribute, Media, Session};

/// Which way media flows, as seen from this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// Only from here.
    SendOnly,
    /// Only to here.
    RecvOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    /// Combines whether this side sends and whether it receives.
    #[must_use]
    pub fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether this side sends.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether this side receives.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}

/// The peer's direction turned round and met with what this side wants. An unspecified address is the old way to hold
/// (RFC 3264 §8.4): nothing may be sent there.
pub(super) fn mirrored(session: &Session, media: &Media, ip: IpAddr, wanted: Direction) -> Direction {
    let named = |attributes: &[Attribute]| {
        attributes.iter().find_map(|a| match a.attribute.to_ascii_lowercase().as_str() {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        })
    };
    let theirs = named(&media.attributes).or_else(|| named(&session.attributes)).unwrap_or(Direction::SendRecv);
    let sends = theirs.receives() && wanted.sends() && !ip.is_unspecified();
    Direction::of(sends, theirs.sends() && wanted.receives())
}
