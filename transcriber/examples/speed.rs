//! Prints how fast and how well the demo model hears its held-out calls, for each way of searching.
//!
//! `cargo run -p dauys-transcriber --example speed [THREADS]`
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::path::Path;
use std::time::Duration;

use dauys_events::Language;
use dauys_transcriber::audio;
use dauys_transcriber::engine::{
    AudioContext, Decoding, Engine as _, Hint, ModelSource, WhisperEngine, WhisperSettings,
};
use dauys_transcriber::transcribe::Pipeline;
use dauys_transcriber::words::CityWords;

struct Call {
    file: String,
    set: String,
    language: String,
    text: String,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Score {
    calls: usize,
    exact: usize,
    language: usize,
    errors: usize,
    words: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads = std::env::args().nth(1).map_or(Ok(1), |arg| arg.parse())?;
    let calls = read_calls(&Path::new(env!("CARGO_MANIFEST_DIR")).join("demo-model/heldout"))?;
    for decoding in [Decoding::Greedy, Decoding::Beam(2), Decoding::Beam(5), Decoding::Adaptive(5)] {
        measure(&calls, decoding, threads)?;
    }
    Ok(())
}

fn measure(calls: &[Call], decoding: Decoding, threads: usize) -> Result<(), Box<dyn std::error::Error>> {
    let engine = WhisperEngine::load(WhisperSettings {
        model: ModelSource::Demo,
        languages: Language::ALL.to_vec(),
        states: 1,
        threads_per_state: threads,
        decoding,
        pressed_weight: 1.0,
        context: AudioContext::Auto,
        words: CityWords::default(),
    })?;
    let pipeline = Pipeline::default();
    let (mut pairs, mut wording) = (Score::default(), Score::default());
    let (mut audio_time, mut wall) = (Duration::ZERO, Duration::ZERO);
    println!("\n{decoding:?}, {threads} thread(s), {}", engine.describe().engine);
    for call in calls {
        let started = now();
        let recording = audio::decode(&call.bytes, &pipeline.limits)?;
        let transcript = pipeline.transcribe_audio(&recording, &engine, Hint::default());
        wall += started.elapsed();
        audio_time += transcript.duration;
        let text = transcript.text();
        let score = if call.set == "pairs" { &mut pairs } else { &mut wording };
        score.calls += 1;
        score.exact += usize::from(text == call.text);
        score.language += usize::from(transcript.language().is_some_and(|l| l.code() == call.language));
        score.errors += word_errors(&call.text, &text);
        score.words += call.text.split_whitespace().count();
        let spans: Vec<String> = transcript
            .heard
            .iter()
            .map(|h| {
                let hyp = &h.hypothesis;
                format!(
                    "{:.1}-{:.1} s p {:.2} no speech {:.4} log p {:.2}",
                    h.span.start().as_secs_f32(),
                    h.span.end().as_secs_f32(),
                    hyp.language_confidence,
                    hyp.no_speech_probability,
                    hyp.average_log_probability
                )
            })
            .collect();
        let mark = if text == call.text { "=" } else { "≠" };
        println!(
            "{mark} {} {spans:?} {:?} {text}",
            call.file,
            transcript.dismissed.iter().map(|d| d.reason).collect::<Vec<_>>()
        );
    }
    for (name, score) in [("pairs", pairs), ("wording", wording)] {
        let rate = 100.0 * score.errors as f64 / score.words as f64;
        println!(
            "{name}: {} calls, {} exact, {} languages right, word error rate {rate:.1} %",
            score.calls, score.exact, score.language
        );
    }
    let factor = audio_time.as_secs_f64() / wall.as_secs_f64();
    println!("{:.1} s of audio in {:.2} s: {factor:.1} times real time", audio_time.as_secs_f64(), wall.as_secs_f64());
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn read_calls(folder: &Path) -> Result<Vec<Call>, std::io::Error> {
    let refs = std::fs::read_to_string(folder.join("refs.tsv"))?;
    let rows = refs.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter_map(|row| match row.as_slice() {
        [file, set, language, _kind, _voice, text, ..] => Some((*file, *set, *language, *text)),
        _ => None,
    })
    .map(|(file, set, language, text)| {
        Ok(Call {
            file: file.to_owned(),
            set: set.to_owned(),
            language: language.to_owned(),
            text: text.to_owned(),
            bytes: std::fs::read(folder.join(file))?,
        })
    })
    .collect()
}

/// The edit distance between two texts, in words.
fn word_errors(reference: &str, heard: &str) -> usize {
    let heard: Vec<&str> = heard.split_whitespace().collect();
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for word in reference.split_whitespace() {
        let mut diagonal = row[0];
        row[0] += 1;
        for (j, other) in heard.iter().enumerate() {
            let best = (row[j + 1] + 1).min(row[j] + 1).min(diagonal + usize::from(word != *other));
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[heard.len()]
}
