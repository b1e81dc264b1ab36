//! Reads a ggml model file from end to end before whisper.cpp does, which trusts every length in it and ends the
//! process on what it does not like. Layout: magic, eleven numbers, mel filters, vocabulary, then the tensors.

use std::io::{ErrorKind, Read, Seek, SeekFrom};

/// "ggml" as a little-endian number.
const MAGIC: u32 = 0x6767_6d6c;
const GGUF_MAGIC: u32 = 0x4655_4747;
/// whisper.cpp stores a quantisation version in the thousands of the file type.
const QUANTISATION_FACTOR: i32 = 1000;
const FFT_BINS: i32 = 201;
/// The multilingual vocabularies: large-v3 has one language more. Others shift the special tokens beyond the known ones.
const VOCABULARIES: [i32; 2] = [51_865, 51_866];
const ENGLISH_ONLY: i32 = 51_864;
/// Milliseconds of audio in one position of the encoder.
const MS_PER_POSITION: u64 = 20;

/// What a model file says about the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelShape {
    /// Tokens in the vocabulary.
    pub vocabulary: i32,
    /// Positions that the encoder hears, 20 ms each.
    pub audio_positions: i32,
    /// Tokens that the decoder holds.
    pub text_positions: i32,
    /// Layers of the encoder.
    pub audio_layers: i32,
    /// Layers of the decoder.
    pub text_layers: i32,
}

impl ModelShape {
    /// Returns the longest audio that the model hears at once, in milliseconds.
    #[must_use]
    pub fn window_ms(&self) -> u64 {
        u64::try_from(self.audio_positions).unwrap_or(0) * MS_PER_POSITION
    }
}

/// What is wrong with a model file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelFileError {
    /// The first bytes are those of something else.
    #[error(
        "it does not start like a ggml file (a Whisper model named ggml-….bin is needed, not safetensors or PyTorch)"
    )]
    Magic,
    /// The file is in the newer GGUF format, which whisper.cpp does not read.
    #[error("it is a GGUF file; whisper.cpp reads the older ggml format (ggml-….bin)")]
    Gguf,
    /// The model knows English only.
    #[error("it is an English-only model; take the multilingual one")]
    EnglishOnly,
    /// The file ends early.
    #[error("it is cut short; fetch it again")]
    Truncated,
    /// A number in the file makes no sense.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// The file cannot be read.
    #[error("reading failed: {0}")]
    Io(String),
}

impl From<std::io::Error> for ModelFileError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == ErrorKind::UnexpectedEof { Self::Truncated } else { Self::Io(error.to_string()) }
    }
}

/// Walks a model file and returns its shape.
///
/// # Errors
/// Returns a [`ModelFileError`] unless every length in the file fits and the file ends where the last tensor does.
pub fn check_model(mut source: impl Read + Seek) -> Result<ModelShape, ModelFileError> {
    let length = source.seek(SeekFrom::End(0))?;
    source.seek(SeekFrom::Start(0))?;
    let mut walker = Walker { source, at: 0, length };
    walker.magic()?;
    let shape = walker.shape()?;
    walker.vocabulary(shape.vocabulary)?;
    let mut tensors = 0i32;
    while walker.at < walker.length {
        walker.tensor()?;
        tensors += 1;
    }
    // Eleven outside the layers, 15 in each of the encoder's layers, 24 in each of the decoder's.
    if tensors != 11 + 15 * shape.audio_layers + 24 * shape.text_layers {
        return Err(ModelFileError::Damaged("it has the wrong number of tensors"));
    }
    Ok(shape)
}

struct Walker<S> {
    source: S,
    at: u64,
    length: u64,
}

impl<S: Read + Seek> Walker<S> {
    fn u32(&mut self) -> Result<u32, ModelFileError> {
        let mut raw = [0; 4];
        self.source.read_exact(&mut raw)?;
        self.at += 4;
        Ok(u32::from_le_bytes(raw))
    }

