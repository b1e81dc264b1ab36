//! The pages, the API and the messengers' webhooks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The pages, the API and the messengers' webhooks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// The address and TCP port.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// The address that people open, where it differs (behind a proxy): `https://109.example.kz`. With https, cookies are
    /// sent over TLS only.
    pub public_url: Option<String>,
    /// How long a sign-in lasts, in hours.
    pub session_hours: u32,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8109), public_url: None, session_hours: 12 }
    }
}
