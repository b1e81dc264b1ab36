//! Known speech models: where they come from, how large they are, and whether a file is one of them, whole.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha1::{Digest as _, Sha1};

use crate::engine::{ModelFileError, check_model};

/// The manifest: one model a line.
const MANIFEST: &str = include_str!("models/manifest.tsv");

/// A known model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The name, as settings and commands use it.
    pub name: &'static str,
    /// The size that its publisher states, in MiB: rounded.
    pub mebibytes: u64,
    /// The SHA-1 that its publisher states, in hexadecimal.
    pub sha1: &'static str,
    /// Where the file is found.
    pub source: &'static str,
    /// The licence of the weights.
    pub licence: &'static str,
    /// The languages that it was trained on.
    pub languages: &'static str,
}

impl Model {
    /// Returns where the model's file belongs in a data folder.
    #[must_use]
    pub fn path(&self, data: &Path) -> PathBuf {
        data.join("models").join(format!("ggml-{}.bin", self.name))
    }
}

/// Returns the known models, in the order of the manifest.
#[must_use]
pub fn known() -> &'static [Model] {
    static KNOWN: OnceLock<Vec<Model>> = OnceLock::new();
    KNOWN.get_or_init(|| MANIFEST.lines().filter(|line| !line.starts_with('#')).filter_map(read_line).collect())
}

/// Finds a known model by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Model> {
    known().iter().find(|model| model.name == name)
}

fn read_line(line: &'static str) -> Option<Model> {
    let mut columns = line.split('\t');
    let mut next = || columns.next();
    Some(Model {
        name: next()?,
        mebibytes: next()?.parse().ok()?,
        sha1: next()?,
        source: next()?,
        licence: next()?,
        languages: next()?,
    })
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Its bytes are not those that the publisher states.
    #[error("its SHA-1 is {found}, its publisher states {expected}: fetch it again")]
    Checksum {
        /// What the file has.
        found: String,
        /// What it should have.
        expected: &'static str,
    },
    /// It is no model that whisper.cpp can take.
    #[error("{0}")]
    Model(#[from] ModelFileError),
}

/// Checks a file against a model of the manifest: its bytes, then that every length in it fits.
///
/// # Errors
/// A [`VerifyError`] where it is not that model, or not whole.
pub fn verify(model: &Model, path: &Path) -> Result<(), VerifyError> {
    let found = sha1_of(path)?;
    if found != model.sha1 {
        return Err(VerifyError::Checksum { found, expected: model.sha1 });
    }
    check_model(BufReader::new(File::open(path)?))?;
    Ok(())
}

/// Computes the SHA-1 of a file in hexadecimal.
fn sha1_of(path: &Path) -> std::io::Result<String> {
    let (mut file, mut hash) = (File::open(path)?, Sha1::new());
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hash.update(buffer.get(..count).unwrap_or_default());
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_manifest_is_a_model_with_a_whole_checksum() {
        let lines = MANIFEST.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        assert_eq!(known().len(), lines);
        for model in known() {
            assert!(model.sha1.len() == 40 && model.sha1.chars().all(|c| c.is_ascii_hexdigit()), "{}", model.name);
            assert!(model.source.ends_with(&format!("ggml-{}.bin", model.name)), "{}", model.name);
        }
    }

    #[test]
    fn a_file_that_is_not_the_model_is_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ggml-tiny.bin");
        std::fs::write(&path, b"abc").expect("space");
        assert_eq!(sha1_of(&path).expect("readable"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let error = verify(find("tiny").expect("a known model"), &path).expect_err("three bytes are no model");
        assert!(error.to_string().contains("fetch it again"), "{error}");
    }
}
