//! How many calls are taken, and for how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many calls are taken, and for how long.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Calls {
    /// How many calls are taken at once; the next one is refused politely (503 with Retry-After).
    pub limit: usize,
    /// After how many seconds a refused caller is told to try again.
    pub retry_after_seconds: u32,
    /// The longest recording, in seconds; what was said until then is registered.
    pub longest_recording_seconds: u64,
    /// How long a caller may be silent after speaking before the recording ends, in milliseconds.
    pub end_silence_ms: u64,
    /// How long a caller may say nothing at all after the tone, in milliseconds.
    pub start_silence_ms: u64,
    /// The free space on the recording disk below which new calls are refused, in megabytes.
    pub least_free_megabytes: u64,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            limit: 5_000,
            retry_after_seconds: 30,
            longest_recording_seconds: 300,
            end_silence_ms: 4_000,
            start_silence_ms: 10_000,
            least_free_megabytes: 1_024,
        }
    }
}
