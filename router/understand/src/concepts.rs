//! Concepts: what a word means whatever its language, so that a phrase learnt in one language teaches the others.
//!
//! The table in `data/concepts.txt` lists word beginnings by meaning; the longest beginning that fits a word decides.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::features::{Identity, hash};
use crate::fold::fold;

pub(crate) const TABLE: &str = include_str!("../data/concepts.txt");
/// Closes the key of a word that must fit wholly.
const WHOLE: u8 = b'$';

/// Numbers a concept.
pub(crate) type Concept = u16;

/// Finds concepts in folded words.
#[derive(Debug)]
pub(crate) struct Concepts {
    stems: HashMap<u64, Concept, BuildHasherDefault<Identity>>,
    /// Beginnings of two words that mean something together.
    pairs: HashMap<String, Vec<(String, Concept)>>,
}

impl Concepts {
    /// Reads the table.
    pub(crate) fn new() -> Self {
        let mut concepts = Self { stems: HashMap::default(), pairs: HashMap::new() };
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(':'));
        for (number, (_, stems)) in (0..Concept::MAX).zip(lines) {
            for stem in stems.split_whitespace() {
                concepts.add(stem, number);
            }
        }
        concepts
    }

    fn add(&mut self, stem: &str, number: Concept) {
        if let Some((first, second)) = stem.split_once('_') {
            self.pairs.entry(fold(first)).or_default().push((fold(second), number));
            return;
        }
        let mut key = fold(stem).into_bytes();
        if stem.ends_with('$') {
            key.push(WHOLE);
        }
        // A stem that the table gives to two concepts belongs to the first.
        self.stems.entry(hash(9, &key)).or_insert(number);
    }

    /// Says what a word means, with the word after it where the two mean something together.
    pub(crate) fn of(&self, word: &str, next: Option<&str>) -> Option<Concept> {
        if let (Some(seconds), Some(next)) = (self.pairs.get(word), next)
            && let Some((_, number)) = seconds.iter().find(|(second, _)| next.starts_with(second.as_str()))
        {
            return Some(*number);
        }
        let mut whole = [0_u8; 48];
        if let Some(place) = whole.get_mut(..word.len()) {
            place.copy_from_slice(word.as_bytes());
            whole[word.len().min(47)] = WHOLE;
            if let Some(number) = whole.get(..=word.len()).and_then(|key| self.stems.get(&hash(9, key))) {
                return Some(*number);
            }
        }
        (2..=word.len()).rev().find_map(|end| self.stems.get(&hash(9, word.as_bytes().get(..end)?)).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold_phrase;

    fn name(words: &str) -> Option<&'static str> {
        let folded = fold_phrase(words);
        let mut parts = folded.split(' ');
        let (first, next) = (parts.next().unwrap_or_default(), parts.next());
        let number = Concepts::new().of(first, next)?;
        let mut lines = TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(':'));
        lines.nth(usize::from(number)).map(|(name, _)| name)
    }

    #[test]
    fn one_meaning_in_every_language() {
        for (words, concept) in [
            ("воды", "water"),
            ("суды", "water"),
            ("suv", "water"),
            ("водитель", "driver"),
            ("светофор", "trafficlight"),
            ("қоқысты", "rubbish"),
            ("axlatlar", "rubbish"),
            ("тез жәрдем", "ambulance"),
            ("tez yordam", "ambulance"),
        ] {
            assert_eq!(name(words), Some(concept), "{words}");
        }
        assert_eq!(name("абракадабра"), None);
    }
}
