//! Where speech is found in a recording, and where it is not: what never becomes a segment never costs an engine's time.

mod support;

#[path = "support/music.rs"]
mod music;

use std::time::Duration;

use dauys_transcriber::segment::{SegmentSettings, SpeechSpan, segment, survey};
use proptest::prelude::*;
use support::{RATE, heldout, noise, sample_calls, samples, silence, tones};

fn ten_seconds() -> SegmentSettings {
    SegmentSettings { window: Duration::from_secs(10), ..SegmentSettings::default() }
}

fn spans(sound: &[f32]) -> Vec<SpeechSpan> {
    segment(sound, &ten_seconds())
}

fn mixed(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(x, y)| (x + y).clamp(-1.0, 1.0)).collect()
}

#[test]
fn every_held_out_call_is_one_span_that_holds_its_speech() {
    for call in heldout() {
        let sound = samples(&call);
        let found = spans(&sound);
        let [span] = found.as_slice() else { panic!("{}: {found:?}", call.file) };
        let loudest = sound.iter().fold(0f32, |m, s| m.max(s.abs()));
        let loud = |s: &f32| s.abs() > 0.2 * loudest;
        let first = sound.iter().position(loud).expect("speech");
        let last = sound.iter().rposition(loud).expect("speech");
        assert!(span.samples.start <= first && span.samples.end >= last, "{}: {span:?}, {first}..{last}", call.file);
        assert!(span.voiced > Duration::from_secs(1), "{}: {:?}", call.file, span.voiced);
    }
}

#[test]
fn tones_keys_and_noise_are_no_speech() {
    let beep = |f: &[(f32, f32)], on: f32, off: f32, times: usize| -> Vec<f32> {
        (0..times).flat_map(|_| [tones(f, on), silence(off)].concat()).collect()
    };
    for (name, sound) in [
        ("silence", silence(10.0)),
        ("ringing", beep(&[(425.0, 0.2)], 1.0, 4.0, 3)),
        ("busy", beep(&[(425.0, 0.3)], 0.35, 0.35, 10)),
        ("keys", beep(&[(770.0, 0.2), (1336.0, 0.25)], 0.15, 0.1, 8)),
        ("special information", beep(&[(950.0, 0.2)], 0.33, 0.0, 1)),
        ("fax", beep(&[(2100.0, 0.2)], 3.0, 0.0, 1)),
        ("white noise", noise(0.1, 10.0)),
        ("hiss", noise(0.003, 10.0)),
        ("hum", tones(&[(50.0, 0.1), (150.0, 0.05), (250.0, 0.02)], 10.0)),
        ("ringing on a noisy line", mixed(&beep(&[(425.0, 0.2)], 1.0, 1.0, 5), &noise(0.005, 10.0))),
    ] {
        assert_eq!(spans(&sound), [], "{name}");
    }
}

#[test]
fn music_of_many_makes_is_no_speech() {
    let mut taken_for_music = 0;
    for (name, sound) in music::pieces(8.0) {
        for gain in [0.5, 0.05] {
            let quieter: Vec<f32> = sound.iter().zip(noise(0.002, 8.0)).map(|(s, n)| gain * s + n).collect();
            let found = survey(&quieter, &ten_seconds());
            assert_eq!(found.speech, [], "{name} at {gain}");
            taken_for_music += found.music.len();
        }
    }
    assert!(taken_for_music > 0, "the voice detector takes some of it for a voice, or this test tells nothing");
}

#[test]
fn speech_over_faint_music_stays() {
    let power = |sound: &[f32]| sound.iter().map(|s| s * s).sum::<f32>() / sound.len() as f32;
    for call in sample_calls() {
        let speech = samples(&call);
        for (name, piece) in music::pieces(speech.len() as f32 / RATE as f32) {
            let gain = 0.2 * (power(&speech) / power(&piece)).sqrt();
            let faint: Vec<f32> = piece.iter().map(|s| gain * s).collect();
            let found = survey(&mixed(&speech, &faint), &ten_seconds());
            assert!(found.music.is_empty() && !found.speech.is_empty(), "{} over {name}: {found:?}", call.file);
        }
    }
}

