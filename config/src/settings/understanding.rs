//! From words to a category.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// From words to a category.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Understanding {
    /// A second engine beside the one that weighs words, for a dauys that was built with `--features onnx`.
    pub embeddings: Embeddings,
}

/// Sentence embeddings from an ONNX model.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Embeddings {
    /// The shared library of ONNX Runtime, 1.17 or newer, for example `/usr/lib/libonnxruntime.so`; empty for the one that the
    /// variable ORT_DYLIB_PATH names, else the system's.
    pub library: PathBuf,
    /// A folder with `model.onnx` and `tokenizer.json` of a sentence encoder (multilingual MiniLM, e5, LaBSE and the like), or the
    /// model's own file with `tokenizer.json` beside it; empty for words alone.
    pub model: PathBuf,
    /// How much say it has beside the words, up to 0.95: at 0.5 as much as they; 0 for what serves best on phrases held out of training.
    pub weight: f32,
}

impl Embeddings {
    /// Returns the model; none where words decide alone.
    #[must_use]
    pub fn model(&self) -> Option<&Path> {
        set(&self.model)
    }

    /// Returns the library that is named here.
    #[must_use]
    pub fn library(&self) -> Option<&Path> {
        set(&self.library)
    }

    /// Returns the say that is given; none where training is to choose.
    #[must_use]
    pub fn weight(&self) -> Option<f32> {
        Some(self.weight).filter(|weight| *weight > 0.0)
    }
}

fn set(path: &Path) -> Option<&Path> {
    Some(path).filter(|path| !path.as_os_str().is_empty())
}
