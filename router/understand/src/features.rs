//! Features of a text: hashed words, concepts, pairs of both, and pieces of words, numbered as training meets them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::concepts::Concept;

/// Weights of a whole word, of a pair of words, of a piece, of a concept and of a pair of concepts.
const WORD: f32 = 1.0;
const PAIR: f32 = 0.6;
const PIECE: f32 = 0.4;
const CONCEPT: f32 = 1.3;
const CONCEPT_PAIR: f32 = 0.9;
/// The weights of pairs.
const PAIRS: [u32; 2] = [PAIR.to_bits(), CONCEPT_PAIR.to_bits()];
/// Lengths of pieces, in letters with the word's edges.
const PIECES: std::ops::RangeInclusive<usize> = 3..=5;
/// Length of the pieces by which a word counts as known.
const KNOWN_PIECE: usize = 4;
/// Words within which two concepts are a pair.
const NEAR: usize = 5;
/// Texts that must show a feature before it is kept, and a pair of words: what occurs once teaches nothing.
const SEEN: u32 = 4;
const PAIR_SEEN: u32 = 6;

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

/// A map whose keys are hashes.
pub(crate) type ByHash<T> = HashMap<u64, T, BuildHasherDefault<Identity>>;

/// One content word: folded, with what it means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) word: &'a str,
    pub(crate) concept: Option<Concept>,
}

/// One feature of a text: its number, its value, and the content word that it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feature {
    pub(crate) index: u32,
    pub(crate) value: f32,
    pub(crate) word: u16,
}

/// Numbers the features that training has met, with how rare each is.
#[derive(Debug, Default, Clone)]
pub(crate) struct Vocabulary {
    pub(crate) indices: ByHash<u32>,
    pub(crate) rarity: Vec<f32>,
}

/// Counts features before a vocabulary is made of them.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    counts: ByHash<(u32, bool)>,
    /// Keys in the order in which they were met, so that numbering does not depend on a map's order.
    order: Vec<u64>,
    texts: u32,
    keys: Vec<(u64, bool)>,
}

impl Counter {
    /// Takes in the features of one training text.
    pub(crate) fn learn(&mut self, tokens: &[Token<'_>]) {
        self.texts += 1;
        self.keys.clear();
        let keys = &mut self.keys;
        each_key(tokens, |key, weight, _| keys.push((key, PAIRS.contains(&weight.to_bits()))));
        keys.sort_unstable();
        keys.dedup();
        for (key, pair) in keys {
            let (count, _) = self.counts.entry(*key).or_insert((0, *pair));
            if *count == 0 {
                self.order.push(*key);
            }
            *count += 1;
        }
    }

    /// Numbers what was met often enough.
    #[expect(clippy::cast_precision_loss, reason = "counts of phrases are far below 2^24")]
    pub(crate) fn vocabulary(&self) -> Vocabulary {
        let mut vocabulary = Vocabulary::default();
        for key in &self.order {
            let (count, pair) = self.counts.get(key).copied().unwrap_or((0, false));
            if count >= if pair { PAIR_SEEN } else { SEEN } {
                let index = u32::try_from(vocabulary.rarity.len()).unwrap_or(u32::MAX);
                vocabulary.indices.insert(*key, index);
                vocabulary.rarity.push((1.0 + self.texts as f32 / count as f32).ln());
            }
        }
        vocabulary
    }
}

impl Vocabulary {
    pub(crate) const fn len(&self) -> usize {
        self.rarity.len()
    }

    /// Gives a text's known features, weighted by rarity.
    pub(crate) fn features(&self, tokens: &[Token<'_>]) -> Vec<Feature> {
        let mut found: Vec<Feature> = Vec::with_capacity(tokens.len() * 24);
        each_key(tokens, |key, weight, word| {
            if let Some(&index) = self.indices.get(&key) {
                let rarity = self.rarity.get(index as usize).copied().unwrap_or(1.0);
                found.push(Feature { index, value: weight * rarity, word });
            }
        });
        found
    }

    /// Says how much of one word training has met, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a word has at most forty letters")]
    pub(crate) fn known(&self, word: &str) -> f32 {
        if self.knows(word) {
            return 1.0;
        }
        let (mut seen, mut all) = (0_u32, 0_u32);
        edged(word, |edged| {
            for piece in edged.windows(KNOWN_PIECE) {
                all += 1;
                seen += u32::from(self.indices.contains_key(&hash(3, piece)));
            }
        });
        if all == 0 { 0.0 } else { (seen as f32 / all as f32).powi(2) }
    }

    /// Says whether training has met exactly this word.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.indices.contains_key(&hash(1, word.as_bytes()))
    }
}

/// Goes through the keys of a text with their weight and word. Folded words are ASCII, so bytes are letters.
fn each_key(tokens: &[Token<'_>], mut take: impl FnMut(u64, f32, u16)) {
    for (at, token) in tokens.iter().enumerate() {
        let place = u16::try_from(at).unwrap_or(u16::MAX);
        let word = token.word.as_bytes();
        take(hash(1, word), WORD, place);
        if let Some(before) = at.checked_sub(1).and_then(|before| tokens.get(before)) {
            take(hash(hash(2, before.word.as_bytes()), word), PAIR, place);
        }
        edged(token.word, |edged| {
            for length in PIECES {
                for piece in edged.windows(length) {
                    take(hash(3, piece), PIECE, place);
                }
            }
        });
        let Some(concept) = token.concept else { continue };
        take(hash(5, &concept.to_le_bytes()), CONCEPT, place);
        let near = tokens.get(at.saturating_sub(NEAR)..at).unwrap_or_default();
        for other in near.iter().filter_map(|token| token.concept).filter(|other| *other != concept) {
            let (low, high) = (concept.min(other), concept.max(other));
            take(hash(hash(6, &low.to_le_bytes()), &high.to_le_bytes()), CONCEPT_PAIR, place);
        }
    }
}

/// Lends a word with its edges marked.
fn edged(word: &str, mut take: impl FnMut(&[u8])) {
    let mut edged = [b'_'; 44];
    let length = word.len().min(42);
    if let (Some(place), Some(letters)) = (edged.get_mut(1..=length), word.as_bytes().get(..length)) {
        place.copy_from_slice(letters);
    }
    take(edged.get(..length + 2).unwrap_or_default());
}

/// FNV-1a with a last mixing step, from a seed that tells the families of features apart.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in bytes {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    (state ^ (state >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}
