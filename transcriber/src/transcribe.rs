//! One recording from bytes to words: decode, find the speech, hear each stretch, judge what was heard.

use std::ops::Range;
use std::time::Duration;

use dauys_events::Language;

use crate::audio::{self, Audio, DecodeError, Limits};
use crate::engine::{Engine, Hint, Hypothesis};
use crate::guard::{Guard, Reason};
use crate::segment::{Found, SegmentSettings, SpeechSpan, segment, survey};

/// Everything that decides how a recording is transcribed, apart from the engine.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Bounds for decoding.
    pub limits: Limits,
    /// How speech is found; the window is the engine's own where that is shorter.
    pub segments: SegmentSettings,
    /// What is believed.
    pub guard: Guard,
    /// The temperatures to try in turn, until what is heard can be believed.
    pub temperatures: Vec<f32>,
}

impl Default for Pipeline {
    /// Three tries: more bring nothing but time, and a made-up text that passes at last.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            segments: SegmentSettings::default(),
            guard: Guard::default(),
            temperatures: vec![0.0, 0.4, 0.8],
        }
    }
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
    /// What the engine wrote for it; empty where it wrote nothing.
    pub text: String,
}

/// What a recording holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    /// Length of the recording.
    pub duration: Duration,
    /// The words, in order.
    pub heard: Vec<Heard>,
    /// The stretches without words, in order.
    pub dismissed: Vec<Dismissed>,
}

impl Transcript {
    /// Makes one without words for a recording of this length.
    pub(crate) fn of(duration: Duration) -> Self {
        Self { duration, ..Self::default() }
    }

    /// Moves everything so many samples later.
    pub(crate) fn shift(&mut self, by: usize) {
        let heard = self.heard.iter_mut().map(|heard| &mut heard.span);
        for span in heard.chain(self.dismissed.iter_mut().map(|dismissed| &mut dismissed.span)) {
            span.samples = span.samples.start + by..span.samples.end + by;
        }
    }

    /// Adds what comes later in the same recording.
    pub(crate) fn append(&mut self, later: Self) {
        self.heard.extend(later.heard);
        self.dismissed.extend(later.dismissed);
    }

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
    pub fn transcribe(&self, bytes: &[u8], engine: &dyn Engine, hint: Hint) -> Result<Transcript, DecodeError> {
        let audio = audio::decode(bytes, &self.limits)?;
        Ok(self.transcribe_audio(&audio, engine, hint))
    }

    /// Transcribes a recording that is decoded already. Blocking.
    pub fn transcribe_audio(&self, audio: &Audio, engine: &dyn Engine, hint: Hint) -> Transcript {
        let mut transcript = Transcript::of(audio.duration());
        self.hear_range(audio, 0..audio.samples.len(), engine, hint, &mut transcript);
        transcript
    }

    /// Finds and hears the speech in a range of samples, and adds what was heard with its place in the recording. Blocking.
    pub(crate) fn hear_range(
        &self,
        audio: &Audio,
        range: Range<usize>,
        engine: &dyn Engine,
        hint: Hint,
        into: &mut Transcript,
    ) {
        let samples = audio.samples.get(range.clone()).unwrap_or_default();
        let mut found = Transcript::default();
        let Found { speech, music } = survey(samples, &self.segments_for(engine));
        for span in speech {
            self.hear_span(samples, span, engine, hint, &mut found);
        }
        let told = |span| Dismissed { span, reason: Reason::Music, text: String::new() };
        found.dismissed.extend(music.into_iter().map(told));
        found.dismissed.sort_by_key(|dismissed| dismissed.span.samples.start);
        found.shift(range.start);
        into.append(found);
    }

    /// Hears one stretch of these samples. Blocking.
    pub(crate) fn hear_span(
        &self,
        samples: &[f32],
        span: SpeechSpan,
        engine: &dyn Engine,
        hint: Hint,
        into: &mut Transcript,
    ) {
        let pcm = samples.get(span.samples.clone()).unwrap_or_default();
        match self.hear(pcm, span.voiced, engine, hint) {
            Ok(hypothesis) => into.heard.push(Heard { span, hypothesis }),
            Err((reason, text)) => into.dismissed.push(Dismissed { span, reason, text }),
        }
    }

    /// Takes a quick first look: the words of the first stretch of speech, good enough to find out whether somebody is in
    /// danger and not for more. Empty where nothing can be made of it. Blocking.
    pub fn glance(&self, bytes: &[u8], engine: &dyn Engine, pressed: Option<Language>) -> String {
        let Ok(audio) = audio::decode(bytes, &self.limits) else { return String::new() };
        let spans = segment(&audio.samples, &self.segments_for(engine));
        let Some(pcm) = spans.first().and_then(|span| audio.samples.get(span.samples.clone())) else {
            return String::new();
        };
        let hint = Hint { pressed, quick: true, ..Hint::default() };
        engine.transcribe(pcm, hint).map(|heard| heard.text).unwrap_or_default()
    }

    pub(crate) fn segments_for(&self, engine: &dyn Engine) -> SegmentSettings {
        SegmentSettings { window: engine.describe().window.min(self.segments.window), ..self.segments.clone() }
    }

    /// Hears one stretch, again at the next temperature where that may help. What came of the first try is what is told.
    fn hear(
        &self,
        pcm: &[f32],
        voiced: Duration,
        engine: &dyn Engine,
        hint: Hint,
    ) -> Result<Hypothesis, (Reason, String)> {
        let mut first = None;
        for &temperature in &self.temperatures {
            let (reason, text) = match engine.transcribe(pcm, Hint { temperature, ..hint }) {
                Ok(hypothesis) => match self.guard.judge(&hypothesis, voiced) {
                    Ok(()) => return Ok(hypothesis),
                    Err(reason) => (reason, hypothesis.text),
                },
                Err(error) => {
                    tracing::warn!(%error, "the engine failed on a stretch of speech");
                    (Reason::EngineFailed, String::new())
                }
            };
            first.get_or_insert((reason, text));
            if !reason.is_worth_another_try() {
                break;
            }
        }
        Err(first.unwrap_or((Reason::Empty, String::new())))
    }
}
