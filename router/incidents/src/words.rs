//! What was said, as a small set of numbers that two reports of the same thing share.

use std::collections::BTreeSet;

/// How many words of a report are compared.
const MOST: usize = 48;
/// Letters of a word that count, at least and at most: case endings of all four languages come after them.
const STEM: (usize, usize) = (4, 5);
/// Letters that a word has at least; numbers count whole and always.
const SHORTEST: usize = 4;

/// Returns what of a text is compared: the beginnings of its longer words and its numbers, each as a hash, sorted.
pub fn word_features(text: &str) -> Vec<u32> {
    let words = text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut features = BTreeSet::new();
    for word in words {
        let lower = word.to_lowercase();
        let letters = lower.chars().count();
        let number = lower.chars().all(|char| char.is_ascii_digit());
        if !number && letters < SHORTEST {
            continue;
        }
        let stem = letters.saturating_sub(2).clamp(STEM.0, STEM.1);
        let kept: String = if number { lower } else { lower.chars().take(stem).collect() };
        features.insert(hash(&kept));
        if features.len() == MOST {
            break;
        }
    }
    features.into_iter().collect()
}

/// FNV-1a, 32 bits: the same everywhere and for ever.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Returns the features that two sorted sets share.
pub(crate) fn shared<'a>(one: &'a [u32], other: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    one.iter().copied().filter(|feature| other.binary_search(feature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_and_short_words_do_not_matter_and_numbers_do() {
        let one = word_features("Упало дерево у школы 15");
        let other = word_features("дереву, которое упало возле школой №15!");
        assert_eq!(shared(&one, &other).count(), 4, "fell, tree, school, 15");
        assert_eq!(shared(&one, &word_features("дерево у школы 16")).count(), 2);
        assert_eq!(word_features("и а у — ? "), Vec::<u32>::new());
    }

    #[test]
    fn a_long_text_stays_small() {
        let long: String = (0..10_000).map(|n| format!("слово{n} ")).collect();
        assert!(word_features(&long).len() <= MOST);
    }
}
