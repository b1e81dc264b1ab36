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
    /// How often the sockets are emptied: 20, 40, 60, 80 or 100 milliseconds. A longer time costs less per packet and reacts
    /// later.
    pub drain_ms: u64,
    /// After how many seconds without any media a call is ended.
    pub no_media_seconds: u64,
}

impl Default for Media {
    fn default() -> Self {
        Self { first_port: 20_000, last_port: 39_998, threads: 0, drain_ms: 60, no_media_seconds: 60 }
    }
}
