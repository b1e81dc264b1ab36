//! How telephone calls come in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// How telephone calls come in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sip {
    /// The address and UDP port on which calls are taken.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// The address that callers are told to send to, where it differs from the listening one (behind NAT).
    #[schemars(with = "Option<String>")]
    pub public_address: Option<IpAddr>,
    /// The numbers that are answered; others get 404. Empty: every number.
    pub numbers: Vec<String>,
    /// The networks from which calls are taken, as `address/bits`; others get no answer. Empty: everybody.
    pub allow: Vec<String>,
}

impl Default for Sip {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060),
            public_address: None,
            numbers: Vec::new(),
            allow: Vec::new(),
        }
    }
}
