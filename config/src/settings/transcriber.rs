//! Speech to text.

use dauys_events::Language;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Speech to text.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Transcriber {
    /// `demo` for the demonstration model that is built in (synthetic voices, about a thousand words, not for real calls),
    /// or the path of any Whisper model in ggml format.
    pub model: String,
    /// How many recordings are transcribed at once; 0 for one a core.
    pub workers: usize,
    /// How many threads one transcription uses; workers × threads should not exceed the cores.
    pub threads: usize,
    /// `greedy` is faster, `beam` makes fewer mistakes.
    pub decoding: Decoding,
    /// The languages that are expected, by ISO 639-1 code.
    pub languages: Vec<Language>,
    /// The longest stretch that the model takes at once, in seconds; 0 for what the model can (the demonstration model 10,
    /// others 30).
    pub window_seconds: u32,
}

/// How words are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decoding {
    /// The best next word.
    Greedy,
    /// The best of five ways.
    Beam,
}

impl Default for Transcriber {
    fn default() -> Self {
        Self {
            model: "demo".to_owned(),
            workers: 0,
            threads: 1,
            decoding: Decoding::Beam,
            languages: Language::ALL.to_vec(),
            window_seconds: 0,
        }
    }
}
