//! Compares dauys with `whisper-cli` of the same whisper.cpp, on the same model, recordings and cores, in one run; writes
//! `target/bench/speech.json`. `make bench-speech` runs it.
//!
//! `cargo run --release -p dauys-transcriber --example bench_speech -- [PATH OF WHISPER-CLI] [RECORDINGS]`
//!
//! *Single*: one stretch after the other, all cores for each, five beams, the whole window, the language given. *Pool*: dauys
//! as it runs (a state a core, the window cut to the stretch, beams only where needed, silence skipped), languages detected,
//! against whisper-cli with all cores for each. Loading the model is left out on both sides.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

mod common;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Call, Errors, cores, heldout_folder, on_all_cores, plain, read_calls};
use dauys_events::Language;
use dauys_transcriber::audio::{self, Limits};
use dauys_transcriber::engine::{
    AudioContext, DEMO_MODEL, Decoding, Engine as _, Hint, ModelSource, WhisperEngine, WhisperSettings,
};
use dauys_transcriber::transcribe::{Pipeline, Transcript};
use dauys_transcriber::words::CityWords;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// One way of hearing all recordings: how long it took, and how many words were wrong.
struct Run {
    took: Duration,
    errors: Errors,
}

fn main() -> Result<(), Failure> {
    let cli = std::env::args().nth(1).filter(|path| !path.is_empty());
    let most = std::env::args().nth(2).map_or(Ok(40), |arg| arg.parse())?;
    let calls = utterances(most)?;
    let sounds: Vec<Vec<f32>> = calls
        .iter()
        .map(|call| audio::decode(&call.bytes, &Limits::default()).map(|audio| audio.samples))
        .collect::<Result<_, _>>()?;
    let seconds = sounds.iter().map(Vec::len).sum::<usize>() as f64 / f64::from(audio::SAMPLE_RATE);
    let (single, pool) = (ours_single(&calls, &sounds)?, ours_pool(&calls)?);
    let theirs = cli.as_deref().map(|cli| theirs(cli, &calls, &sounds)).transpose()?;
    let report = json!({
        "recordings": calls.len(),
        "audio_seconds": seconds,
        "cores": cores(),
        "whisper_cli": cli.map_or_else(|| "absent".to_owned(), |_| "present".to_owned()),
        "single": row(&single, theirs.as_ref().map(|t| &t.0), seconds),
        "pool": row(&pool, theirs.as_ref().map(|t| &t.1), seconds),
    });
    let text = serde_json::to_string_pretty(&report)?;
    println!("{text}");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&target)?;
    std::fs::write(target.join("speech.json"), text + "\n")?;
    Ok(())
}

fn row(ours: &Run, theirs: Option<&Run>, seconds: f64) -> Value {
    json!({
        "ratio": theirs.map(|theirs| theirs.took.as_secs_f64() / ours.took.as_secs_f64()),
        "audio_seconds_a_second": seconds / ours.took.as_secs_f64(),
        "wer": ours.errors.rate(),
        "whisper_cli_audio_seconds_a_second": theirs.map(|theirs| seconds / theirs.took.as_secs_f64()),
        "whisper_cli_wer": theirs.map(|theirs| theirs.errors.rate()),
    })
}

/// Recordings of 3 to 12 s, the languages in turn.
fn utterances(most: usize) -> Result<Vec<Call>, Failure> {
    let mut calls = read_calls(&heldout_folder())?;
    calls.retain(|call| {
        let length = audio::decode(&call.bytes, &Limits::default()).map(|audio| audio.duration());
        call.set == "pairs" && length.is_ok_and(|l| (3..12).contains(&l.as_secs()))
    });
    calls.sort_by_key(|call| {
        (call.file.chars().filter(char::is_ascii_digit).collect::<String>(), call.language.clone())
    });
    calls.truncate(most);
    Ok(calls)
}

