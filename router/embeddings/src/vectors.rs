//! Vectors of phrases that were computed before: a real encoder takes minutes for all phrases of a city, and most stay as they
//! are when a pack changes. Kept by the hash of each text, for one model.

use std::collections::BTreeMap;

use dauys_understand::bytes::{Cursor, Writer};
use sha2::{Digest, Sha256};

/// Names the format; another number is another format.
const FORMAT: &[u8; 8] = b"DAUYSEV1";

/// Vectors by the [`key`] of their text; an empty one belongs to a text of which the model makes none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vectors {
    of: BTreeMap<u64, Vec<f32>>,
}

/// Names a text among the vectors.
#[must_use]
pub fn key(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

impl Vectors {
    /// Gives the vector of a text, as far as there is one.
    #[must_use]
    pub fn get(&self, text: &str) -> Option<&[f32]> {
        self.of.get(&key(text)).map(Vec::as_slice).filter(|vector| !vector.is_empty())
    }

    /// Says whether the model was asked about a text.
    #[must_use]
    pub fn knows(&self, text: &str) -> bool {
        self.of.contains_key(&key(text))
    }

    /// Takes in what the model made of a text.
    pub fn insert(&mut self, text: &str, vector: Option<Vec<f32>>) {
        self.of.insert(key(text), vector.unwrap_or_default());
    }

    /// Forgets what is not among these texts, so that the file does not grow with every change of a pack.
    pub fn keep<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        let keys: std::collections::HashSet<u64> = texts.map(key).collect();
        self.of.retain(|key, _| keys.contains(key));
    }

    /// Writes the vectors, and which model they are of.
    #[must_use]
    pub fn to_bytes(&self, model: &str) -> Vec<u8> {
        let mut out = Writer::new(FORMAT);
        out.text(model);
        let entries: Vec<_> = self.of.iter().collect();
        out.list(&entries, |out, (key, vector)| {
            out.number(**key);
            out.floats(vector);
        });
        out.sealed()
    }

    /// Reads what [`Vectors::to_bytes`] wrote; `None` where it is damaged or of another model.
    #[must_use]
    pub fn from_bytes(model: &str, bytes: &[u8]) -> Option<Self> {
        let mut from = Cursor::open(FORMAT, bytes)?;
        let fits = from.text()? == model;
        let entries = from.list(|from| Some((from.number()?, from.floats()?)))?;
        (fits && from.is_empty()).then(|| Self { of: entries.into_iter().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn some() -> Vectors {
        let mut vectors = Vectors::default();
        vectors.insert("вода", Some(vec![1.0, 2.0]));
        vectors.insert("свет", Some(vec![0.5, -1.0]));
        vectors.insert("…", None);
        vectors
    }

    #[test]
    fn what_is_written_is_read_for_the_same_model_only() {
        let bytes = some().to_bytes("a");
        assert_eq!(Vectors::from_bytes("a", &bytes), Some(some()));
        assert_eq!(Vectors::from_bytes("b", &bytes), None);
    }

    #[test]
    fn a_text_without_a_vector_is_known_and_has_none() {
        assert!(some().knows("…") && some().get("…").is_none());
        assert!(!some().knows("газ"));
    }

    #[test]
    fn texts_that_are_gone_are_forgotten() {
        let mut vectors = some();
        vectors.keep(["вода"].into_iter());
        assert!(vectors.knows("вода") && !vectors.knows("свет"));
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_reader(at in 8_usize..100, value: u8, cut in 0_usize..100) {
            let mut bytes = some().to_bytes("a");
            bytes.truncate(bytes.len() - 4);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            bytes.truncate(bytes.len().saturating_sub(cut).max(8));
            let mut out = Writer::new(b"DAUYSEV1");
            out.raw(bytes.get(8..).unwrap_or_default());
            let _ = Vectors::from_bytes("a", &out.sealed());
        }
    }
}
