//! What turns speech into words: the trait that every engine implements, and what it says about its own work.

mod decoding;
#[cfg(any(test, feature = "testing"))]
mod fake;
mod fallback;
mod language;
mod model_file;
pub mod remote;
mod whisper;

use std::path::PathBuf;
use std::time::Duration;

use dauys_events::Language;

pub use decoding::Decoding;
#[cfg(any(test, feature = "testing"))]
pub use fake::FakeEngine;
pub use fallback::Fallback;
pub use language::{LanguageChoice, choose_language};
pub use model_file::{ModelFileError, ModelShape, check_model};
#[cfg(feature = "demo-model")]
pub use whisper::DEMO_MODEL;
pub use whisper::{AudioContext, ModelSource, WhisperEngine, WhisperSettings};

/// An engine: one stretch of speech in, one hypothesis out. Blocking; called from several threads at once.
pub trait Engine: Send + Sync {
    /// Says what the engine is and what it can take.
    fn describe(&self) -> EngineInfo;

    /// Transcribes one stretch of speech of 16 kHz mono samples, no longer than [`EngineInfo::window`].
    ///
    /// # Errors
    /// Returns an [`EngineError`] when the stretch is too long or the engine fails.
    fn transcribe(&self, pcm16k: &[f32], hint: Hint) -> Result<Hypothesis, EngineError>;
}

/// What an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// The engine and its version, for example `whisper.cpp 1.8.3`.
    pub engine: String,
    /// The model, for example `109-demo`.
    pub model: String,
    /// The longest stretch that the engine hears at once.
    pub window: Duration,
    /// How many stretches it works on at the same time.
    pub parallel: usize,
    /// The languages that it chooses among.
    pub languages: Vec<Language>,
}

/// What an engine should know before it listens. Nothing in it comes from another caller.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Hint {
    /// The language that the caller pressed, if any: a prior, not an order.
    pub pressed: Option<Language>,
    /// How boldly words are drawn: 0 takes the most probable, up to 1 for another try where that came out bad.
    pub temperature: f32,
    /// Speed counts more than the last word: a first look for words of danger.
    pub quick: bool,
}

impl Hint {
    /// Says only which language was pressed.
    #[must_use]
    pub fn pressed(language: Option<Language>) -> Self {
        Self { pressed: language, ..Self::default() }
    }
}

/// What an engine heard, with the evidence that the guard needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Hypothesis {
    /// The words, trimmed; empty when nothing was heard.
    pub text: String,
    /// The language that the words were taken in.
    pub language: Language,
    /// How probable that language is among the configured ones, 0 to 1.
    pub language_confidence: f32,
    /// How probable each configured language is; empty where the engine does not say.
    pub languages: Vec<(Language, f32)>,
    /// The engine's probability that nobody speaks, 0 to 1.
    pub no_speech_probability: f32,
    /// The average natural log-probability of the words' tokens; 0 is certain.
    pub average_log_probability: f32,
    /// The temperature that the words were found at.
    pub temperature: f32,
}

/// Why a stretch of speech has no hypothesis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The stretch does not fit the window.
    #[error("{samples} samples do not fit the engine's window of {window} samples")]
    TooLong {
        /// Samples given.
        samples: usize,
        /// Samples that fit.
        window: usize,
    },
    /// The engine itself failed.
    #[error("the engine failed: {0}")]
    Failed(String),
}

/// Why an engine cannot be started. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such file.
    #[error("speech model {path} does not exist; set transcriber.model to a Whisper model in ggml format")]
    Missing {
        /// The path as configured.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("speech model {path} cannot be read: {source}")]
    Unreadable {
        /// The path as configured.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not a model that the engine can take.
    #[error("speech model {name} is not usable: {source}")]
    NotAModel {
        /// Name of the model.
        name: String,
        /// What is wrong with the file.
        source: ModelFileError,
    },
    /// The processor lacks instructions that the engine was built for.
    #[error("this processor has no {0}, which the speech engine was built for; use another machine or a remote engine")]
    Processor(&'static str),
    /// The settings contradict each other.
    #[error("speech engine settings: {0}")]
    Settings(String),
    /// The engine refused the model.
    #[error("the speech engine could not load {name}: {reason}")]
    Engine {
        /// Name of the model.
        name: String,
        /// The engine's reason.
        reason: String,
    },
}
