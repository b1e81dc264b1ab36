//! A transcript in the forms that the API knows. What dauys knows beyond them (the language of each segment, numbers in
//! digits, what was rejected and why) stands in `verbose_json` beside the usual fields.

use std::time::Duration;

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::form::AnswerFormat;
use super::language_name;
use crate::guard::compression_ratio;
use crate::numbers;
use crate::transcribe::{Heard, Transcript};

pub(super) fn write(transcript: &Transcript, format: AnswerFormat) -> Response {
    let plain = |kind: &'static str, text: String| ([(header::CONTENT_TYPE, kind)], text).into_response();
    match format {
        AnswerFormat::Json => Json(json!({"text": transcript.text()})).into_response(),
        AnswerFormat::VerboseJson => Json(verbose(transcript)).into_response(),
        AnswerFormat::Text => plain("text/plain; charset=utf-8", format!("{}\n", transcript.text())),
        AnswerFormat::Srt => plain("application/x-subrip; charset=utf-8", srt(transcript)),
        AnswerFormat::Vtt => plain("text/vtt; charset=utf-8", vtt(transcript)),
    }
}

fn verbose(transcript: &Transcript) -> Value {
    let language = transcript.language();
    let share = transcript.heard.first().map_or(0.0, |heard| heard.hypothesis.language_confidence);
    let rejected: Vec<Value> = transcript
        .dismissed
        .iter()
        .map(|dismissed| {
            json!({
                "start": dismissed.span.start().as_secs_f64(),
                "end": dismissed.span.end().as_secs_f64(),
                "reason": dismissed.reason.name(),
                "text": dismissed.text,
            })
        })
        .collect();
    json!({
        "task": "transcribe",
        "language": language.map_or("", language_name),
        "language_probability": share,
        "duration": transcript.duration.as_secs_f64(),
        "text": transcript.text(),
        "segments": transcript.heard.iter().enumerate().map(|(id, heard)| segment(id, heard)).collect::<Vec<_>>(),
        "rejected": rejected,
    })
}

fn segment(id: usize, heard: &Heard) -> Value {
    let hypothesis = &heard.hypothesis;
    json!({
        "id": id,
        "seek": heard.span.start().as_millis() as u64 / 10,
        "start": heard.span.start().as_secs_f64(),
        "end": heard.span.end().as_secs_f64(),
        "text": hypothesis.text,
        "tokens": [],
        "temperature": hypothesis.temperature,
        "avg_logprob": hypothesis.average_log_probability,
        "compression_ratio": compression_ratio(&hypothesis.text),
        "no_speech_prob": hypothesis.no_speech_probability,
        "language": hypothesis.language.code(),
        "language_probability": hypothesis.language_confidence,
        "digits": numbers::in_digits(&hypothesis.text, hypothesis.language),
    })
}

fn srt(transcript: &Transcript) -> String {
    let blocks = transcript.heard.iter().enumerate().map(|(id, heard)| {
        let (start, end) = (clock(heard.span.start(), ','), clock(heard.span.end(), ','));
        format!("{}\n{start} --> {end}\n{}\n", id + 1, one_line(&heard.hypothesis.text))
    });
    blocks.collect::<Vec<_>>().join("\n")
}

fn vtt(transcript: &Transcript) -> String {
    let blocks = transcript.heard.iter().map(|heard| {
        let (start, end) = (clock(heard.span.start(), '.'), clock(heard.span.end(), '.'));
        format!("\n{start} --> {end}\n{}\n", one_line(&heard.hypothesis.text))
    });
    std::iter::once("WEBVTT\n".to_owned()).chain(blocks).collect()
}

/// An arrow or a line end in the words would be read as the subtitle's own.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("-->", "->")
}

fn clock(time: Duration, point: char) -> String {
    let (seconds, millis) = (time.as_secs(), time.subsec_millis());
    format!("{:02}:{:02}:{:02}{point}{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Hypothesis;
    use crate::segment::SpeechSpan;
    use dauys_events::Language;

    fn transcript() -> Transcript {
        let heard = |from: usize, text: &str| Heard {
            span: SpeechSpan { samples: from..from + 32_000, voiced: Duration::from_secs(2) },
            hypothesis: Hypothesis {
                text: text.to_owned(),
                language: Language::Ru,
                language_confidence: 0.9,
                languages: Vec::new(),
                no_speech_probability: 0.1,
                average_log_probability: -0.2,
                temperature: 0.0,
            },
        };
        Transcript {
            duration: Duration::from_secs(4000),
            heard: vec![heard(8_000, "нет света"), heard(16_000 * 3601, "дом пять -->")],
            dismissed: Vec::new(),
        }
    }

    #[test]
    fn subtitles_carry_the_times_of_the_recording() {
        let expected = "1\n00:00:00,500 --> 00:00:02,500\nнет света\n\n2\n01:00:01,000 --> 01:00:03,000\nдом пять ->\n";
        assert_eq!(srt(&transcript()), expected);
        let expected =
            "WEBVTT\n\n00:00:00.500 --> 00:00:02.500\nнет света\n\n01:00:01.000 --> 01:00:03.000\nдом пять ->\n";
        assert_eq!(vtt(&transcript()), expected);
    }

    #[test]
    fn the_verbose_form_has_what_clients_expect_and_what_dauys_knows() {
        let value = verbose(&transcript());
        assert_eq!((value["language"].as_str(), value["duration"].as_f64()), (Some("russian"), Some(4000.0)));
        let second = &value["segments"][1];
        assert_eq!((second["start"].as_f64(), second["digits"].as_str()), (Some(3601.0), Some("дом 5 -->")));
    }
}
