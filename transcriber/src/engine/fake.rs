//! An engine for tests: it says what it is told to say, and remembers how much it was asked.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dauys_events::Language;

use super::{Engine, EngineError, EngineInfo, Hint, Hypothesis};

/// Answers with the prepared hypotheses in turn, and with the last one ever after.
#[derive(Debug)]
pub struct FakeEngine {
    answers: Mutex<VecDeque<Result<Hypothesis, EngineError>>>,
    window: Duration,
}

impl FakeEngine {
    /// Makes an engine with a 10 s window that gives these answers; with none, it fails.
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = Result<Hypothesis, EngineError>>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), window: Duration::from_secs(10) }
    }

    /// Makes an engine that hears the same clear words in everything.
    #[must_use]
    pub fn saying(text: &str, language: Language) -> Self {
        Self::new([Ok(Hypothesis {
            text: text.to_owned(),
            language,
            language_confidence: 0.99,
            languages: vec![(language, 0.99)],
            no_speech_probability: 0.01,
            average_log_probability: -0.1,
            temperature: 0.0,
        })])
    }
}

impl Engine for FakeEngine {
    fn describe(&self) -> EngineInfo {
        EngineInfo {
            engine: "fake".to_owned(),
            model: "fake".to_owned(),
            window: self.window,
            parallel: 2,
            languages: Language::ALL.to_vec(),
        }
    }

    fn transcribe(&self, _pcm16k: &[f32], _hint: Hint) -> Result<Hypothesis, EngineError> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        next.unwrap_or_else(|| Err(EngineError::Failed("no answer was prepared".to_owned())))
    }
}
