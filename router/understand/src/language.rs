//! A guess of the language, for texts whose recogniser gives none: naive Bayes on pieces of three letters.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use dauys_config::city::City;
use dauys_events::Language;

use crate::features::{Identity, hash};
use crate::fold::is_apostrophe;

/// Letters that a guess reads.
const MAX_LETTERS: usize = 400;
/// Share of pieces that must be known.
const KNOWN: f32 = 0.5;
/// Lead, in nats, that the best language must have.
const LEAD: f32 = 1.5;
/// Phrases of a language that are learned from, spread over all of them: more teach no more, and every start waits.
const PHRASES: usize = 3_000;
/// Fewest pieces to guess from.
const MIN_PIECES: usize = 3;

/// Guesses languages.
#[derive(Debug)]
pub(crate) struct Guesser {
    pieces: HashMap<u64, [f32; 4], BuildHasherDefault<Identity>>,
    unknown: [f32; 4],
}

impl Guesser {
    /// Learns the four languages from the pack's phrases and words.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^24")]
    pub(crate) fn new(city: &City) -> Self {
        let mut counts: HashMap<u64, [u32; 4], BuildHasherDefault<Identity>> = HashMap::default();
        let mut totals = [0_u32; 4];
        for (slot, language) in Language::ALL.into_iter().enumerate() {
            let book = &city.phrases.get(language).by_category;
            let all: usize = book.values().map(Vec::len).sum();
            let phrases = book.values().flatten().step_by(all / PHRASES + 1);
            let words = city.lexicon.words.get(language);
            let names = city.territory.units.iter().map(|unit| unit.name.get(language));
            for text in phrases.chain(&words.greetings).chain(&words.fillers).chain(names) {
                each_piece(text, |key| {
                    if let (Some(count), Some(total)) =
                        (counts.entry(key).or_default().get_mut(slot), totals.get_mut(slot))
                    {
                        *count += 1;
                        *total += 1;
                    }
                });
            }
        }
        let log = |count: u32, total: u32| ((count as f32 + 0.1) / (total as f32 + 1_000.0)).ln();
        let per_language = |row: [u32; 4]| std::array::from_fn(|at| log(row[at], totals[at]));
        let pieces = counts.into_iter().map(|(key, row)| (key, per_language(row))).collect();
        Self { pieces, unknown: per_language([0; 4]) }
    }

    /// Names the language, or nothing where the text is too short, too strange or torn between two.
    #[expect(clippy::cast_precision_loss, reason = "a text gives a few hundred pieces")]
    pub(crate) fn guess(&self, text: &str) -> Option<Language> {
        let (mut scores, mut seen, mut all) = ([0.0_f32; 4], 0_usize, 0_usize);
        let read: String = text.chars().take(MAX_LETTERS).collect();
        each_piece(&read, |key| {
            all += 1;
            let row = self.pieces.get(&key);
            seen += usize::from(row.is_some());
            for (score, value) in scores.iter_mut().zip(row.unwrap_or(&self.unknown)) {
                *score += value;
            }
        });
        if all < MIN_PIECES || (seen as f32) < all as f32 * KNOWN {
            return None;
        }
        let mut ranked: Vec<(f32, Language)> = scores.into_iter().zip(Language::ALL).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        match ranked.as_slice() {
            [best, second, ..] if best.0 - second.0 >= LEAD => Some(best.1),
            _ => None,
        }
    }
}

/// Goes through the pieces of three letters, words edged by spaces.
fn each_piece(text: &str, mut take: impl FnMut(u64)) {
    let mut window = [' '; 3];
    let mut push = |letter: char| {
        if letter == ' ' && window[2] == ' ' {
            return;
        }
        window = [window[1], window[2], letter];
        if window[1] != ' ' {
            let mut bytes = [0_u8; 12];
            for (slot, letter) in bytes.chunks_exact_mut(4).zip(window) {
                slot.copy_from_slice(&(letter as u32).to_le_bytes());
            }
            take(hash(4, &bytes));
        }
    };
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            _ if is_apostrophe(letter) => push('\''),
            _ if letter.is_alphabetic() => push(letter),
            _ => push(' '),
        }
    }
    push(' ');
}
