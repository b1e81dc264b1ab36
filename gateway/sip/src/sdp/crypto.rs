//! Keys for SRTP in the description itself (SDES, RFC 4568; the AEAD suites of RFC 7714 §14).
//!
//! A line that asks for what is not done here (a master key identifier, another key derivation rate, parts in the clear) is passed
//! over, as RFC 4568 §6.3 wants; the offerer may list another.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sdp_types::Media;

use super::attributes;

/// The most `a=crypto` lines of a stream that are looked at.
const MAX_LINES: usize = 16;

/// How a stream is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`, which every SRTP phone has.
    AesCm80,
    /// `AES_CM_128_HMAC_SHA1_32`.
    AesCm32,
    /// `AEAD_AES_128_GCM`.
    Gcm128,
    /// `AEAD_AES_256_GCM`.
    Gcm256,
}

impl Suite {
    const ALL: [Self; 4] = [Self::AesCm80, Self::AesCm32, Self::Gcm128, Self::Gcm256];

    /// The suite's name in `a=crypto`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AesCm80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm32 => "AES_CM_128_HMAC_SHA1_32",
            Self::Gcm128 => "AEAD_AES_128_GCM",
            Self::Gcm256 => "AEAD_AES_256_GCM",
        }
    }

    /// The length of master key and salt together, in bytes.
    #[must_use]
    pub fn secret_len(self) -> usize {
        match self {
            Self::AesCm80 | Self::AesCm32 => 30,
            Self::Gcm128 => 28,
            Self::Gcm256 => 44,
        }
    }
}

/// Master key and salt, as long as the longest suite needs. Hidden by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub [u8; Self::LEN]);

impl Secret {
    /// How many random bytes a secret of ours is made of.
    pub const LEN: usize = 46;

    /// The bytes that a suite uses.
    #[must_use]
    pub fn of(&self, suite: Suite) -> &[u8] {
        self.0.get(..suite.secret_len()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

/// Whether this side encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SrtpPolicy {
    /// Streams over RTP/SAVP are refused.
    #[default]
    Refused,
    /// What is offered decides.
    Accepted,
    /// Streams over RTP/AVP are refused, and ours are offered over RTP/SAVP.
    Required,
}

/// What both sides seal their packets with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Srtp {
    /// The suite.
    pub suite: Suite,
    /// The secret of what this side sends.
    pub local: Secret,
    /// The secret of what the peer sends.
    pub remote: Secret,
    /// The number of the line in the offer, which the answer repeats.
    pub(super) tag: u32,
}

impl Srtp {
    /// Takes the first line that can be done.
    pub(super) fn read(media: &Media, local: Secret) -> Option<Self> {
        attributes(media, "crypto").take(MAX_LINES).find_map(|value| read_line(value, local))
    }

    /// What an offer of ours says.
    pub(super) fn offered(local: Secret) -> Self {
        Self { suite: Suite::AesCm80, local, remote: local, tag: 1 }
    }

    /// The value of our `a=crypto`.
    pub(super) fn line(&self) -> String {
        format!("{} {} inline:{}", self.tag, self.suite.name(), STANDARD.encode(self.local.of(self.suite)))
    }
}

fn read_line(value: &str, local: Secret) -> Option<Srtp> {
    let mut words = value.split_ascii_whitespace();
    let tag = words.next()?.parse().ok()?;
    let name = words.next()?;
    let suite = Suite::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))?;
    let key = words.next()?;
    // A window size is a hint; every other parameter changes what goes over the wire.
    if !words.all(|parameter| parameter.starts_with("WSH=")) || key.contains(';') {
        return None;
    }
    let mut parts = key.strip_prefix("inline:")?.split('|');
    let remote = secret(parts.next()?, suite)?;
    // What follows is a lifetime, which calls are too short for, or a key identifier, which is not done.
    if parts.any(|part| part.contains(':')) {
        return None;
    }
    Some(Srtp { suite, local, remote, tag })
}

fn secret(text: &str, suite: Suite) -> Option<Secret> {
    let bytes = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()?;
    if bytes.len() != suite.secret_len() {
        return None;
    }
    let mut secret = Secret([0; Secret::LEN]);
    secret.0.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    Some(secret)
}
