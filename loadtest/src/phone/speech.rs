//! Reads what is to be said: a WAV file, as 8 kHz mono samples. G.711 files, as dauys records calls, are taken as well.

use dauys_media::g711::Codec;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The longest speech that is placed, in seconds.
pub const LONGEST_SECONDS: u32 = 1_800;

/// Why a file cannot be spoken.
#[derive(Debug, Error)]
pub enum SpeechError {
    /// The file is missing, or is no WAV.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: hound::Error,
    },
    /// The file has another form than a telephone speaks.
    #[error("{path}: {found}; a telephone speaks 8000 Hz, 16 bit, mono: `sox {path} -r 8000 -b 16 -c 1 out.wav`", path = path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What it has.
        found: String,
    },
    /// The file has nothing in it, or too much.
    #[error("{path}: holds {seconds} s of sound; it should hold up to {LONGEST_SECONDS} s", path = path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length.
        seconds: u32,
    },
}

/// Reads a WAV file of 8 kHz, mono: 16 bit, A-law or µ-law.
///
/// # Errors
/// [`SpeechError`] with what to do.
pub fn read(path: &Path) -> Result<Vec<i16>, SpeechError> {
    let bytes = std::fs::read(path)
        .map_err(|error| SpeechError::Unreadable { path: path.to_owned(), error: hound::Error::IoError(error) })?;
    parse(&bytes, path)
}

/// Reads a WAV file that is in memory; `path` names it in errors.
///
/// # Errors
/// [`SpeechError`] with what to do.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Vec<i16>, SpeechError> {
    let samples = match companded(bytes) {
        Some((codec, payload)) => payload.iter().map(|byte| codec.decode(*byte)).collect(),
        None => linear(bytes, path)?,
    };
    let seconds = u32::try_from(samples.len() / 8_000).unwrap_or(u32::MAX);
    if samples.is_empty() || seconds > LONGEST_SECONDS {
        return Err(SpeechError::Length { path: path.to_owned(), seconds });
    }
    Ok(samples)
}

fn linear(bytes: &[u8], path: &Path) -> Result<Vec<i16>, SpeechError> {
    let unreadable = |error| SpeechError::Unreadable { path: path.to_owned(), error };
    let reader = hound::WavReader::new(Cursor::new(bytes)).map_err(unreadable)?;
    let spec = reader.spec();
    if (spec.sample_rate, spec.bits_per_sample, spec.channels) != (8_000, 16, 1)
        || spec.sample_format != hound::SampleFormat::Int
    {
        let found = format!("{} Hz, {} bit, {} channel(s)", spec.sample_rate, spec.bits_per_sample, spec.channels);
        return Err(SpeechError::Form { path: path.to_owned(), found });
    }
    reader.into_samples::<i16>().collect::<Result<Vec<i16>, _>>().map_err(unreadable)
}

/// Returns the bytes of an 8 kHz mono G.711 file; nothing of any other.
pub fn payload(bytes: &[u8]) -> Option<&[u8]> {
    companded(bytes).map(|(_, payload)| payload)
}

/// Finds the payload of an 8 kHz mono G.711 file, a form that `hound` does not read.
fn companded(bytes: &[u8]) -> Option<(Codec, &[u8])> {
    let mut rest = bytes.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WAVE")?;
    let mut codec = None;
    while let Some((head, body)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes(head.get(4..8)?.try_into().ok()?) as usize;
        let chunk = body.get(..length.min(body.len()))?;
        match head.get(..4)? {
            b"fmt " => {
                codec = match chunk.get(..8)? {
                    [6, 0, 1, 0, 0x40, 0x1F, 0, 0] => Some(Codec::Alaw),
                    [7, 0, 1, 0, 0x40, 0x1F, 0, 0] => Some(Codec::Ulaw),
                    _ => return None,
                }
            }
            b"data" => return codec.map(|codec| (codec, chunk)),
            _ => {}
        }
        rest = body.get(length.checked_add(length % 2)?..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_wrong_and_missing_files_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        assert!(matches!(read(&path), Err(SpeechError::Unreadable { .. })));
        std::fs::write(&path, b"RIFF\xff\xff\xff\xffWAVEfmt ").unwrap();
        assert!(matches!(read(&path), Err(SpeechError::Unreadable { .. })));
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 44_100,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        hound::WavWriter::create(&path, spec).unwrap().finalize().unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("44100 Hz, 16 bit, 2 channel(s)") && error.contains("sox"), "{error}");
    }

    #[test]
    fn a_recording_of_a_call_can_be_spoken() {
        let payload: Vec<u8> = (0..=255).collect();
        for (tag, codec) in [(6u8, Codec::Alaw), (7, Codec::Ulaw)] {
            let mut file = b"RIFF\0\0\0\0WAVEfmt \x12\0\0\0".to_vec();
            file.extend([tag, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0, 0, 0]);
            file.extend(b"fact\x04\0\0\0\0\x01\0\0data\0\x01\0\0");
            file.extend(&payload);
            let samples = parse(&file, Path::new("call.wav")).unwrap();
            assert_eq!(samples, payload.iter().map(|byte| codec.decode(*byte)).collect::<Vec<_>>());
            for end in 0..file.len() {
                let _ = parse(&file[..end], Path::new("cut.wav"));
            }
        }
    }
}
