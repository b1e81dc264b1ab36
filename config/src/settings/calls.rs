//! How many calls are taken, and for how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many calls are taken, and for how long.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Calls {
    /// How many calls are taken at once; the next one is refused politely (503 with Retry-After).
    pub limit: usize,
    /// How many calls one caller may have at once; 0 for as many as there are lines.
    pub per_caller: usize,
    /// Trunks with a limit of their own: `[{ name = "operator", networks = ["192.0.2.0/24"], limit = 3000 }]`. Calls from networks
    /// that none of them names count for the node only.
    pub trunks: Vec<Trunk>,
    /// After how many seconds a refused caller is told to try again.
    pub retry_after_seconds: u32,
    /// The longest recording, in seconds; what was said until then is registered.
    pub longest_recording_seconds: u64,
    /// How long a caller may be silent after speaking before the recording ends, in milliseconds.
    pub end_silence_ms: u64,
    /// How long a caller may say nothing at all after the tone, in milliseconds.
    pub start_silence_ms: u64,
    /// After how many seconds of a call a pause hands what was said over, so that it is transcribed while the caller goes on and
    /// little is left at the end; 0 for never. A call without such a pause is transcribed when it is over.
    pub early_text_seconds: u64,
    /// While more calls than this are inside, nothing is handed over early: their audio would be read, written and transcribed
    /// once more than needed, and a storm has no time for that.
    pub early_text_calls: usize,
    /// The free space on the recording disk below which new calls are refused, in megabytes.
    pub least_free_megabytes: u64,
}

/// Networks that calls come from, with a limit of their own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Trunk {
    /// What the trunk is called.
    pub name: String,
    /// Where its calls come from, as `address/bits`.
    pub networks: Vec<String>,
    /// How many calls it may have at once.
    pub limit: usize,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            limit: 5_000,
            per_caller: 0,
            trunks: Vec::new(),
            retry_after_seconds: 30,
            longest_recording_seconds: 300,
            end_silence_ms: 4_000,
            start_silence_ms: 10_000,
            early_text_seconds: 12,
            early_text_calls: 200,
            least_free_megabytes: 1_024,
        }
    }
}
