//! Speech to text.

use super::Secret;
use dauys_events::Language;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Speech to text.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Transcriber {
    /// Which engine listens: `local` for the model in this process, `remote` for the servers of [transcriber.remote],
    /// `remote_then_local` or `local_then_remote` for one with the other to fall back to.
    pub engine: Engine,
    /// `demo` for the demonstration model that is built in (synthetic voices, about a thousand words, not for real calls), the
    /// name of a model that `dauys model fetch` put into the data folder, or the path of any Whisper model in ggml format.
    pub model: String,
    /// How many recordings are transcribed at once; 0 for one a core.
    pub workers: usize,
    /// How many threads one transcription uses; workers × threads should not exceed the cores.
    pub threads: usize,
    /// `greedy` is faster, `beam` makes fewer mistakes, `adaptive` searches in beams only where the fast way was not sure.
    pub decoding: Decoding,
    /// The languages that are expected, by ISO 639-1 code.
    pub languages: Vec<Language>,
    /// The longest stretch that the model takes at once, in seconds; 0 for what the model can (the demonstration model 10,
    /// others 30).
    pub window_seconds: u32,
    /// How much of the window is computed for a shorter stretch: `auto` cuts it where the model was trained for that (the
    /// demonstration model was), `cut` always (faster, other models may write worse), `full` never.
    pub audio_context: AudioContext,
    /// Whether the model reads the names of the city pack's districts, streets and agencies before it listens, so that it spells them
    /// as the pack does: for models that learned to read something before, which the demonstration model did not.
    pub city_words: bool,
    /// How many recordings wait in this process, sorted by urgency; the bus keeps the rest.
    pub waiting_room: usize,
    /// Whether `/v1/audio/transcriptions` and `/v1/models` are served, as OpenAI's clients speak them, to staff and programs
    /// that show a token.
    pub serve: bool,
    /// Servers that transcribe, such as a fleet with graphics cards.
    pub remote: Remote,
}

/// Servers that transcribe and speak OpenAI's protocol.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Remote {
    /// The servers' addresses, for example `http://10.0.0.5:8000`; the least busy one is asked.
    pub endpoints: Vec<String>,
    /// The path behind the address.
    pub path: String,
    /// The model that they are asked for.
    pub model: String,
    /// Where the token is found that is shown to them, if they want one.
    pub token: Secret,
    /// How long an answer may take, in seconds.
    pub timeout_seconds: u32,
    /// How many stretches of speech each server works on at once.
    pub parallel: usize,
}

/// Which engine listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// The model in this process.
    Local,
    /// The servers.
    Remote,
    /// The servers; the model in this process where none of them answers.
    RemoteThenLocal,
    /// The model in this process; the servers where it fails.
    LocalThenRemote,
}

impl Engine {
    /// Returns whether servers are asked.
    #[must_use]
    pub const fn asks_servers(self) -> bool {
        !matches!(self, Self::Local)
    }

    /// Returns whether a model is loaded.
    #[must_use]
    pub const fn loads_model(self) -> bool {
        !matches!(self, Self::Remote)
    }
}

/// How words are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decoding {
    /// The best next word.
    Greedy,
    /// The best of five ways.
    Beam,
    /// The best next word, and the best of five ways where that was not sure.
    Adaptive,
}

/// How much of the window is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AudioContext {
    /// What the stretch fills, where the model was trained for that.
    Auto,
    /// What the stretch fills.
    Cut,
    /// All of it.
    Full,
}

impl Default for Transcriber {
    fn default() -> Self {
        Self {
            engine: Engine::Local,
            model: "demo".to_owned(),
            workers: 0,
            threads: 1,
            decoding: Decoding::Adaptive,
            languages: Language::ALL.to_vec(),
            window_seconds: 0,
            audio_context: AudioContext::Auto,
            city_words: false,
            waiting_room: 2000,
            serve: true,
            remote: Remote::default(),
        }
    }
}

impl Default for Remote {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            path: "/v1/audio/transcriptions".to_owned(),
            model: "whisper-1".to_owned(),
            token: Secret::default(),
            timeout_seconds: 30,
            parallel: 8,
        }
    }
}
