//! Recordings of every kind that arrives, and files that only pretend to be recordings.

mod support;

use std::time::Duration;

use dauys_transcriber::audio::{DecodeError, Format, Limits, decode};
use proptest::prelude::*;
use support::{a_law, mu_law, noise, ogg_opus, silence, to_8k, tones, wav, wav_a_law, wav_pcm16};

fn level(samples: &[f32]) -> f32 {
    (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
}

/// Correlation of two signals after the best shift of up to 5 ms.
fn likeness(a: &[f32], b: &[f32]) -> f32 {
    let cut = |shift: usize| {
        let (x, y) = (&a[..a.len() - 200], &b[shift..]);
        let dot: f32 = x.iter().zip(y).map(|(p, q)| p * q).sum();
        let (nx, ny) = (level(x), level(&y[..x.len().min(y.len())]));
        dot / (x.len() as f32 * nx * ny)
    };
    (0..80).map(cut).fold(f32::MIN, f32::max)
}

#[test]
fn the_three_kinds_of_wav_hold_the_same_sound() {
    let tone = tones(&[(440.0, 0.4), (1000.0, 0.2)], 2.0);
    let pcm = to_8k(&tone);
    for (file, format) in [
        (wav_pcm16(1, 8000, &pcm), Format::WavPcm16),
        (wav(6, 1, 8000, 8, &a_law(&pcm)), Format::WavALaw),
        (wav(7, 1, 8000, 8, &mu_law(&pcm)), Format::WavMuLaw),
    ] {
        let audio = decode(&file, &Limits::default()).expect("a recording");
        assert_eq!(audio.format, format);
        assert_eq!(audio.duration(), Duration::from_secs(2), "{format:?}");
        let close = likeness(&tone, &audio.samples);
        assert!(close > 0.999, "{format:?}: {close}");
    }
}

#[test]
fn every_usual_rate_keeps_length_and_level() {
    for rate in [8_000u32, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] {
        let step = std::f32::consts::TAU * 500.0 / rate as f32;
        let pcm: Vec<i16> = (0..rate).map(|i| ((i as f32 * step).sin() * 16_000.0) as i16).collect();
        let audio = decode(&wav_pcm16(1, rate, &pcm), &Limits::default()).expect("a recording");
        assert!((audio.samples.len() as i64 - 16_000).abs() <= 1, "{rate} Hz: {}", audio.samples.len());
        assert!((level(&audio.samples) - 0.345).abs() < 0.01, "{rate} Hz: {}", level(&audio.samples));
    }
}

#[test]
fn a_voice_on_either_channel_is_heard() {
    let left: Vec<i16> = to_8k(&tones(&[(600.0, 0.5)], 1.0));
    let frames: Vec<i16> = left.iter().flat_map(|&s| [s, 0]).collect();
    let audio = decode(&wav_pcm16(2, 8000, &frames), &Limits::default()).expect("a recording");
    assert_eq!(audio.samples.len(), 16_000);
    assert!((level(&audio.samples) - 0.177).abs() < 0.01);
}

#[test]
fn extensible_and_streamed_headers_are_read() {
    let data = a_law(&to_8k(&tones(&[(600.0, 0.5)], 0.5)));
    let mut extensible = b"RIFF\xff\xff\xff\xffWAVEfmt ".to_vec();
    extensible.extend(40u32.to_le_bytes());
    extensible.extend([0xFE, 0xFF, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0, 22, 0, 8, 0, 4, 0, 0, 0]);
    extensible.extend([6, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
    // An odd chunk with its padding byte, and a length that a streaming writer does not know.
    extensible.extend(b"LIST\x03\0\0\0abc\0data\xff\xff\xff\xff");
    extensible.extend(&data);
    let audio = decode(&extensible, &Limits::default()).expect("a recording");
    assert_eq!((audio.format, audio.samples.len()), (Format::WavALaw, 8000));
}

#[test]
fn a_voice_note_comes_back_whole() {
    let sound = tones(&[(300.0, 0.3), (900.0, 0.2), (2300.0, 0.1)], 3.017);
    let audio = decode(&ogg_opus(&sound), &Limits::default()).expect("a voice note");
    assert_eq!(audio.format, Format::OggOpus);
    assert_eq!(audio.samples.len(), sound.len(), "warm-up and padding are cut off");
    assert!(likeness(&sound, &audio.samples) > 0.97, "{}", likeness(&sound, &audio.samples));
}

#[test]
fn what_is_too_large_or_too_long_is_refused_before_decoding() {
    let limits = Limits { max_bytes: 100_000, max_duration: Duration::from_secs(3) };
    let large = wav_a_law(&silence(20.0));
    assert_eq!(decode(&large, &limits), Err(DecodeError::TooLarge { bytes: large.len(), limit: 100_000 }));
    assert_eq!(decode(&wav_a_law(&silence(5.0)), &limits), Err(DecodeError::TooLong { seconds: 5, limit: 3 }));
    assert_eq!(decode(&ogg_opus(&silence(5.0)), &limits), Err(DecodeError::TooLong { seconds: 4, limit: 3 }));
}

#[test]
fn damaged_files_are_named_for_what_they_are() {
    let good = wav_a_law(&tones(&[(600.0, 0.5)], 1.0));
    let note = ogg_opus(&tones(&[(600.0, 0.5)], 2.0));
    let patched = |file: &[u8], at: usize, with: &[u8]| {
        let mut file = file.to_vec();
        file[at..at + with.len()].copy_from_slice(with);
        file
    };
    let unsupported = |file: &[u8]| matches!(decode(file, &Limits::default()), Err(DecodeError::Unsupported(_)));
    assert_eq!(decode(&[], &Limits::default()), Err(DecodeError::Empty));
    assert_eq!(decode(b"<html>busy</html>", &Limits::default()), Err(DecodeError::UnknownContainer));
    assert_eq!(decode(&good[..good.len() - 1], &Limits::default()), Err(DecodeError::Truncated("data chunk")));
    assert_eq!(decode(&good[..30], &Limits::default()), Err(DecodeError::Truncated("chunk")));
    assert_eq!(decode(&wav_a_law(&[]), &Limits::default()), Err(DecodeError::Empty));
    assert!(unsupported(&patched(&good, 20, &[0x31, 0])), "GSM");
    assert!(unsupported(&patched(&good, 24, &1_234_567u32.to_le_bytes())), "an absurd rate");
    assert!(unsupported(&patched(&good, 22, &[0, 0])), "no channels");
    assert_eq!(
        decode(&patched(&note, 300, &[0xAA]), &Limits::default()),
        Err(DecodeError::Corrupt("Ogg page checksum"))
    );
    assert_eq!(decode(&note[..note.len() - 10], &Limits::default()), Err(DecodeError::Truncated("Ogg page")));
    let vorbis = patched(&note, 28, b"\x01vorbis\0");
    assert!(decode(&vorbis, &Limits::default()).is_err());
}

#[test]
fn the_limits_of_samples_hold_for_loud_noise() {
    let file = ogg_opus(&noise(1.0, 2.0));
    let audio = decode(&file, &Limits::default()).expect("a voice note");
    assert!(audio.samples.iter().all(|s| (-1.0..=1.0).contains(s)));
}

/// A page that goes on with a packet of the page before, and holds nothing of it.
#[test]
fn an_ogg_page_without_content_is_no_trap() {
    let note = ogg_opus(&tones(&[(600.0, 0.5)], 1.0));
    for flags in 0..=7u8 {
        let mut page = b"OggS\0".to_vec();
        page.push(flags);
        page.extend([0; 8]);
        page.extend(7u32.to_le_bytes());
        page.extend([2, 0, 0, 0, 0, 0, 0, 0, 0]);
        let checksum = ogg_checksum(&page);
        page[22..26].copy_from_slice(&checksum.to_le_bytes());
        let third = note.windows(4).enumerate().filter(|(_, w)| w == b"OggS").nth(2).expect("a third page").0;
        for file in [[&page[..], &page[..]].concat(), [&note[..third], &page[..], &note[third..]].concat()] {
            let _ = decode(&file, &Limits::default());
        }
    }
}

fn ogg_checksum(page: &[u8]) -> u32 {
    page.iter().fold(0u32, |crc, &byte| {
        (0..8).fold(crc ^ (u32::from(byte) << 24), |c, _| (c << 1) ^ if c >> 31 == 1 { 0x04C1_1DB7 } else { 0 })
    })
}

proptest! {
    #[test]
    fn no_bytes_break_the_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0..3usize) {
        let mut file = [b"RIFF\0\0\0\0WAVE".as_slice(), b"OggS\0\x02", b""][kind].to_vec();
        file.extend(&bytes);
        let _ = decode(&file, &Limits::default());
    }

    #[test]
    fn a_damaged_recording_is_an_error_or_a_recording(
        at in 0usize..2000, with in any::<u8>(), cut in 0usize..2000, opus in any::<bool>(),
    ) {
        let sound = tones(&[(700.0, 0.4)], 0.2);
        let mut file = if opus { ogg_opus(&sound) } else { wav_a_law(&sound) };
        let length = file.len();
        file[at % length] = with;
        file.truncate(length - cut % length);
        if let Ok(audio) = decode(&file, &Limits::default()) {
            prop_assert!(!audio.samples.is_empty() && audio.samples.iter().all(|s| s.abs() <= 1.0));
        }
    }
}

/// One sample call as a telephone, a browser and a music player would have written it.
#[test]
fn what_telephones_and_browsers_record_is_the_call_that_it_was_made_from() {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let call = support::sample_calls().into_iter().find(|call| call.file == "kk-water.wav").expect("the call");
    let original = support::samples(&call);
    for (name, format) in
        [("kk-water.m4a", Format::Mp4Aac), ("kk-water.mp3", Format::Mp3), ("kk-water.webm", Format::WebmOpus)]
    {
        let bytes = std::fs::read(data.join(name)).expect("a recording");
        let audio = decode(&bytes, &Limits::default()).expect("a recording");
        assert_eq!(audio.format, format);
        let seconds = original.len() as f32 / 16_000.0;
        assert!((audio.duration().as_secs_f32() - seconds).abs() < 0.25, "{name}: {:?}", audio.duration());
        assert!((level(&audio.samples) / level(&original) - 1.0).abs() < 0.15, "{name}");
        let short = Limits { max_duration: Duration::from_secs(1), ..Limits::default() };
        assert!(matches!(decode(&bytes, &short), Err(DecodeError::TooLong { .. })), "{name}");
        // A file that breaks off is what came of it, or an error; never a fault.
        for part in 1..40 {
            let _ = decode(&bytes[..bytes.len() * part / 40], &Limits::default());
        }
    }
}

#[test]
fn g722_in_a_wav_is_wide_band_speech() {
    use audio_codec::Encoder as _;
    let tone = tones(&[(600.0, 0.3), (5000.0, 0.1)], 1.0);
    let pcm: Vec<i16> = tone.iter().map(|s| (s * 32_767.0) as i16).collect();
    let mut coded = vec![0; pcm.len()];
    let count = audio_codec::g722::G722Encoder::new().encode_into(&pcm, &mut coded).expect("room");
    coded.truncate(count);
    let audio = decode(&wav(0x028F, 1, 16_000, 4, &coded), &Limits::default()).expect("a recording");
    assert_eq!((audio.format, audio.samples.len()), (Format::WavG722, tone.len()));
    let close = likeness(&tone, &audio.samples);
    assert!(close > 0.95, "{close}");
}

proptest! {
    #[test]
    fn bytes_that_begin_like_a_container_are_a_recording_or_an_error(
        kind in 0usize..3,
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let start: [&[u8]; 3] = [b"\0\0\0\x18ftypM4A ", &[0x1A, 0x45, 0xDF, 0xA3], &[0xFF, 0xFB, 0x90, 0x64]];
        let _ = decode(&[start[kind], &bytes].concat(), &Limits::default());
    }
}
