//! Reads what is to be said: a WAV file, as 8 kHz mono samples.

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

/// Reads a WAV file of 8 kHz, 16 bit, mono.
///
/// # Errors
/// [`SpeechError`] with what to do.
pub fn read(path: &Path) -> Result<Vec<i16>, SpeechError> {
    let unreadable = |error| SpeechError::Unreadable { path: path.to_owned(), error };
    let mut reader = hound::WavReader::open(path).map_err(unreadable)?;
    let spec = reader.spec();
    if (spec.sample_rate, spec.bits_per_sample, spec.channels) != (8_000, 16, 1)
        || spec.sample_format != hound::SampleFormat::Int
    {
        let found = format!("{} Hz, {} bit, {} channel(s)", spec.sample_rate, spec.bits_per_sample, spec.channels);
        return Err(SpeechError::Form { path: path.to_owned(), found });
    }
    let seconds = reader.duration() / 8_000;
    if reader.duration() == 0 || seconds > LONGEST_SECONDS {
        return Err(SpeechError::Length { path: path.to_owned(), seconds });
    }
    reader.samples::<i16>().collect::<Result<Vec<i16>, _>>().map_err(unreadable)
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
        let spec =
            hound::WavSpec { channels: 2, sample_rate: 44_100, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        hound::WavWriter::create(&path, spec).unwrap().finalize().unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("44100 Hz, 16 bit, 2 channel(s)") && error.contains("sox"), "{error}");
    }
}
