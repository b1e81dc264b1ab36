//! How speech comes in and prompts go out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How speech comes in and prompts go out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// The first RTP port.
    pub first_port: u16,
    /// The last RTP port; each call takes one even port.
    pub last_port: u16,
    /// How many threads receive and send; 0 for one a core, at most 4.
    pub threads: usize,
    /// How often the sockets are emptied, in milliseconds: a multiple of 20, from 20 to 200. A longer time costs less per packet
    /// and reacts later.
    pub drain_ms: u64,
    /// After how many seconds without any media a call is ended.
    pub no_media_seconds: u64,
    /// The codecs that are spoken, most wanted first: of those that a caller offers, the first of these is taken. G.711 (PCMA, PCMU)
    /// costs least; G722 and opus carry more of the voice and cost a few times as much.
    pub codecs: Vec<AudioCodec>,
    /// Encrypted media (SRTP with keys in the signalling): refuse, accept where it is offered, or require.
    pub srtp: SrtpUse,
    /// Whether keys are taken from signalling that is not encrypted itself. Who can read it can then listen.
    pub srtp_keys_in_clear: bool,
    /// Keys that are pressed as tones within the voice: auto listens for them where the caller sends no telephone events, always
    /// in every call, never in none.
    pub keys_in_band: KeysInBand,
}

/// A codec of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AudioCodec {
    /// G.711 A-law.
    #[serde(rename = "PCMA")]
    Pcma,
    /// G.711 µ-law.
    #[serde(rename = "PCMU")]
    Pcmu,
    /// G.722.
    G722,
    /// Opus.
    #[serde(rename = "opus")]
    Opus,
}

/// Whether media are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SrtpUse {
    /// Calls that offer only encrypted media are refused.
    Refuse,
    /// What the caller offers is taken.
    Accept,
    /// Calls without encrypted media are refused.
    Require,
}

/// When keys are listened for as tones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeysInBand {
    /// Where the caller sends no telephone events.
    Auto,
    /// Never.
    Never,
    /// In every call.
    Always,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            first_port: 20_000,
            last_port: 39_998,
            threads: 0,
            drain_ms: 100,
            no_media_seconds: 60,
            codecs: vec![AudioCodec::Pcma, AudioCodec::Pcmu, AudioCodec::G722, AudioCodec::Opus],
            srtp: SrtpUse::Accept,
            srtp_keys_in_clear: false,
            keys_in_band: KeysInBand::Auto,
        }
    }
}
