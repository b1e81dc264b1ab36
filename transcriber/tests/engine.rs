//! The engine itself: what it refuses to load and how, and that its states do not disturb each other.
#![cfg(feature = "demo-model")]
#![allow(clippy::expect_used, reason = "the helpers of a test may fail it")]

mod support;

use std::io::Cursor;
use std::path::PathBuf;

use dauys_config::city::City;
use dauys_events::Language;
use dauys_transcriber::engine::{
    DEMO_MODEL, Decoding, Engine as _, EngineError, Hint, LoadError, ModelFileError, ModelSource, WhisperEngine,
    WhisperSettings, check_model,
};
use dauys_transcriber::words::CityWords;
use support::{ENGINE, heldout, sample_calls, samples, settings, silence};

fn load_file(bytes: &[u8]) -> Result<WhisperEngine, LoadError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ggml-model.bin");
    std::fs::write(&path, bytes).expect("space");
    WhisperEngine::load(WhisperSettings { model: ModelSource::File(path), ..settings() })
}

#[test]
fn the_demo_model_describes_itself() {
    let info = ENGINE.describe();
    assert_eq!((info.model.as_str(), info.window.as_secs(), info.parallel), ("109-demo", 10, 1));
    assert!(info.engine.starts_with("whisper.cpp 1."), "{}", info.engine);
}

#[test]
fn a_model_from_a_file_hears_the_same() {
    let engine = load_file(DEMO_MODEL).expect("the demo model as a file");
    assert_eq!(engine.describe().model, "ggml-model");
    let call = &sample_calls()[0];
    let heard = engine.transcribe(&samples(call), Hint::default()).expect("words");
    assert_eq!(heard.text, call.text);
}

#[test]
fn a_missing_model_says_which_file_to_provide() {
    let path = PathBuf::from("/nonexistent/ggml-large-v3-turbo.bin");
    let error = WhisperEngine::load(WhisperSettings { model: ModelSource::File(path), ..settings() });
    let message = error.expect_err("no such file").to_string();
    assert!(
        message.contains("/nonexistent/ggml-large-v3-turbo.bin") && message.contains("transcriber.model"),
        "{message}"
    );
}

#[test]
fn what_is_no_model_is_refused_without_asking_whisper() {
    let refused = |bytes: &[u8]| match load_file(bytes) {
        Err(LoadError::NotAModel { source, .. }) => source,
        other => panic!("refused, not {other:?}"),
    };
    assert_eq!(refused(b""), ModelFileError::Magic);
    assert_eq!(refused(b"PK\x03\x04 a PyTorch checkpoint"), ModelFileError::Magic);
    assert_eq!(refused(b"GGUF\x03\0\0\0"), ModelFileError::Gguf);
    assert_eq!(refused(&DEMO_MODEL[..DEMO_MODEL.len() / 2]), ModelFileError::Truncated);
    assert_eq!(refused(&DEMO_MODEL[..DEMO_MODEL.len() - 1]), ModelFileError::Truncated);
    let mut absurd = DEMO_MODEL.to_vec();
    absurd[8..12].copy_from_slice(&i32::MAX.to_le_bytes());
    assert_eq!(refused(&absurd), ModelFileError::Damaged("audio positions"));
    let mut english = DEMO_MODEL.to_vec();
    english[4..8].copy_from_slice(&51_864i32.to_le_bytes());
    assert_eq!(refused(&english), ModelFileError::EnglishOnly);
}

#[test]
fn a_model_cut_anywhere_is_never_taken_for_a_whole_one() {
    for part in 0..97 {
        let cut = DEMO_MODEL.len() * part / 97;
        assert!(check_model(Cursor::new(&DEMO_MODEL[..cut])).is_err(), "cut at {cut}");
    }
    let longer = [DEMO_MODEL, &[0]].concat();
    assert!(check_model(Cursor::new(longer)).is_err());
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let message = |settings: WhisperSettings| WhisperEngine::load(settings).expect_err("refused").to_string();
    assert!(message(WhisperSettings { states: 4096, ..settings() }).contains("cores"));
    assert!(message(WhisperSettings { states: 0, ..settings() }).contains("at least 1"));
    assert!(message(WhisperSettings { languages: Vec::new(), ..settings() }).contains("language"));
    assert!(message(WhisperSettings { decoding: Decoding::Beam(9), ..settings() }).contains("beams"));
}

