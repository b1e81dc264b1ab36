//! Measures what the demonstration model hears through the telephone channel, and whether anything that is not speech becomes
//! words; writes `target/eval/speech.json`. `make eval-speech` runs it.
//!
//! `cargo run --release -p dauys-transcriber --example eval_speech [RECORDINGS WITHOUT SPEECH]`
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

mod common;
mod no_speech;

use std::collections::BTreeMap;
use std::path::Path;

use common::{Errors, cores, heldout_folder, on_all_cores, read_calls};
use dauys_events::Language;
use dauys_transcriber::audio::{Audio, Format};
use dauys_transcriber::engine::{
    AudioContext, Decoding, Engine as _, Hint, ModelSource, WhisperEngine, WhisperSettings,
};
use dauys_transcriber::transcribe::{Pipeline, Transcript};
use dauys_transcriber::words::CityWords;
use serde_json::{Value, json};

#[derive(Default, Clone, Copy)]
struct Score {
    files: usize,
    exact: usize,
    language: usize,
    words: Errors,
    letters: Errors,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let silent = std::env::args().nth(1).map_or(Ok(1000), |arg| arg.parse())?;
    let engine = WhisperEngine::load(WhisperSettings {
        model: ModelSource::Demo,
        languages: Language::ALL.to_vec(),
        states: cores(),
        threads_per_state: 1,
        decoding: Decoding::Adaptive(5),
        pressed_weight: 4.0,
        context: AudioContext::Auto,
        words: CityWords::default(),
    })?;
    let pipeline = Pipeline::default();
    let folder = heldout_folder();
    let calls = read_calls(&folder)?;
    let heard = on_all_cores(calls.len(), |at| {
        calls.get(at).and_then(|call| pipeline.transcribe(&call.bytes, &engine, Hint::default()).ok())
    });
    let mut scores: BTreeMap<(String, String), Score> = BTreeMap::new();
    for (call, transcript) in calls.iter().zip(heard) {
        let text = transcript.as_ref().map(Transcript::text).unwrap_or_default();
        let score = scores.entry((call.set.clone(), call.language.clone())).or_default();
        score.files += 1;
        score.exact += usize::from(text == call.text);
        score.language += usize::from(transcript.and_then(|t| t.language()).is_some_and(|l| l.code() == call.language));
        score.words.words(&call.text, &text);
        score.letters.letters(&call.text, &text);
    }
    let silence = hear_nothing(silent, &engine, &pipeline);
    let right: usize = scores.values().map(|score| score.language).sum();
    let report = json!({
        "model": engine.describe().model,
        "engine": engine.describe().engine,
        "recordings": calls.len(),
        "languages": table(&scores, "pairs"),
        "new_wordings": table(&scores, "wording"),
        "language_accuracy": right as f64 / calls.len().max(1) as f64,
        "silence": silence,
    });
    let text = serde_json::to_string_pretty(&report)?;
    println!("{text}");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/eval");
    std::fs::create_dir_all(&target)?;
    std::fs::write(target.join("speech.json"), text + "\n")?;
    Ok(())
}

fn table(scores: &BTreeMap<(String, String), Score>, set: &str) -> Value {
    let rows = scores.iter().filter(|((of, _), _)| of == set).map(|((_, language), score)| {
        let row = json!({
            "files": score.files,
            "exact": score.exact,
            "language_right": score.language,
            "wer": score.words.rate(),
            "cer": score.letters.rate(),
        });
        (language.clone(), row)
    });
    Value::Object(rows.collect())
}

/// Hears recordings without speech; every word of theirs is invented.
fn hear_nothing(count: usize, engine: &WhisperEngine, pipeline: &Pipeline) -> Value {
    let results = on_all_cores(count, |at| {
        let (kind, samples) = no_speech::recording(at as u64);
        let audio = Audio { samples, format: Format::WavALaw };
        (kind, pipeline.transcribe_audio(&audio, engine, Hint::default()))
    });
    let mut kinds: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    let mut invented = 0;
    for (kind, transcript) in &results {
        let words = transcript.text().split_whitespace().count();
        let row = kinds.entry(kind).or_default();
        *row = (row.0 + 1, row.1 + words, row.2 + transcript.dismissed.len());
        for heard in &transcript.heard {
            println!("invented in {kind}: {:?} {:?}", heard.span.voiced, heard.hypothesis);
        }
        invented += words;
    }
    let kinds: serde_json::Map<String, Value> = kinds
        .into_iter()
        .map(|(kind, (files, words, stretches))| {
            (kind.to_owned(), json!({"files": files, "invented_words": words, "stretches_rejected": stretches}))
        })
        .collect();
    json!({"files": count, "invented_words": invented, "kinds": kinds})
}
