//! Features of a text: hashed words, pairs of words and pieces of words, numbered as training meets them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Weight of a whole word, of a pair of words, and of a piece of a word.
const WORD: f32 = 1.0;
const PAIR: f32 = 0.7;
const PIECE: f32 = 0.45;
/// Lengths of pieces, in letters with the word's edges.
const PIECES: std::ops::RangeInclusive<usize> = 3..=5;
/// Length of the pieces by which a word counts as known.
const KNOWN_PIECE: usize = 4;

/// Passes on keys that are hashes already.
#[derive(Debug, Default)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(0, bytes);
    }
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// One feature of a text: its number, its value, and the content word that it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feature {
    pub(crate) index: u32,
    pub(crate) value: f32,
    pub(crate) word: u16,
}

/// Numbers the features that training has met.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    indices: HashMap<u64, u32, BuildHasherDefault<Identity>>,
    counts: Vec<u32>,
    texts: u32,
}

impl Vocabulary {
    /// Takes in the features of one training text.
    pub(crate) fn learn(&mut self, words: &[&str]) {
        self.texts += 1;
        let mut keys = Vec::new();
        each_key(words, |key, _, _| keys.push(key));
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let next = u32::try_from(self.counts.len()).unwrap_or(u32::MAX);
            let index = *self.indices.entry(key).or_insert(next);
            if index == next {
                self.counts.push(0);
            }
            if let Some(count) = self.counts.get_mut(index as usize) {
                *count += 1;
            }
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.counts.len()
    }

    /// Gives a text's known features, weighted by rarity and scaled to length 1.
    #[expect(clippy::cast_precision_loss, reason = "counts of phrases are far below 2^24")]
    pub(crate) fn features(&self, words: &[&str]) -> Vec<Feature> {
        let mut found: Vec<Feature> = Vec::with_capacity(words.len() * 24);
        each_key(words, |key, weight, word| {
            if let Some(&index) = self.indices.get(&key) {
                let count = self.counts.get(index as usize).copied().unwrap_or(1);
                let rarity = (1.0 + self.texts as f32 / count as f32).ln();
                found.push(Feature { index, value: weight * rarity, word });
            }
        });
        found.sort_by_key(|f| f.index);
        found.dedup_by_key(|f| f.index);
        let norm = found.iter().map(|f| f.value * f.value).sum::<f32>().sqrt();
        if norm > 0.0 {
            found.iter_mut().for_each(|f| f.value /= norm);
        }
        found
    }

    /// Gives the share of the words that training has met, 0 to 1; half-known words count in part.
    #[expect(clippy::cast_precision_loss, reason = "a text has at most a thousand words")]
    pub(crate) fn coverage(&self, words: &[&str]) -> f32 {
        if words.is_empty() {
            return 0.0;
        }
        words.iter().map(|word| self.known(word)).sum::<f32>() / words.len() as f32
    }

    /// Says how much of one word training has met, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a word has at most forty letters")]
    pub(crate) fn known(&self, word: &str) -> f32 {
        if self.indices.contains_key(&hash(1, word.as_bytes())) {
            return 1.0;
        }
        let (mut seen, mut all) = (0_u32, 0_u32);
        let edged = edged(word);
        for piece in edged.windows(KNOWN_PIECE) {
            all += 1;
            seen += u32::from(self.indices.contains_key(&hash(3, piece)));
        }
        if all == 0 { 0.0 } else { (seen as f32 / all as f32).powi(2) }
    }
}

/// Goes through the keys of a text with their weight and word. Folded words are ASCII, so bytes are letters.
fn each_key(words: &[&str], mut take: impl FnMut(u64, f32, u16)) {
    let mut before: Option<&str> = None;
    for (at, word) in words.iter().enumerate() {
        let place = u16::try_from(at).unwrap_or(u16::MAX);
        take(hash(1, word.as_bytes()), WORD, place);
        if let Some(before) = before {
            take(hash(hash(2, before.as_bytes()), word.as_bytes()), PAIR, place);
        }
        before = Some(word);
        let edged = edged(word);
        for length in PIECES {
            for piece in edged.windows(length) {
                take(hash(3, piece), PIECE, place);
            }
        }
    }
}

fn edged(word: &str) -> Vec<u8> {
    let mut edged = Vec::with_capacity(word.len() + 2);
    edged.push(b'_');
    edged.extend_from_slice(word.as_bytes());
    edged.push(b'_');
    edged
}

/// FNV-1a with a last mixing step, from a seed that tells the families of features apart.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in bytes {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    (state ^ (state >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}
