//! From texts to vectors: a tokenizer, a sentence encoder in ONNX, and pooling.

mod graph;

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokenizers::utils::truncation::TruncationParams;
use tokenizers::{Encoding, PostProcessor, Tokenizer};

use crate::error::EmbeddingsError;
use crate::{pooling, runtime};
use graph::{Batch, Graph};

/// Tokens of a text that are read, those that the tokenizer adds included; what is longer is cut.
pub const TOKENS: usize = 256;
/// Letters of a text that are read at all, so that a tokenizer has no more to do than its limit asks for.
const LETTERS: usize = TOKENS * 24;
/// Texts that are computed together.
const BATCH: usize = 32;
/// How the files in a folder are named.
const MODEL: &str = "model.onnx";
const TOKENIZER: &str = "tokenizer.json";
/// Tokens that pad, where the tokenizer does not say which it takes.
const PADDING: [&str; 2] = ["<pad>", "[PAD]"];
/// Letters of the hash and of the name that stand in a version.
const HASH_LETTERS: usize = 6;
const NAME_LETTERS: usize = 40;

/// Turns texts into vectors of length 1.
pub struct Encoder {
    tokenizer: Tokenizer,
    padding: i64,
    graph: Graph,
    name: String,
    hash: String,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("name", &self.name).field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl Encoder {
    /// Loads `model.onnx` and `tokenizer.json` from a folder, or a model's own file with `tokenizer.json` beside it, and lets it
    /// compute once. `library` is the shared library of ONNX Runtime; without one `ORT_DYLIB_PATH` or the system says where it is.
    ///
    /// # Errors
    /// An [`EmbeddingsError`] that says what is wrong and what to do.
    pub fn load(model: &Path, library: Option<&Path>) -> Result<Self, EmbeddingsError> {
        let file = if model.is_dir() { model.join(MODEL) } else { model.to_owned() };
        let beside = file.with_file_name(TOKENIZER);
        let hash = hash(&[&file, &beside])?;
        let (tokenizer, padding) = tokenizer(&beside)?;
        let graph = Graph::load(&file, &runtime::environment(library)?)?;
        let encoder = Self { tokenizer, padding, graph, name: name(&file), hash };
        // What is wrong with a model shows when it computes, and must show at start.
        encoder.embed(&["109"]).map_err(|error| match error {
            EmbeddingsError::Run(reason) => EmbeddingsError::Model { path: file, reason },
            other => other,
        })?;
        Ok(encoder)
    }

    /// Names the model's and the tokenizer's bytes: SHA-256 in hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Names the model for people: its folder or file, and the beginning of the hash.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-{}", self.name, self.hash.get(..HASH_LETTERS).unwrap_or_default())
    }

    /// Makes a vector of each text; `None` for one of which the tokenizer leaves nothing.
    ///
    /// # Errors
    /// Where the tokenizer or the model fails, or gives another shape than it said.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>, EmbeddingsError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for texts in texts.chunks(BATCH) {
            let encode = |text: &&str| self.tokenizer.encode_fast(cut(text), true);
            let encodings: tokenizers::Result<Vec<Encoding>> = guarded(|| texts.iter().map(encode).collect());
            let encodings = encodings.map_err(|error| EmbeddingsError::Run(error.to_string()))?;
            let batch = self.batch(&encodings);
            vectors.extend(self.graph.run(&batch)?.into_iter().map(|vector| vector.and_then(pooling::normalised)));
        }
        Ok(vectors)
    }

    /// Brings the tokens of several texts to one length.
    fn batch(&self, encodings: &[Encoding]) -> Batch {
        let length = encodings.iter().map(|encoding| encoding.get_ids().len()).max().unwrap_or(0).max(1);
        let padded = |of: fn(&Encoding) -> &[u32], with: i64| -> Vec<i64> {
            let row = |encoding| of(encoding).iter().map(|value| i64::from(*value));
            encodings.iter().flat_map(|e| row(e).chain(std::iter::repeat(with)).take(length)).collect()
        };
        Batch {
            texts: encodings.len(),
            length,
            ids: padded(Encoding::get_ids, self.padding),
            mask: padded(Encoding::get_attention_mask, 0),
            types: padded(Encoding::get_type_ids, 0),
        }
    }
}

/// Makes an error of a panic: `tokenizers` trusts what a file says of itself, and a file may say anything.
fn guarded<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> tokenizers::Result<T> {
    let caught = std::panic::catch_unwind(AssertUnwindSafe(work));
    caught.unwrap_or_else(|_| Err("its rules contradict each other".into()))
}

fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(LETTERS).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// Reads a tokenizer, lets it cut at [`TOKENS`], and finds the token that pads.
fn tokenizer(path: &Path) -> Result<(Tokenizer, i64), EmbeddingsError> {
    let refused = |reason: String| EmbeddingsError::Tokenizer { path: path.to_owned(), reason };
    let bytes = std::fs::read(path).map_err(|reason| EmbeddingsError::File { path: path.to_owned(), reason })?;
    let mut tokenizer = guarded(|| Tokenizer::from_bytes(&bytes)).map_err(|error| refused(error.to_string()))?;
    let named = || PADDING.iter().find_map(|token| tokenizer.token_to_id(token)).unwrap_or(0);
    let padding = tokenizer.get_padding().map_or_else(named, |padding| padding.pad_id);
    tokenizer.with_padding(None);
    let added = tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(false));
    if added >= TOKENS {
        return Err(refused(format!("it adds {added} tokens to every text")));
    }
    let cutting = TruncationParams { max_length: TOKENS, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(cutting)).map_err(|error| refused(error.to_string()))?;
    Ok((tokenizer, i64::from(padding)))
}

fn hash(files: &[&Path]) -> Result<String, EmbeddingsError> {
    let mut digest = Sha256::new();
    for path in files {
        let failed = |reason| EmbeddingsError::File { path: (*path).to_owned(), reason };
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        let mut bytes = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut bytes).map_err(failed)?;
            if read == 0 {
                break;
            }
            digest.update(bytes.get(..read).unwrap_or_default());
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Names a model by its folder, or by its file where that has a name of its own.
fn name(file: &Path) -> String {
    let folder = || file.parent().and_then(Path::file_name).map(PathBuf::from);
    let own = file.file_name().is_some_and(|name| name != MODEL).then(|| file.file_stem().map(PathBuf::from));
    let said = own.flatten().or_else(folder).unwrap_or_default().to_string_lossy().to_lowercase();
    let plain = said.chars().map(|c| if c.is_ascii_alphanumeric() || "._".contains(c) { c } else { '-' });
    let name: String = plain.take(NAME_LETTERS).collect();
    if name.is_empty() { "embeddings".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_by_its_folder_or_by_its_own_file() {
        assert_eq!(name(Path::new("/srv/MiniLM L12/model.onnx")), "minilm-l12");
        assert_eq!(name(Path::new("/srv/models/e5.onnx")), "e5");
        assert_eq!(name(Path::new("model.onnx")), "embeddings");
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        let long = "ж".repeat(LETTERS + 5);
        assert_eq!(cut(&long).chars().count(), LETTERS);
        assert_eq!(cut("вода"), "вода");
    }
}
