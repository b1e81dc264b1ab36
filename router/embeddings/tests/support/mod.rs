//! Where the tiny models and a real ONNX Runtime are.

use std::io::Write;
use std::path::{Path, PathBuf};

use dauys_embeddings::{EmbeddingsError, Encoder};

/// Gives the path of a file or folder in `tests/data`.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Gives ONNX Runtime's library, or says for `scripts/test.sh` to count that the test was skipped: under CI that is a failure.
pub fn library() -> Option<PathBuf> {
    let named = std::env::var_os("DAUYS_TEST_ONNXRUNTIME").filter(|value| !value.is_empty());
    if named.is_none() {
        let thread = std::thread::current();
        let line = format!("SKIPPED {}: no ONNX Runtime\n", thread.name().unwrap_or("a test"));
        let _ = std::io::stdout().write_all(line.as_bytes());
    }
    named.map(PathBuf::from)
}

/// Loads a model of `tests/data` on a real ONNX Runtime; none where there is no such thing.
pub fn load(model: &str) -> Option<Result<Encoder, EmbeddingsError>> {
    Some(Encoder::load(&data(model), Some(&library()?)))
}
