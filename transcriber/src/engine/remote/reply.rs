//! What a server writes back (`verbose_json`, or less), as a hypothesis with its evidence. Pure; nothing in it is trusted.

use dauys_events::Language;
use serde::Deserialize;

use crate::engine::{Hint, Hypothesis};

/// A confidence that passes the guard and claims nothing: for servers that send no evidence.
const UNKNOWN_LOG_PROBABILITY: f32 = -0.5;

#[derive(Deserialize)]
struct Reply {
    text: Option<String>,
    language: Option<String>,
    #[serde(default)]
    language_probability: Option<f32>,
    #[serde(default)]
    segments: Option<Vec<Part>>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
    #[serde(default)]
    avg_logprob: Option<f32>,
    #[serde(default)]
    no_speech_prob: Option<f32>,
    #[serde(default)]
    temperature: Option<f32>,
}

/// What is wrong with a reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// It is no JSON of the kind.
    #[error("a speech server's answer is no transcription")]
    Shape,
    /// It holds a language that was not asked for.
    #[error("a speech server heard a language that is not configured")]
    Language,
}

/// Reads a reply. Where it names no language, the pressed one is taken, or the first configured.
///
/// # Errors
/// A [`ReplyError`] where it is no transcription, or one in a foreign language.
pub fn read(bytes: &[u8], languages: &[Language], hint: Hint) -> Result<Hypothesis, ReplyError> {
    let reply: Reply = serde_json::from_slice(bytes).map_err(|_| ReplyError::Shape)?;
    let text = reply.text.ok_or(ReplyError::Shape)?;
    let parts = reply.segments.unwrap_or_default();
    let named = reply.language.as_deref().filter(|name| !name.is_empty());
    let language = match named {
        Some(name) => by_name(name).filter(|language| languages.contains(language)).ok_or(ReplyError::Language)?,
        None => hint.pressed.or_else(|| languages.first().copied()).ok_or(ReplyError::Language)?,
    };
    let sane = |p: f32| if p.is_finite() { p.clamp(0.0, 1.0) } else { 0.0 };
    let confidence = if named.is_some() { reply.language_probability.map_or(1.0, sane) } else { 0.0 };
    Ok(Hypothesis {
        text: text.trim().to_owned(),
        language,
        language_confidence: confidence,
        languages: if named.is_some() { vec![(language, confidence)] } else { Vec::new() },
        no_speech_probability: parts.iter().filter_map(|part| part.no_speech_prob).fold(0.0, f32::max),
        average_log_probability: average(&parts),
        temperature: parts.iter().filter_map(|part| part.temperature).fold(hint.temperature, f32::max),
    })
}

/// The average log-probability, each segment counting by its letters.
fn average(parts: &[Part]) -> f32 {
    let weighed = || parts.iter().filter_map(|part| Some((part.avg_logprob?, part.text.chars().count().max(1) as f32)));
    let weight: f32 = weighed().map(|(_, weight)| weight).sum();
    if weight == 0.0 {
        return UNKNOWN_LOG_PROBABILITY;
    }
    weighed().map(|(value, weight)| value * weight).sum::<f32>() / weight
}

/// Servers name a language by its code or its English name.
fn by_name(name: &str) -> Option<Language> {
    let name = name.to_lowercase();
    Language::from_code(&name)
        .or_else(|| Language::ALL.into_iter().find(|language| crate::service::language_name(*language) == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Language; 2] = [Language::Kk, Language::Ru];

    #[test]
    fn a_full_reply_is_read_with_its_evidence() {
        let json = br#"{"task":"transcribe","language":"russian","duration":3.1,"text":" \u043d\u0435\u0442 \u0441\u0432\u0435\u0442\u0430 ",
            "segments":[{"id":0,"text":"\u043d\u0435\u0442","avg_logprob":-0.2,"no_speech_prob":0.01,"temperature":0.0},
                        {"id":1,"text":"\u0441\u0432\u0435\u0442\u0430","avg_logprob":-0.6,"no_speech_prob":0.3,"temperature":0.4}]}"#;
        let heard = read(json, &ALL, Hint::default()).expect("a transcription");
        assert_eq!((heard.text.as_str(), heard.language), ("нет света", Language::Ru));
        assert!(
            (heard.average_log_probability + 0.45).abs() < 1e-6 && (heard.no_speech_probability - 0.3).abs() < 1e-6
        );
        assert!((heard.temperature - 0.4).abs() < 1e-6);
    }

    #[test]
    fn a_bare_text_is_in_the_pressed_language_and_claims_nothing() {
        let heard = read(br#"{"text":"su joq"}"#, &ALL, Hint::pressed(Some(Language::Kk))).expect("a transcription");
        assert_eq!((heard.language, heard.language_confidence, heard.languages.len()), (Language::Kk, 0.0, 0));
    }

    #[test]
    fn what_is_no_transcription_is_an_error() {
        assert_eq!(read(b"<html>", &ALL, Hint::default()), Err(ReplyError::Shape));
        assert_eq!(read(br#"{"error":{}}"#, &ALL, Hint::default()), Err(ReplyError::Shape));
        assert_eq!(read(br#"{"text":"x","language":"welsh"}"#, &ALL, Hint::default()), Err(ReplyError::Language));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, &ALL, Hint::default());
        }
    }
}
