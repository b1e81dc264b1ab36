//! What was heard in a recording, and what was not.

use crate::{Event, IntakeId, Language, Recorded, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stretch of speech with its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Segment {
    /// Where it starts in the recording, in milliseconds.
    pub start_ms: u64,
    /// Where it ends in the recording, in milliseconds.
    pub end_ms: u64,
    /// The words, as the engine wrote them.
    pub text: String,
    /// The language that the engine heard; none where it is none of the service's.
    pub language: Option<Language>,
    /// How sure the engine is of the language, 0 to 1.
    pub language_confidence: f32,
    /// How sure the engine is of the words: the exponential of the average log-probability, 0 to 1.
    pub confidence: f32,
    /// The words with spoken numbers as digits; none where that changes nothing.
    #[serde(default)]
    pub digits: Option<String>,
    /// How probable each of the languages was that it could have been; empty where the engine does not say.
    #[serde(default)]
    pub languages: Vec<LanguageShare>,
}

/// A language, and how probable it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LanguageShare {
    /// The language.
    pub language: Language,
    /// How probable it is, 0 to 1.
    pub probability: f32,
}

/// A stretch whose words were rejected, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rejected {
    /// Where it starts in the recording, in milliseconds.
    pub start_ms: u64,
    /// Where it ends in the recording, in milliseconds.
    pub end_ms: u64,
    /// Why, for example `no_speech`, `low_confidence`, `repetition`, `compression`, `phantom_phrase`.
    pub reason: String,
    /// What the engine wrote: nothing to rely on, and nothing to show to the citizen.
    #[serde(default)]
    pub text: String,
}

/// How a transcription came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Words were heard.
    Words,
    /// There is no speech in the recording.
    NoSpeech,
    /// There is speech, but nothing that can be relied on.
    Unsure,
    /// The recording cannot be decoded.
    Undecodable,
    /// The recording could not be had.
    Unavailable,
    /// The text came as text.
    Text,
    /// A later version's outcome.
    #[serde(other)]
    Other,
}

/// What was heard in a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Transcribed {
    /// The intake.
    pub intake_id: IntakeId,
    /// What was recorded, so that the next stage needs no other topic.
    pub recorded: Recorded,
    /// How it came out.
    pub outcome: Outcome,
    /// Where the outcome is not words: the reason, for a person to read.
    pub reason: Option<String>,
    /// The stretches of speech, in order.
    pub segments: Vec<Segment>,
    /// What was rejected.
    pub rejected: Vec<Rejected>,
    /// The language of most of the speech.
    pub language: Option<Language>,
    /// The engine, for example `whisper.cpp`.
    pub engine: String,
    /// The model, for example `109-demo`.
    pub model: String,
    /// Seconds of audio in the recording.
    pub audio_seconds: f64,
    /// Seconds that the transcription took.
    pub wall_seconds: f64,
}

impl Transcribed {
    /// Returns the words of all segments, joined by spaces.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.segments.iter().map(|segment| segment.text.trim()).collect();
        texts.join(" ")
    }
}

impl Event for Transcribed {
    const NAME: &'static str = "dauys.transcribed";
    const VERSION: u32 = 1;
    const TOPIC: Topic = Topic::Transcripts;
    fn key(&self) -> String {
        self.intake_id.to_string()
    }
}