#[test]
fn what_does_not_fit_the_window_is_refused_and_what_is_tiny_is_heard_as_nothing() {
    let long = ENGINE.transcribe(&silence(10.1), Hint::default());
    assert_eq!(long, Err(EngineError::TooLong { samples: 161_600, window: 160_000 }));
    for samples in [Vec::new(), silence(0.01), silence(1.0)] {
        let nothing = ENGINE.transcribe(&samples, Hint::default()).expect("an answer");
        assert_eq!(nothing.text, "");
        assert!(samples.is_empty() || nothing.no_speech_probability > 0.6, "{nothing:?}");
    }
}

#[test]
fn one_configured_language_is_not_asked_about() {
    let engine = WhisperEngine::load(WhisperSettings { languages: vec![Language::Ru], ..settings() }).expect("a model");
    let calls = sample_calls();
    let call = calls.iter().find(|call| call.language == Language::Ru).expect("a Russian call");
    let heard = engine.transcribe(&samples(call), Hint::default()).expect("words");
    assert_eq!((heard.language, heard.text.as_str()), (Language::Ru, call.text.as_str()));
}

#[test]
fn more_callers_than_states_wait_and_hear_the_same() {
    let calls = sample_calls();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let engine = WhisperEngine::load(WhisperSettings { states: cores.min(2), ..settings() }).expect("a model");
    std::thread::scope(|scope| {
        for call in &calls {
            let engine = &engine;
            scope.spawn(move || {
                let heard = engine.transcribe(&samples(call), Hint::default()).expect("words");
                assert_eq!(heard.text, call.text, "{}", call.file);
            });
        }
    });
}

#[test]
fn what_is_heard_does_not_depend_on_who_called_before() {
    let calls = heldout();
    let heard = |call| ENGINE.transcribe(&samples(call), Hint::default()).expect("words");
    let unsure = calls.iter().find(|call| call.file == "pairs-ru-001.wav").expect("a call that the model gets wrong");
    let first = heard(unsure);
    for other in calls.iter().take(4) {
        heard(other);
        assert_eq!(heard(unsure), first, "after {}", other.file);
    }
}

/// An engine that reads Shymkent's names before it listens.
fn with_words(decoding: Decoding) -> WhisperEngine {
    let city = City::embedded("shymkent").expect("the pack");
    let names =
        |language| (language, city.territory.units.iter().map(|unit| unit.name.get(language).as_str()).collect());
    let words = CityWords::new(&Language::ALL.map(names));
    WhisperEngine::load(WhisperSettings { words, decoding, ..settings() }).expect("a model")
}

#[test]
fn a_model_that_reads_the_citys_words_first_still_hears_and_nobodys_words_depend_on_others() {
    let calls = sample_calls();
    for decoding in [Decoding::Greedy, Decoding::Beam(5), Decoding::Adaptive(5)] {
        let engine = with_words(decoding);
        let hear = |call, hint| engine.transcribe(&samples(call), hint).expect("an answer");
        let first = &calls[0];
        let pressed = Hint::pressed(Some(first.language));
        let heard = hear(first, pressed);
        assert_eq!(heard.language, first.language, "the language is told before anything is read");
        for call in &calls {
            hear(call, Hint::default());
            hear(call, Hint { temperature: 0.4, ..Hint::default() });
        }
        assert_eq!(hear(first, pressed), heard, "{decoding:?}");
    }
}

#[test]
fn a_quick_look_reads_nothing_first() {
    let (engine, calls) = (with_words(Decoding::Adaptive(5)), sample_calls());
    let quick = Hint { quick: true, ..Hint::default() };
    for call in &calls {
        let look = |engine: &WhisperEngine| engine.transcribe(&samples(call), quick).expect("an answer");
        assert_eq!(look(&engine), look(&ENGINE), "{}", call.file);
    }
}

#[test]
fn a_quick_look_hears_the_first_word_too_in_one_language_or_several() {
    let calls = sample_calls();
    let quick = Hint { quick: true, ..Hint::default() };
    let first = |text: &str| text.split_whitespace().next().map(str::to_owned);
    for call in &calls {
        let one =
            WhisperEngine::load(WhisperSettings { languages: vec![call.language], ..settings() }).expect("a model");
        for engine in [&*ENGINE, &one] {
            let heard = engine.transcribe(&samples(call), quick).expect("words");
            assert_eq!(first(&heard.text), first(&call.text), "{}", call.file);
        }
    }
}