#[test]
fn speech_is_found_over_noise_and_at_low_level() {
    let call = &sample_calls()[0];
    let sound = samples(call);
    let seconds = sound.len() as f32 / RATE as f32;
    let clean = spans(&sound).remove(0);
    let quiet: Vec<f32> = sound.iter().map(|s| s * 0.03).collect();
    for (name, sound) in [("noise", mixed(&sound, &noise(0.02, seconds))), ("30 dB down", quiet)] {
        let found = spans(&sound);
        let [span] = found.as_slice() else { panic!("{name}: {found:?}") };
        let (start, end) = (span.samples.start, span.samples.end);
        let whole = start <= clean.samples.start + RATE / 4 && end + RATE / 4 >= clean.samples.end;
        let tight = start + RATE / 2 >= clean.samples.start && end <= clean.samples.end + RATE / 2;
        assert!(whole && tight, "{name}: {span:?} against {clean:?}");
    }
}

#[test]
fn times_are_those_of_the_original_recording() {
    let speech = samples(&sample_calls()[0]);
    let alone = spans(&speech).remove(0);
    let late = spans(&[silence(13.0), speech].concat()).remove(0);
    let moved = late.start().saturating_sub(alone.start());
    assert!(moved.abs_diff(Duration::from_secs(13)) < Duration::from_millis(200), "{moved:?}");
}

#[test]
fn long_speech_fits_the_window_and_nothing_between_is_lost() {
    let speech: Vec<f32> = sample_calls().iter().flat_map(samples).collect();
    let one_breath: Vec<f32> = speech.iter().copied().filter(|s| s.abs() > 0.0008).collect();
    let found = segment(&one_breath, &SegmentSettings { hangover: Duration::from_secs(2), ..ten_seconds() });
    assert!(found.len() >= 2, "{found:?}");
    for span in &found {
        assert!(span.samples.len() <= 10 * RATE, "{span:?}");
    }
    for pair in found.windows(2) {
        assert!(pair[1].samples.start <= pair[0].samples.end, "a gap between {pair:?}");
        assert!(pair[0].samples.end - pair[1].samples.start.min(pair[0].samples.end) < RATE, "{pair:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn spans_are_in_order_inside_the_recording_and_within_the_window(
        pieces in proptest::collection::vec((0usize..4, 0.05f32..6.0), 0..6), window in 1u64..30,
    ) {
        let speech = samples(&sample_calls()[2]);
        let sound: Vec<f32> = pieces.into_iter().flat_map(|(kind, seconds)| match kind {
            0 => silence(seconds),
            1 => noise(0.05, seconds),
            2 => tones(&[(425.0, 0.2)], seconds),
            _ => speech.clone(),
        }).collect();
        let found = segment(&sound, &SegmentSettings { window: Duration::from_secs(window), ..ten_seconds() });
        for span in &found {
            prop_assert!(span.samples.start < span.samples.end && span.samples.end <= sound.len());
            prop_assert!(span.samples.len() <= window as usize * RATE);
        }
        for pair in found.windows(2) {
            prop_assert!(pair[0].samples.start < pair[1].samples.start);
        }
    }
}

#[test]
fn half_an_hour_is_cut_to_the_window_with_times_of_the_original() {
    let call = sample_calls().remove(0);
    let speech = samples(&call);
    let gap = silence(52.0);
    let mut sound = Vec::new();
    let mut said_at = Vec::new();
    while sound.len() < 30 * 60 * 16_000 {
        sound.extend_from_slice(&gap);
        said_at.push(sound.len() as f32 / 16_000.0);
        sound.extend_from_slice(&speech);
    }
    let settings = SegmentSettings { window: Duration::from_secs(10), ..SegmentSettings::default() };
    let spans = segment(&sound, &settings);
    assert_eq!(spans.len(), said_at.len(), "every utterance is one span");
    for (span, at) in spans.iter().zip(said_at) {
        assert!(span.end() - span.start() <= Duration::from_secs(10));
        assert!((span.start().as_secs_f32() - at).abs() < 1.0, "{:?} for {at} s", span.start());
    }
}
