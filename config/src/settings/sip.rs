//! How telephone calls come in.

use super::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// How telephone calls come in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sip {
    /// The address and port on which calls are taken.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Further addresses and ports on which calls are taken, for instance one of IPv6: `["[2001:db8::1]:5060"]`.
    #[schemars(with = "Vec<String>")]
    pub also_listen: Vec<SocketAddr>,
    /// Whether calls are taken by TCP as well as by UDP.
    pub tcp: bool,
    /// The most TCP and TLS connections at once; further ones are closed.
    pub connections: usize,
    /// After how many seconds of silence a TCP or TLS connection is closed.
    pub idle_seconds: u64,
    /// Calls over TLS.
    pub tls: Tls,
    /// Callers who must sign in.
    pub digest: Digest,
    /// The person to whom callers are handed on who ask for one.
    pub operator: Operator,
    /// The address that callers are told to send to, where it differs from the listening one (behind NAT).
    #[schemars(with = "Option<String>")]
    pub public_address: Option<IpAddr>,
    /// The numbers that are answered; others get 404. Empty: every number.
    pub numbers: Vec<String>,
    /// The networks from which calls are taken, as `address/bits`; others get no answer. Empty: everybody.
    pub allow: Vec<String>,
}

/// Calls over TLS.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The addresses and ports on which calls over TLS are taken, for instance `["0.0.0.0:5061"]`; empty: none.
    #[schemars(with = "Vec<String>")]
    pub listen: Vec<SocketAddr>,
    /// The file with this side's certificate and those that vouch for it, in PEM.
    pub certificate: PathBuf,
    /// Where the certificate's key is found, in PEM: `{ file = "path" }`.
    pub key: Secret,
}

/// Callers who must sign in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Digest {
    /// The realm that callers are asked to sign in to.
    pub realm: String,
    /// Who may call: `[{ name = "trunk", password = { env = "DAUYS_TRUNK_PASSWORD" } }]`. Empty: nobody must sign in.
    pub users: Vec<SipUser>,
    /// The hashes that are offered, the preferred one first. Leave `["MD5"]` where a trunk knows nothing better and reads the
    /// first offer alone.
    pub algorithms: Vec<String>,
    /// The networks whose callers must sign in, as `address/bits`; empty: all.
    pub networks: Vec<String>,
}

/// Somebody who may call after signing in.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SipUser {
    /// The name.
    pub name: String,
    /// Where the password is found.
    pub password: Secret,
}

/// The person to whom callers are handed on who ask for one. The trunk must allow it (REFER).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Operator {
    /// Whom the trunk is asked to call: `sip:112@trunk.example.kz`. Empty: nobody, and the key means nothing.
    pub uri: String,
    /// The key that asks for a person.
    pub key: char,
}

impl Default for Operator {
    fn default() -> Self {
        Self { uri: String::new(), key: '0' }
    }
}

impl Default for Digest {
    fn default() -> Self {
        let algorithms = ["SHA-256", "MD5"].map(str::to_owned).into();
        Self { realm: "dauys".to_owned(), users: Vec::new(), algorithms, networks: Vec::new() }
    }
}

impl Default for Sip {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060),
            also_listen: Vec::new(),
            tcp: true,
            connections: 1_000,
            idle_seconds: 900,
            tls: Tls::default(),
            digest: Digest::default(),
            operator: Operator::default(),
            public_address: None,
            numbers: Vec::new(),
            allow: Vec::new(),
        }
    }
}
