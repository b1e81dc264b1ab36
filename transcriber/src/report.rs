//! What is said of a recording on the bus. Every recording gets one answer, so that every intake becomes a ticket: where
//! there are no words, the reason tells a person why to listen.

use std::time::Duration;

use dauys_events::{LanguageShare, Outcome, Recorded, Rejected, Segment, Transcribed};

use crate::audio::DecodeError;
use crate::engine::EngineInfo;
use crate::numbers;
use crate::transcribe::{Dismissed, Heard, Transcript};

/// What became of a recording.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It was listened to.
    Heard(Transcript),
    /// It came as text, and there was nothing to listen to.
    Text(String),
    /// It is no recording.
    Undecodable(DecodeError),
    /// The bytes in the store are not those that were written.
    Damaged(String),
    /// There never was one: the gateway could not have the media.
    Missing,
    /// The store does not have it, or cannot be reached.
    Unavailable(String),
    /// Listening to it failed inside this program.
    Failed,
}

impl Verdict {
    /// Returns whether an operator should see the original and may want to replay it.
    #[must_use]
    pub const fn is_for_operator(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Unavailable(_) | Self::Failed)
    }
}

/// Puts a verdict into an event.
#[must_use]
pub fn report(recorded: Recorded, verdict: &Verdict, engine: &EngineInfo, wall: Duration) -> Transcribed {
    let mut transcribed = Transcribed {
        intake_id: recorded.intake_id,
        outcome: Outcome::NoSpeech,
        reason: None,
        segments: Vec::new(),
        rejected: Vec::new(),
        language: None,
        engine: engine.engine.clone(),
        model: engine.model.clone(),
        audio_seconds: 0.0,
        wall_seconds: wall.as_secs_f64(),
        recorded,
    };
    match verdict {
        Verdict::Heard(transcript) => tell_transcript(&mut transcribed, transcript),
        Verdict::Text(text) => tell_text(&mut transcribed, text),
        Verdict::Undecodable(error) => tell(&mut transcribed, Outcome::Undecodable, error.to_string()),
        Verdict::Damaged(what) => {
            tell(&mut transcribed, Outcome::Undecodable, format!("recording damaged in the store: {what}"));
        }
        Verdict::Unavailable(why) => {
            tell(&mut transcribed, Outcome::Unavailable, format!("recording unavailable: {why}"))
        }
        Verdict::Missing => {
            tell(&mut transcribed, Outcome::Unavailable, "the message came without its recording".to_owned())
        }
        Verdict::Failed => tell(&mut transcribed, Outcome::Unsure, "transcription failed".to_owned()),
    }
    transcribed
}

fn tell(transcribed: &mut Transcribed, outcome: Outcome, reason: String) {
    transcribed.outcome = outcome;
    transcribed.reason = Some(reason);
}

fn tell_transcript(transcribed: &mut Transcribed, transcript: &Transcript) {
    transcribed.audio_seconds = transcript.duration.as_secs_f64();
    transcribed.segments = transcript.heard.iter().map(segment).collect();
    transcribed.rejected = transcript.dismissed.iter().map(rejected).collect();
    transcribed.language = transcript.language();
    if !transcript.heard.is_empty() {
        transcribed.outcome = Outcome::Words;
    } else if transcript.dismissed.iter().any(|d| d.reason.may_be_speech()) {
        let reasons = names(&transcript.dismissed);
        tell(transcribed, Outcome::Unsure, format!("speech, but no words to rely on: {reasons}"));
    } else if transcript.dismissed.is_empty() {
        tell(transcribed, Outcome::NoSpeech, "no speech in the recording".to_owned());
    } else {
        let reasons = names(&transcript.dismissed);
        tell(transcribed, Outcome::NoSpeech, format!("no speech in the recording: {reasons}"));
    }
}

/// A message that came as text is its own transcript, as sure as can be.
fn tell_text(transcribed: &mut Transcribed, text: &str) {
    let language = transcribed.recorded.language_hint;
    transcribed.outcome = Outcome::Text;
    transcribed.language = language;
    transcribed.segments = vec![Segment {
        start_ms: 0,
        end_ms: 0,
        text: text.to_owned(),
        language,
        language_confidence: 0.0,
        confidence: 1.0,
        digits: language.and_then(|language| numbers::in_digits(text, language)),
        languages: Vec::new(),
    }];
}

fn segment(heard: &Heard) -> Segment {
    Segment {
        start_ms: millis(heard.span.start()),
        end_ms: millis(heard.span.end()),
        text: heard.hypothesis.text.clone(),
        language: Some(heard.hypothesis.language),
        language_confidence: heard.hypothesis.language_confidence,
        confidence: heard.hypothesis.average_log_probability.exp().clamp(0.0, 1.0),
        digits: numbers::in_digits(&heard.hypothesis.text, heard.hypothesis.language),
        languages: heard
            .hypothesis
            .languages
            .iter()
            .map(|&(language, probability)| LanguageShare { language, probability })
            .collect(),
    }
}

fn rejected(dismissed: &Dismissed) -> Rejected {
    Rejected {
        start_ms: millis(dismissed.span.start()),
        end_ms: millis(dismissed.span.end()),
        reason: dismissed.reason.name().to_owned(),
        text: dismissed.text.clone(),
    }
}

fn names(dismissed: &[Dismissed]) -> String {
    let mut names: Vec<&str> = dismissed.iter().map(|d| d.reason.name()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
