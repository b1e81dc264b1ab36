//! What can be wrong with a model from outside, and what to do about it.

use std::path::PathBuf;

use thiserror::Error;

/// Says why embeddings cannot be had.
#[derive(Debug, Error)]
pub enum EmbeddingsError {
    /// A file is not there or cannot be read.
    #[error(
        "{path} cannot be read ({reason}): name a folder that holds model.onnx and tokenizer.json, or the model's own file beside tokenizer.json"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The tokenizer's file is something else.
    #[error("{path} is no tokenizer of this form ({reason}): export the model with its fast tokenizer")]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The shared library of ONNX Runtime cannot be loaded.
    #[error(
        "ONNX Runtime cannot be loaded from {library} ({reason}): install libonnxruntime 1.17 or newer and name it with `library`, or by ORT_DYLIB_PATH"
    )]
    Library {
        /// The library.
        library: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// ONNX Runtime does not take the model.
    #[error("{path} is no model that ONNX Runtime takes ({reason})")]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The model wants or gives something else than a sentence encoder does.
    #[error(
        "{path} is no sentence encoder ({reason}): it must take input_ids and attention_mask (and perhaps token_type_ids) as int64 and give last_hidden_state or sentence_embedding as float32"
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A computation failed.
    #[error("the model could not compute ({0})")]
    Run(String),
    /// The city's phrases do not suffice.
    #[error("there are too few phrases to learn from: {0} with a vector")]
    Phrases(usize),
}