    fn number(&mut self, allowed: std::ops::RangeInclusive<i32>, what: &'static str) -> Result<i32, ModelFileError> {
        let value = self.u32()?.cast_signed();
        if allowed.contains(&value) { Ok(value) } else { Err(ModelFileError::Damaged(what)) }
    }

    fn skip(&mut self, bytes: u64) -> Result<(), ModelFileError> {
        let at = self.at.checked_add(bytes).filter(|&at| at <= self.length).ok_or(ModelFileError::Truncated)?;
        self.source.seek(SeekFrom::Start(at))?;
        self.at = at;
        Ok(())
    }

    fn magic(&mut self) -> Result<(), ModelFileError> {
        match self.u32() {
            Ok(MAGIC) => Ok(()),
            Ok(GGUF_MAGIC) => Err(ModelFileError::Gguf),
            Ok(_) | Err(ModelFileError::Truncated) => Err(ModelFileError::Magic),
            Err(error) => Err(error),
        }
    }

    /// The eleven numbers and the mel filters.
    fn shape(&mut self) -> Result<ModelShape, ModelFileError> {
        let vocabulary = self.u32()?.cast_signed();
        if vocabulary == ENGLISH_ONLY {
            return Err(ModelFileError::EnglishOnly);
        }
        if !VOCABULARIES.contains(&vocabulary) {
            return Err(ModelFileError::Damaged("vocabulary size"));
        }
        let audio_positions = self.number(1..=1500, "audio positions")?;
        let width = self.number(16..=8192, "width")?;
        let audio_heads = self.number(1..=128, "audio heads")?;
        let audio_layers = self.number(1..=64, "audio layers")?;
        let text_positions = self.number(8..=4096, "text positions")?;
        let _text_width = self.number(width..=width, "text width")?;
        let text_heads = self.number(1..=128, "text heads")?;
        let text_layers = self.number(1..=64, "text layers")?;
        let mels = self.number(1..=256, "mel bands")?;
        let file_type = self.number(0..=i32::MAX, "file type")? % QUANTISATION_FACTOR;
        if !matches!(file_type, 0 | 1 | 2 | 3 | 7..=14) {
            return Err(ModelFileError::Damaged("file type"));
        }
        if width % audio_heads != 0 || width % text_heads != 0 {
            return Err(ModelFileError::Damaged("heads"));
        }
        let filters = self.number(mels..=mels, "mel filters")?;
        let bins = self.number(FFT_BINS..=FFT_BINS, "mel filter length")?;
        self.skip(u64::from((filters * bins).cast_unsigned()) * 4)?;
        Ok(ModelShape { vocabulary, audio_positions, text_positions, audio_layers, text_layers })
    }

    fn vocabulary(&mut self, most: i32) -> Result<(), ModelFileError> {
        let count = self.number(1..=most, "vocabulary")?;
        for _ in 0..count {
            let length = self.number(0..=1024, "token length")?;
            self.skip(u64::from(length.cast_unsigned()))?;
        }
        Ok(())
    }

    fn tensor(&mut self) -> Result<(), ModelFileError> {
        let dimensions = self.number(1..=4, "tensor dimensions")?;
        let name = self.number(1..=128, "tensor name")?;
        let (block, bytes) = block_size(self.u32()?).ok_or(ModelFileError::Damaged("tensor type"))?;
        let mut elements = 1u64;
        for _ in 0..dimensions {
            let extent = self.number(1..=1 << 24, "tensor extent")?;
            elements = elements.saturating_mul(u64::from(extent.cast_unsigned()));
        }
        if elements > 1 << 31 || !elements.is_multiple_of(block) {
            return Err(ModelFileError::Damaged("tensor size"));
        }
        self.skip(u64::from(name.cast_unsigned()))?;
        self.skip(elements / block * bytes)
    }
}

/// Elements and bytes in a block of each ggml type that Whisper models are stored in.
fn block_size(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 => (1, 4),
        1 => (1, 2),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        _ => return None,
    })
}
