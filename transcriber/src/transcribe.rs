//! One recording from bytes to words: decode, find the speech, hear each stretch, judge what was heard.

use std::time::Duration;

use dauys_events::Language;

use crate::audio::{self, Audio, DecodeError, Limits};
use crate::engine::{Engine, Hypothesis, LanguageHint};
use crate::guard::{Guard, Reason};
use crate::segment::{SegmentSettings, SpeechSpan, segment};

/// Everything that decides how a recording is transcribed, apart from the engine.
#[derive(Debug, Clone, Default)]
pub struct Pipeline {
    /// Bounds for decoding.
    pub limits: Limits,
    /// How speech is found; the window is the engine's own where that is shorter.
    pub segments: SegmentSettings,
    /// What is believed.
    pub guard: Guard,
}

/// Words that passed the guard.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Where they were said.
    pub span: SpeechSpan,
    /// The words and the evidence.
    pub hypothesis: Hypothesis,
}

/// A stretch without words.
#[derive(Debug, Clone, PartialEq)]
pub struct Dismissed {
    /// Where it is.
    pub span: SpeechSpan,
    /// Why.
    pub reason: Reason,
}

/// What a recording holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// Length of the recording.
    pub duration: Duration,
    /// The words, in order.
    pub heard: Vec<Heard>,
    /// The stretches without words, in order.
    pub dismissed: Vec<Dismissed>,
}

impl Transcript {
    /// Returns all words, one space between stretches.
    #[must_use]
    pub fn text(&self) -> String {
        self.heard.iter().map(|h| h.hypothesis.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Returns the language of most of the voiced time; `None` without words.
    #[must_use]
    pub fn language(&self) -> Option<Language> {
        let spoken = |language| -> Duration {
            self.heard.iter().filter(|h| h.hypothesis.language == language).map(|h| h.span.voiced).sum()
        };
        let first = self.heard.first()?.hypothesis.language;
        // The first stretch's language wins a tie, so that the answer does not depend on the order of the enum.
        let longer = |best, language| if spoken(language) > spoken(best) { language } else { best };
        Some(self.heard.iter().map(|h| h.hypothesis.language).fold(first, longer))
    }
}

impl Pipeline {
    /// Transcribes one recording. Blocking: seconds of work for a minute of speech.
    ///
    /// # Errors
    /// Returns a [`DecodeError`] when the bytes are no recording; whatever goes wrong later is in the transcript.
    pub fn transcribe(&self, bytes: &[u8], engine: &dyn Engine, hint: LanguageHint) -> Result<Transcript, DecodeError> {
        let audio = audio::decode(bytes, &self.limits)?;
        Ok(self.transcribe_audio(&audio, engine, hint))
    }

    /// Transcribes a recording that is decoded already. Blocking.
    pub fn transcribe_audio(&self, audio: &Audio, engine: &dyn Engine, hint: LanguageHint) -> Transcript {
        let settings =
            SegmentSettings { window: engine.describe().window.min(self.segments.window), ..self.segments.clone() };
        let mut transcript = Transcript { duration: audio.duration(), heard: Vec::new(), dismissed: Vec::new() };
        for span in segment(&audio.samples, &settings) {
            let pcm = audio.samples.get(span.samples.clone()).unwrap_or_default();
            match self.hear(pcm, span.voiced, engine, hint) {
                Ok(hypothesis) => transcript.heard.push(Heard { span, hypothesis }),
                Err(reason) => transcript.dismissed.push(Dismissed { span, reason }),
            }
        }
        transcript
    }

    fn hear(
        &self,
        pcm: &[f32],
        voiced: Duration,
        engine: &dyn Engine,
        hint: LanguageHint,
    ) -> Result<Hypothesis, Reason> {
        let hypothesis = engine.transcribe(pcm, hint).map_err(|error| {
            tracing::warn!(%error, "the engine failed on a stretch of speech");
            Reason::EngineFailed
        })?;
        self.guard.judge(&hypothesis, voiced)?;
        Ok(hypothesis)
    }
}