fn engine(
    states: usize,
    decoding: Decoding,
    context: AudioContext,
    languages: &[Language],
) -> Result<WhisperEngine, Failure> {
    Ok(WhisperEngine::load(WhisperSettings {
        model: ModelSource::Demo,
        languages: languages.to_vec(),
        states,
        threads_per_state: (cores() / states).max(1),
        decoding,
        pressed_weight: 1.0,
        context,
        words: CityWords::default(),
    })?)
}

fn ours_single(calls: &[Call], sounds: &[Vec<f32>]) -> Result<Run, Failure> {
    let mut run = Run { took: Duration::ZERO, errors: Errors::default() };
    for language in Language::ALL {
        let engine = engine(1, Decoding::Beam(5), AudioContext::Full, &[language])?;
        for (call, sound) in calls.iter().zip(sounds).filter(|(call, _)| call.language == language.code()) {
            let started = now();
            let heard = engine.transcribe(sound, Hint::default())?;
            run.took += started.elapsed();
            run.errors.words(&call.text, &plain(&heard.text));
        }
    }
    Ok(run)
}

fn ours_pool(calls: &[Call]) -> Result<Run, Failure> {
    let engine = engine(cores(), Decoding::Adaptive(5), AudioContext::Auto, &Language::ALL)?;
    let pipeline = Pipeline::default();
    let started = now();
    let heard = on_all_cores(calls.len(), |at| {
        calls.get(at).and_then(|call| pipeline.transcribe(&call.bytes, &engine, Hint::default()).ok())
    });
    let took = started.elapsed();
    let mut errors = Errors::default();
    for (call, transcript) in calls.iter().zip(heard) {
        errors.words(&call.text, &transcript.as_ref().map(Transcript::text).unwrap_or_default());
    }
    Ok(Run { took, errors })
}

/// Runs whisper-cli with its defaults twice: with each language given, and detecting it.
fn theirs(cli: &str, calls: &[Call], sounds: &[Vec<f32>]) -> Result<(Run, Run), Failure> {
    let folder = tempfile::tempdir()?;
    let model = folder.path().join("model.bin");
    std::fs::write(&model, DEMO_MODEL)?;
    for (call, sound) in calls.iter().zip(sounds) {
        std::fs::write(folder.path().join(&call.file), audio::to_wav(sound))?;
    }
    let mut given = Run { took: Duration::ZERO, errors: Errors::default() };
    for language in Language::ALL {
        let own: Vec<&Call> = calls.iter().filter(|call| call.language == language.code()).collect();
        if !own.is_empty() {
            run_cli(cli, language.code(), &own, folder.path(), &mut given)?;
        }
    }
    let mut detected = Run { took: Duration::ZERO, errors: Errors::default() };
    run_cli(cli, "auto", &calls.iter().collect::<Vec<_>>(), folder.path(), &mut detected)?;
    Ok((given, detected))
}

fn run_cli(cli: &str, language: &str, calls: &[&Call], folder: &Path, run: &mut Run) -> Result<(), Failure> {
    let threads = cores().to_string();
    let mut command = Command::new(cli);
    command.current_dir(folder).args(["-m", "model.bin", "-t", &threads, "-l", language, "-nt", "-otxt"]);
    command.args(calls.iter().map(|call| call.file.as_str()));
    let started = now();
    let output = command.output()?;
    let took = started.elapsed();
    if !output.status.success() {
        return Err(format!("{cli} ended with {}", output.status).into());
    }
    run.took += took.saturating_sub(load_time(&String::from_utf8_lossy(&output.stderr)));
    for call in calls {
        let text = std::fs::read(folder.join(format!("{}.txt", call.file)))?;
        run.errors.words(&call.text, &plain(&String::from_utf8_lossy(&text)));
    }
    Ok(())
}

/// The time that whisper-cli says it took to load the model.
fn load_time(said: &str) -> Duration {
    let line = said.lines().find(|line| line.contains("load time ="));
    let millis = line.and_then(|line| line.split('=').nth(1)?.split_whitespace().next()?.parse::<f64>().ok());
    Duration::from_secs_f64(millis.unwrap_or(0.0) / 1000.0)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> Instant {
    Instant::now()
}
