//! Recordings with known words, through everything from file to text.
#![cfg(feature = "demo-model")]
#![allow(clippy::expect_used, reason = "the helpers of a test may fail it")]

mod support;

use std::time::Duration;

use dauys_events::Language;
use dauys_transcriber::audio::{Audio, Format};
use dauys_transcriber::engine::Hint;
use dauys_transcriber::transcribe::{Pipeline, Transcript};
use support::{ENGINE, heldout, noise, ogg_opus, sample_calls, samples, silence, tones, wav_a_law};

fn transcribe(file: &[u8]) -> Transcript {
    Pipeline::default().transcribe(file, &*ENGINE, Hint::default()).expect("a recording")
}

/// Held-out recordings that the model hears word for word with the search that is the default.
const EXACT: [&str; 12] = [
    "pairs-ru-002.wav",
    "pairs-ru-005.wav",
    "pairs-kk-001.wav",
    "pairs-kk-002.wav",
    "pairs-kk-005.wav",
    "pairs-uz-000.wav",
    "pairs-uz-001.wav",
    "pairs-uz-002.wav",
    "pairs-uz-004.wav",
    "pairs-uz-005.wav",
    "pairs-en-000.wav",
    "pairs-en-002.wav",
];

#[test]
fn held_out_calls_are_heard_in_their_language_and_many_word_for_word() {
    for call in heldout().iter().filter(|call| call.set == "pairs") {
        let transcript = transcribe(&call.bytes);
        assert_eq!(transcript.language(), Some(call.language), "{}", call.file);
        assert_eq!(transcript.heard.len(), 1, "{} is one utterance", call.file);
        if EXACT.contains(&call.file.as_str()) {
            assert_eq!(transcript.text(), call.text, "{}", call.file);
        }
    }
}

#[test]
fn sample_calls_are_heard_word_for_word_after_ten_seconds_of_silence() {
    for call in sample_calls() {
        let transcript = transcribe(&call.bytes);
        assert_eq!(
            (transcript.text(), transcript.language()),
            (call.text.clone(), Some(call.language)),
            "{}",
            call.file
        );
        let start = transcript.heard[0].span.start();

        let mut late = silence(10.0);
        late.extend(samples(&call));
        let transcript = transcribe(&wav_a_law(&late));
        assert_eq!((transcript.text(), transcript.language()), (call.text, Some(call.language)), "{} late", call.file);
        let moved = transcript.heard[0].span.start() - start;
        assert!(moved.abs_diff(Duration::from_secs(10)) < Duration::from_millis(200), "{}: {moved:?}", call.file);
    }
}

#[test]
fn sample_calls_are_heard_as_voice_notes() {
    let calls = sample_calls();
    let right = calls.iter().filter(|call| transcribe(&ogg_opus(&samples(call))).text() == call.text).count();
    assert!(right >= calls.len() - 1, "{right} of {} voice notes are right word for word", calls.len());
    for call in &calls {
        assert_eq!(transcribe(&ogg_opus(&samples(call))).language(), Some(call.language), "{}", call.file);
    }
}

#[test]
fn nothing_that_is_not_speech_becomes_words() {
    let ringing: Vec<f32> = (0..3).flat_map(|_| [tones(&[(425.0, 0.2)], 1.0), silence(2.0)].concat()).collect();
    let keys = [(697.0, 1209.0), (770.0, 1336.0), (852.0, 1477.0), (941.0, 1336.0), (941.0, 1477.0)];
    let pressed: Vec<f32> =
        keys.iter().flat_map(|&(l, h)| [tones(&[(l, 0.25), (h, 0.3)], 0.2), silence(0.15)].concat()).collect();
    let hum: Vec<(f32, f32)> = [50.0, 100.0, 150.0, 250.0].map(|f| (f, 0.05)).to_vec();
    for (name, sound) in [
        ("silence", silence(12.0)),
        ("loud noise", noise(0.2, 10.0)),
        ("quiet noise", noise(0.01, 10.0)),
        ("steady tone", tones(&[(425.0, 0.3)], 10.0)),
        ("ringing", ringing),
        ("keys", pressed),
        ("hum", tones(&hum, 10.0)),
        ("busy", (0..10).flat_map(|_| [tones(&[(425.0, 0.2)], 0.35), silence(0.35)].concat()).collect()),
    ] {
        let transcript = transcribe(&wav_a_law(&sound));
        assert_eq!(transcript.text(), "", "{name}: {:?}", transcript.heard);
        assert_eq!(transcript.language(), None, "{name}");
    }
}

#[test]
fn keys_and_tones_around_a_call_change_no_word() {
    let calls = sample_calls();
    let mut sound =
        [tones(&[(770.0, 0.2), (1336.0, 0.2)], 0.2), silence(1.5), tones(&[(425.0, 0.2)], 0.4), silence(1.0)].concat();
    sound.extend(samples(&calls[0]));
    sound.extend([silence(1.0), tones(&[(941.0, 0.2), (1477.0, 0.2)], 0.25)].concat());
    assert_eq!(transcribe(&wav_a_law(&sound)).text(), calls[0].text);
}

#[test]
fn two_languages_in_one_call_are_two_segments() {
    let calls = sample_calls();
    let kazakh = calls.iter().find(|c| c.language == Language::Kk).expect("a Kazakh call");
    let russian = calls.iter().find(|c| c.language == Language::Ru).expect("a Russian call");
    let sound = [silence(2.0), samples(kazakh), silence(1.5), samples(russian)].concat();
    let transcript = transcribe(&wav_a_law(&sound));
    let heard: Vec<_> = transcript.heard.iter().map(|h| (h.hypothesis.language, h.hypothesis.text.as_str())).collect();
    assert_eq!(heard, [(Language::Kk, kazakh.text.as_str()), (Language::Ru, russian.text.as_str())]);
    assert!(transcript.heard[0].span.end() <= transcript.heard[1].span.start());
}

#[test]
fn a_long_call_is_cut_into_windows_and_loses_no_part() {
    let calls = sample_calls();
    let sound: Vec<f32> = calls.iter().flat_map(samples).collect();
    let transcript = transcribe(&wav_a_law(&sound));
    assert!(transcript.heard.iter().all(|h| h.span.end() - h.span.start() <= Duration::from_secs(10)));
    let covered: Duration = transcript.heard.iter().map(|h| h.span.end() - h.span.start()).sum();
    assert!(
        covered.as_secs_f32() > 0.85 * transcript.duration.as_secs_f32(),
        "{covered:?} of {:?}",
        transcript.duration
    );
}

#[test]
fn a_wrongly_pressed_key_does_not_change_what_is_heard() {
    let pipeline = Pipeline::default();
    for call in sample_calls() {
        for pressed in Language::ALL {
            let hint = Hint::pressed(Some(pressed));
            let audio = Audio { samples: samples(&call), format: Format::WavALaw };
            let transcript = pipeline.transcribe_audio(&audio, &*ENGINE, hint);
            assert_eq!(transcript.text(), call.text, "{} with {pressed} pressed", call.file);
        }
    }
}
