//! What the tests share: the demo model's recordings, and files made the way telephones and messengers make them.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::expect_used, reason = "what the tests start from is there, or the test fails")]

use std::path::{Path, PathBuf};
#[cfg(feature = "demo-model")]
use std::sync::LazyLock;

use audio_codec::Encoder as _;
use dauys_events::Language;
use dauys_transcriber::audio::{self, Limits};
#[cfg(feature = "demo-model")]
use dauys_transcriber::engine::{AudioContext, Decoding, ModelSource, WhisperEngine, WhisperSettings};
#[cfg(feature = "demo-model")]
use dauys_transcriber::words::CityWords;

pub const RATE: usize = 16_000;

/// One engine for all tests of a file: loading is what takes long.
#[cfg(feature = "demo-model")]
pub static ENGINE: LazyLock<WhisperEngine> = LazyLock::new(|| WhisperEngine::load(settings()).expect("the demo model"));

#[cfg(feature = "demo-model")]
pub fn settings() -> WhisperSettings {
    WhisperSettings {
        model: ModelSource::Demo,
        languages: Language::ALL.to_vec(),
        states: 1,
        threads_per_state: 1,
        decoding: Decoding::Adaptive(5),
        pressed_weight: 4.0,
        context: AudioContext::Auto,
        words: CityWords::default(),
    }
}

pub struct Call {
    pub file: String,
    pub set: String,
    pub language: Language,
    pub text: String,
    pub bytes: Vec<u8>,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("demo-model").join(name)
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let list = std::fs::read_to_string(path).expect("the list of recordings");
    list.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// The 24 held-out recordings with what was said in them.
pub fn heldout() -> Vec<Call> {
    rows(&folder("heldout").join("refs.tsv"))
        .into_iter()
        .map(|row| Call {
            bytes: std::fs::read(folder("heldout").join(&row[0])).expect("a recording"),
            language: Language::from_code(&row[2]).expect("a language"),
            file: row[0].clone(),
            set: row[1].clone(),
            text: row[5].clone(),
        })
        .collect()
}

/// The sample calls in A-law, which the model hears right.
pub fn sample_calls() -> Vec<Call> {
    rows(&folder("calls").join("calls.tsv"))
        .into_iter()
        .map(|row| Call {
            bytes: std::fs::read(folder("calls").join(&row[0])).expect("a recording"),
            language: Language::from_code(&row[1]).expect("a language"),
            file: row[0].clone(),
            set: "calls".to_owned(),
            text: row[3].clone(),
        })
        .collect()
}

/// The samples of a call, at 16 kHz.
pub fn samples(call: &Call) -> Vec<f32> {
    audio::decode(&call.bytes, &Limits::default()).expect("a recording").samples
}

/// Every second sample: the recordings hold nothing above 4 kHz.
pub fn to_8k(samples: &[f32]) -> Vec<i16> {
    samples.iter().step_by(2).map(|s| (s * 32_767.0) as i16).collect()
}

pub fn a_law(pcm8k: &[i16]) -> Vec<u8> {
    let mut out = vec![0; pcm8k.len()];
    audio_codec::pcma::PcmaEncoder::new().encode_into(pcm8k, &mut out).expect("room");
    out
}

pub fn mu_law(pcm8k: &[i16]) -> Vec<u8> {
    let mut out = vec![0; pcm8k.len()];
    audio_codec::pcmu::PcmuEncoder::new().encode_into(pcm8k, &mut out).expect("room");
    out
}

/// A WAV file with an 18-byte format chunk, as telephony writes it.
pub fn wav(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let block = channels * bits / 8;
    let mut file = b"RIFF".to_vec();
    file.extend((38 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(18u32.to_le_bytes());
    for half in [tag, channels] {
        file.extend(half.to_le_bytes());
    }
    file.extend(rate.to_le_bytes());
    file.extend((rate * u32::from(block)).to_le_bytes());
    for half in [block, bits, 0] {
        file.extend(half.to_le_bytes());
    }
    file.extend(b"data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

pub fn wav_pcm16(channels: u16, rate: u32, samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    wav(1, channels, rate, 16, &data)
}

/// A call as the gateway records it: 8 kHz A-law.
pub fn wav_a_law(samples16k: &[f32]) -> Vec<u8> {
    wav(6, 1, 8000, 8, &a_law(&to_8k(samples16k)))
}

/// A voice note as messengers send it: mono Opus at 48 kHz granules in 20 ms packets, 24 kbit/s.
pub fn ogg_opus(samples16k: &[f32]) -> Vec<u8> {
    use ogg::writing::{PacketWriteEndInfo, PacketWriter};
    use opusic_c::{Application, Bitrate, Channels, Encoder, SampleRate};
    const FRAME: usize = RATE / 50;
    const PRE_SKIP: u16 = 312;
    let mut encoder = Encoder::new(Channels::Mono, SampleRate::Hz16000, Application::Voip).expect("an encoder");
    encoder.set_bitrate(Bitrate::Value(24_000)).expect("a bitrate");
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(PRE_SKIP.to_le_bytes());
    head.extend(16_000u32.to_le_bytes());
    head.extend([0, 0, 0]);
    let mut tags = b"OpusTags".to_vec();
    tags.extend([0; 8]);
    let mut file = Vec::new();
    let mut writer = PacketWriter::new(&mut file);
    writer.write_packet(head, 7, PacketWriteEndInfo::EndPage, 0).expect("memory");
    writer.write_packet(tags, 7, PacketWriteEndInfo::EndPage, 0).expect("memory");
    let mut input = samples16k.to_vec();
    input.resize(input.len() + usize::from(PRE_SKIP) / 3, 0.0);
    let frames = input.len().div_ceil(FRAME);
    input.resize(frames * FRAME, 0.0);
    let end = samples16k.len() as u64 * 3 + u64::from(PRE_SKIP);
    for (i, frame) in input.chunks(FRAME).enumerate() {
        let mut packet = vec![0; 1500];
        let length = encoder.encode_float_to_slice(frame, &mut packet).expect("a packet");
        packet.truncate(length);
        let done = (i as u64 + 1) * FRAME as u64 * 3;
        let info = match i + 1 {
            last if last == frames => PacketWriteEndInfo::EndStream,
            n if n % 50 == 0 => PacketWriteEndInfo::EndPage,
            _ => PacketWriteEndInfo::NormalPacket,
        };
        writer.write_packet(packet, 7, info, done.min(end)).expect("memory");
    }
    drop(writer);
    file
}

pub fn silence(seconds: f32) -> Vec<f32> {
    vec![0.0; (seconds * RATE as f32) as usize]
}

/// A sum of sines, each with its amplitude.
pub fn tones(parts: &[(f32, f32)], seconds: f32) -> Vec<f32> {
    let count = (seconds * RATE as f32) as usize;
    let at = |i: usize, f: f32| (std::f32::consts::TAU * f * i as f32 / RATE as f32).sin();
    (0..count).map(|i| parts.iter().map(|&(f, a)| a * at(i, f)).sum()).collect()
}

/// White noise of a fixed seed.
pub fn noise(amplitude: f32, seconds: f32) -> Vec<f32> {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..(seconds * RATE as f32) as usize).map(|_| amplitude * next()).collect()
}
