//! A library that is not there, or is another one, is told with what to do. Alone in this program: a library that is loaded stays.

use std::path::Path;

use dauys_embeddings::{EmbeddingsError, Encoder};

#[test]
fn a_library_that_cannot_be_loaded_is_told() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tiny");
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("libonnxruntime.so");
    std::fs::write(&other, "no library").unwrap();
    for library in [folder.path().join("nowhere.so"), other] {
        let error = Encoder::load(&model, Some(&library)).unwrap_err();
        assert!(matches!(error, EmbeddingsError::Library { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("libonnxruntime") && text.contains("ORT_DYLIB_PATH"), "{text}");
    }
}
