//! Prints what is heard in recordings (WAV, Ogg/Opus).
//!
//! `cargo run -p dauys-transcriber --example transcribe -- [--model ggml-model.bin] FILE…`
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use dauys_events::Language;
use dauys_transcriber::engine::{AudioContext, Decoding, Hint, ModelSource, WhisperEngine, WhisperSettings};
use dauys_transcriber::transcribe::Pipeline;
use dauys_transcriber::words::CityWords;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let mut model = ModelSource::Demo;
    if let [option, path, ..] = files.as_slice()
        && option == "--model"
    {
        model = ModelSource::File(path.into());
        files.drain(..2);
    }
    let engine = WhisperEngine::load(WhisperSettings {
        model,
        languages: Language::ALL.to_vec(),
        states: 1,
        threads_per_state: 1,
        decoding: Decoding::Beam(5),
        pressed_weight: 1.0,
        context: AudioContext::Auto,
        words: CityWords::default(),
    })?;
    for file in files {
        let transcript = Pipeline::default().transcribe(&std::fs::read(&file)?, &engine, Hint::default())?;
        println!("{file}: {:.1} s", transcript.duration.as_secs_f32());
        for part in &transcript.heard {
            let (start, end) = (part.span.start().as_secs_f32(), part.span.end().as_secs_f32());
            println!("  {start:6.1} {end:6.1} {} {}", part.hypothesis.language, part.hypothesis.text);
        }
        for part in &transcript.dismissed {
            let (start, end) = (part.span.start().as_secs_f32(), part.span.end().as_secs_f32());
            println!("  {start:6.1} {end:6.1} -- {}", part.reason.name());
        }
    }
    Ok(())
}
