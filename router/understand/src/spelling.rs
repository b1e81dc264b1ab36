//! Words that a recogniser misspelt: the nearest word that training has met, one letter away.

use crate::features::{ByHash, hash};

/// Shortest word that is mended: a shorter one is another word as often as a misspelt one.
const SHORTEST: usize = 5;
/// Words of the vocabulary that share a key and are compared.
const COMPARED: usize = 8;

/// Mends words.
#[derive(Debug, Default, Clone)]
pub(crate) struct Spelling {
    words: Vec<String>,
    /// Words by what is left of them without one letter.
    keys: ByHash<Vec<u32>>,
}

impl Spelling {
    /// Takes the words that training has met; the order settles ties.
    pub(crate) fn new(words: Vec<String>) -> Self {
        let mut spelling = Self { words: Vec::new(), keys: ByHash::default() };
        for word in words.into_iter().filter(|word| word.len() >= SHORTEST) {
            let number = u32::try_from(spelling.words.len()).unwrap_or(u32::MAX);
            each_deletion(&word, |key| {
                let same = spelling.keys.entry(key).or_default();
                if same.len() < COMPARED && same.last() != Some(&number) {
                    same.push(number);
                }
            });
            spelling.words.push(word);
        }
        spelling
    }

    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// Finds a known word that is one letter away: one too many, one missing, another one, or two swapped.
    pub(crate) fn mend(&self, word: &str) -> Option<&str> {
        if word.len() < SHORTEST || !word.is_ascii() {
            return None;
        }
        let mut best: Option<(usize, u32)> = None;
        each_deletion(word, |key| {
            for &number in self.keys.get(&key).into_iter().flatten() {
                let Some(known) = self.words.get(number as usize) else { continue };
                let distance = strsim::osa_distance(known, word);
                if distance <= 1 && best.is_none_or(|found| (distance, number) < found) {
                    best = Some((distance, number));
                }
            }
        });
        best.and_then(|(_, number)| self.words.get(number as usize)).map(String::as_str)
    }
}

/// Goes through a word as it is and without each of its letters.
fn each_deletion(word: &str, mut take: impl FnMut(u64)) {
    let letters = word.as_bytes();
    take(hash(8, letters));
    let mut rest = Vec::with_capacity(letters.len());
    for skipped in 0..letters.len() {
        rest.clear();
        rest.extend(letters.iter().enumerate().filter(|(at, _)| *at != skipped).map(|(_, letter)| *letter));
        take(hash(8, &rest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_letter_is_mended_and_a_strange_word_is_left() {
        let spelling = Spelling::new(["musor", "vivozyat", "kanalizatsiya"].map(str::to_owned).to_vec());
        assert_eq!(spelling.mend("mosor"), Some("musor"));
        assert_eq!(spelling.mend("vivoziat"), Some("vivozyat"));
        assert_eq!(spelling.mend("kanalizatsya"), Some("kanalizatsiya"));
        assert_eq!(spelling.mend("sobaka"), None);
        assert_eq!(spelling.mend("mus"), None);
    }
}
