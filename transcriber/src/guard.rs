//! Keeps invented text out: an engine writes something for whatever it is given, and a ticket must not rest on that.
//!
//! Pure. Each rejection has a reason, which the transcript carries to whoever reads the ticket.

mod compression;
mod phantoms;
mod repetition;

use std::time::Duration;

use crate::engine::Hypothesis;
pub(crate) use compression::ratio as compression_ratio;
pub use phantoms::Phantoms;

/// The limits that a hypothesis must keep to. The first two are those of Whisper's own decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardSettings {
    /// Highest probability that nobody speaks.
    pub max_no_speech: f32,
    /// Lowest average log-probability of the tokens.
    pub min_log_probability: f32,
    /// Largest share of the words that may be repetitions of what stands just before them.
    pub max_repetition: f32,
    /// Highest ratio of the text's size to its size compressed: Whisper's own limit for a text that goes round in circles.
    pub max_compression: f32,
    /// Shortest voiced time that can hold words.
    pub min_voiced: Duration,
    /// Most letters a second of voiced time: fast speech has about 20.
    pub max_letters_per_second: f32,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            max_no_speech: 0.6,
            min_log_probability: -1.0,
            max_repetition: 0.5,
            max_compression: 2.4,
            min_voiced: Duration::from_millis(200),
            max_letters_per_second: 40.0,
        }
    }
}

/// Why a stretch has no words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The stretch holds no voice.
    NoVoice,
    /// The stretch is music; no engine was asked.
    Music,
    /// The engine wrote nothing.
    Empty,
    /// The engine thinks that nobody speaks.
    NoSpeech,
    /// The engine is not sure of the words.
    LowConfidence,
    /// The same words come over and over.
    Repetition,
    /// The text says the same over and over in other ways: it compresses too well.
    Compression,
    /// A phrase that engines are known to invent.
    PhantomPhrase,
    /// More text than can be said in the time.
    TooFast,
    /// The engine failed on the stretch.
    EngineFailed,
}

impl Reason {
    /// Returns the name that transcripts and metrics use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoVoice => "no_voice",
            Self::Music => "music",
            Self::Empty => "empty",
            Self::NoSpeech => "no_speech",
            Self::LowConfidence => "low_confidence",
            Self::Repetition => "repetition",
            Self::Compression => "compression",
            Self::PhantomPhrase => "phantom_phrase",
            Self::TooFast => "too_fast",
            Self::EngineFailed => "engine_failed",
        }
    }

    /// Returns whether somebody may well have spoken: such a stretch is for a person to listen to.
    #[must_use]
    pub const fn may_be_speech(self) -> bool {
        matches!(
            self,
            // Somebody may speak over music.
            Self::LowConfidence
                | Self::Repetition
                | Self::Compression
                | Self::TooFast
                | Self::EngineFailed
                | Self::Music
        )
    }

    /// Returns whether another try at a higher temperature may come out better.
    #[must_use]
    pub const fn is_worth_another_try(self) -> bool {
        matches!(self, Self::LowConfidence | Self::Repetition | Self::Compression | Self::TooFast)
    }
}

/// Judges what engines hear.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    settings: GuardSettings,
    phantoms: Phantoms,
}

impl Guard {
    /// Makes a guard with these limits and phrases.
    #[must_use]
    pub fn new(settings: GuardSettings, phantoms: Phantoms) -> Self {
        Self { settings, phantoms }
    }

    /// Judges a hypothesis for a stretch with so much voice in it.
    ///
    /// # Errors
    /// Returns the [`Reason`] for which its words cannot be relied on.
    pub fn judge(&self, heard: &Hypothesis, voiced: Duration) -> Result<(), Reason> {
        let limits = &self.settings;
        if voiced < limits.min_voiced {
            return Err(Reason::NoVoice);
        }
        if !heard.text.chars().any(char::is_alphanumeric) {
            return Err(Reason::Empty);
        }
        // Both signs at half their strength say what one says alone; a text that was drawn at a temperature, out of several,
        // must be better than just passable.
        let doubted = heard.no_speech_probability > limits.max_no_speech / 2.0;
        let unsure = heard.average_log_probability < limits.min_log_probability / 2.0;
        if heard.no_speech_probability > limits.max_no_speech || (doubted && unsure) {
            return Err(Reason::NoSpeech);
        }
        if heard.temperature > 0.0 && unsure {
            return Err(Reason::LowConfidence);
        }
        if self.phantoms.matches(&heard.text) {
            return Err(Reason::PhantomPhrase);
        }
        let words: Vec<&str> = heard.text.split_whitespace().collect();
        if repetition::share(&words) > limits.max_repetition {
            return Err(Reason::Repetition);
        }
        let letters = heard.text.chars().filter(|c| c.is_alphanumeric()).count();
        if letters as f32 > limits.max_letters_per_second * voiced.as_secs_f32() {
            return Err(Reason::TooFast);
        }
        if compression::ratio(&heard.text) > limits.max_compression {
            return Err(Reason::Compression);
        }
        // Written so that a value that is no number is rejected too.
        if heard.average_log_probability >= limits.min_log_probability { Ok(()) } else { Err(Reason::LowConfidence) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dauys_events::Language;

    fn heard(text: &str) -> Hypothesis {
        Hypothesis {
            text: text.to_owned(),
            language: Language::Ru,
            language_confidence: 0.9,
            languages: Vec::new(),
            no_speech_probability: 0.02,
            average_log_probability: -0.2,
            temperature: 0.0,
        }
    }

    fn judge(hypothesis: &Hypothesis) -> Result<(), Reason> {
        Guard::default().judge(hypothesis, Duration::from_secs(3))
    }

    #[test]
    fn plain_words_pass() {
        assert_eq!(judge(&heard("не работает светофор на проспекте абая")), Ok(()));
    }

    #[test]
    fn each_kind_of_invention_has_its_reason() {
        assert_eq!(judge(&Hypothesis { no_speech_probability: 0.88, ..heard("нет света") }), Err(Reason::NoSpeech));
        assert_eq!(
            judge(&Hypothesis { average_log_probability: -1.4, ..heard("нет света") }),
            Err(Reason::LowConfidence)
        );
        assert_eq!(
            judge(&Hypothesis { average_log_probability: f32::NAN, ..heard("нет") }),
            Err(Reason::LowConfidence)
        );
        assert_eq!(judge(&heard("нет света нет света нет света нет света")), Err(Reason::Repetition));
        assert_eq!(judge(&heard("Продолжение следует...")), Err(Reason::PhantomPhrase));
        assert_eq!(judge(&heard(" \n")), Err(Reason::Empty));
        assert_eq!(judge(&heard("...")), Err(Reason::Empty));
        assert_eq!(judge(&heard(&"разные слова ".repeat(40))), Err(Reason::Repetition));
    }

    #[test]
    fn words_need_voice_and_time() {
        let hypothesis = heard("скажите пожалуйста не работает светофор на проспекте абая дом двадцать девять");
        let guard = Guard::default();
        assert_eq!(guard.judge(&hypothesis, Duration::from_millis(100)), Err(Reason::NoVoice));
        assert_eq!(guard.judge(&hypothesis, Duration::from_millis(900)), Err(Reason::TooFast));
        assert_eq!(guard.judge(&hypothesis, Duration::from_secs(4)), Ok(()));
    }

    #[test]
    fn thanks_and_goodbye_are_not_phantoms() {
        for text in ["спасибо", "спасибо до свидания", "рахмет сау болыңыз"] {
            assert_eq!(judge(&heard(text)), Ok(()), "{text}");
        }
    }
}
