//! Where messages travel: transport, local and peer address.

use std::net::SocketAddr;

/// The transport that a message came or goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams: messages may be lost, so transactions repeat them.
    Udp,
    /// A byte stream.
    Tcp,
    /// A byte stream over TLS.
    Tls,
}

impl Transport {
    /// Whether the transport itself delivers (RFC 3261 §17).
    #[must_use]
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    /// The name in Via.
    #[must_use]
    pub fn via_name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// The parameter that a SIP URI needs to name this transport.
    #[must_use]
    pub fn uri_suffix(self) -> &'static str {
        match self {
            Self::Udp => "",
            Self::Tcp => ";transport=tcp",
            Self::Tls => ";transport=tls",
        }
    }
}

/// One way between this side and a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The address on this side.
    pub local: SocketAddr,
    /// The address of the peer.
    pub peer: SocketAddr,
    /// The transport.
    pub transport: Transport,
}
