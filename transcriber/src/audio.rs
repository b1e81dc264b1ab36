//! What a recording is: bytes in, 16 kHz mono samples out. Sizes and durations are checked before anything is decoded.

mod container;
mod opus;
mod resample;
mod wav;

use std::time::Duration;

/// The sample rate that every stage after decoding works at, in Hz.
pub const SAMPLE_RATE: u32 = 16_000;

/// The bounds that a recording must keep to be decoded at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub max_bytes: usize,
    /// Longest recording.
    pub max_duration: Duration,
}

impl Default for Limits {
    /// 64 MiB and one hour: an hour of A-law is 29 MB, and messengers end at 20 MB.
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_duration: Duration::from_secs(3600) }
    }
}

/// The container and codec that a recording came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// WAV with 16-bit linear samples.
    WavPcm16,
    /// WAV with G.711 A-law (format tag 6).
    WavALaw,
    /// WAV with G.711 µ-law (format tag 7).
    WavMuLaw,
    /// WAV with G.722 at 64 kbit/s (format tags 0x028F and 0x0065).
    WavG722,
    /// Opus in Ogg (RFC 7845), as messengers send voice notes.
    OggOpus,
    /// Opus in WebM or Matroska, as browsers record.
    WebmOpus,
    /// AAC in MP4 (m4a), as telephones record.
    Mp4Aac,
    /// MP3.
    Mp3,
}

/// A decoded recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// Mono samples at [`SAMPLE_RATE`], each within -1..=1.
    pub samples: Vec<f32>,
    /// What the samples were made from.
    pub format: Format,
}

impl Audio {
    /// Returns the length of the recording.
    #[must_use]
    pub fn duration(&self) -> Duration {
        samples_to_duration(self.samples.len())
    }
}

/// Why a recording cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The recording has no bytes or no samples.
    #[error("the recording is empty")]
    Empty,
    /// The file is larger than the limit.
    #[error("the recording has {bytes} bytes, more than the {limit} allowed")]
    TooLarge {
        /// Size of the file.
        bytes: usize,
        /// Largest size allowed.
        limit: usize,
    },
    /// The recording is longer than the limit.
    #[error("the recording lasts {seconds} s, more than the {limit} s allowed")]
    TooLong {
        /// Length of the recording, in whole seconds.
        seconds: u64,
        /// Longest length allowed, in whole seconds.
        limit: u64,
    },
    /// Nothing that is known.
    #[error("the recording is neither WAV nor Ogg/Opus, WebM/Opus, m4a or MP3")]
    UnknownContainer,
    /// The container is known, its contents are not supported.
    #[error("unsupported recording: {0}")]
    Unsupported(String),
    /// The file ends before its own headers say that it does.
    #[error("the recording is cut short: {0}")]
    Truncated(&'static str),
    /// The file contradicts itself.
    #[error("the recording is damaged: {0}")]
    Corrupt(&'static str),
}

/// Decodes a recording to 16 kHz mono.
///
/// # Errors
/// Returns a [`DecodeError`] when the bytes are not a complete recording of a known [`Format`] within `limits`.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Audio, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    if bytes.len() > limits.max_bytes {
        return Err(DecodeError::TooLarge { bytes: bytes.len(), limit: limits.max_bytes });
    }
    let audio = if bytes.starts_with(b"RIFF") {
        wav::decode(bytes, limits)?
    } else if bytes.starts_with(b"OggS") {
        opus::decode(bytes, limits)?
    } else if let Some(kind) = container::Kind::of(bytes) {
        container::decode(bytes, kind, limits)?
    } else {
        return Err(DecodeError::UnknownContainer);
    };
    if audio.samples.is_empty() {
        return Err(DecodeError::Empty);
    }
    Ok(audio)
}

/// Returns the law and the bytes of a WAV file as a telephone call leaves it: G.711, one channel, 8,000 samples a second. `None` for
/// anything else.
#[must_use]
pub fn telephone_payload(bytes: &[u8]) -> Option<(Format, &[u8])> {
    wav::telephone_payload(bytes)
}

/// Returns how long so many samples at [`SAMPLE_RATE`] last.
#[must_use]
pub fn samples_to_duration(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
}

/// Writes mono samples at [`SAMPLE_RATE`] as a WAV file of 16-bit samples.
#[must_use]
pub fn to_wav(samples: &[f32]) -> Vec<u8> {
    let size = u32::try_from(2 * samples.len()).unwrap_or(u32::MAX - 36);
    let mut file = Vec::with_capacity(44 + 2 * samples.len());
    file.extend(b"RIFF");
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(SAMPLE_RATE.to_le_bytes());
    file.extend((2 * SAMPLE_RATE).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(size.to_le_bytes());
    for sample in samples {
        file.extend(((sane(*sample) * 32_767.0).round() as i16).to_le_bytes());
    }
    file
}

/// Refuses a recording of `samples` at `rate` Hz that is longer than the limit.
fn check_duration(samples: u64, rate: u32, limits: &Limits) -> Result<(), DecodeError> {
    let limit = limits.max_duration.as_secs();
    let seconds = samples / u64::from(rate.max(1));
    if seconds > limit {
        return Err(DecodeError::TooLong { seconds, limit });
    }
    Ok(())
}

/// Brings stray samples (clipping codecs, NaN) into -1..=1.
fn sane(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
}
