//! Signs of danger: what a word shows, whatever its language. The table is `data/signs.txt`.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::features::{Identity, hash};
use crate::fold::fold;
use crate::text::Text;

const TABLE: &str = include_str!("../data/signs.txt");
/// Letters from which the first word of a pair may go on after what the table says.
const LONG: usize = 4;
/// Seeds that keep beginnings and whole words apart.
const BEGINNING: u64 = 21;
const WHOLE: u64 = 22;

/// Numbers a sign.
pub(crate) type Sign = u8;

/// Holds signs; one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Set([u64; 4]);

impl Set {
    pub(crate) fn add(&mut self, sign: Sign) {
        if let Some(part) = self.0.get_mut(usize::from(sign / 64)) {
            *part |= 1 << (sign % 64);
        }
    }

    pub(crate) fn has(&self, sign: Sign) -> bool {
        self.0.get(usize::from(sign / 64)).is_some_and(|part| part & (1 << (sign % 64)) != 0)
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, other)| *own |= other);
    }

    /// Says whether every sign of `other` is in this set.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(own, other)| own & other == other)
    }

    /// Says whether any sign of `other` is in this set.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).any(|(own, other)| own & other != 0)
    }
}

/// A beginning of a word as it was written, and whether the word ends there.
#[derive(Debug)]
struct Written {
    beginning: String,
    whole: bool,
    sign: Sign,
}

/// The second word of a pair, folded, and whether it ends there.
#[derive(Debug)]
struct Second {
    beginning: String,
    whole: bool,
    sign: Sign,
}

/// Finds signs in words.
#[derive(Debug)]
pub(crate) struct Signs {
    names: Vec<&'static str>,
    /// Beginnings of folded words and whole words, by their hashes.
    beginnings: HashMap<u64, Set, BuildHasherDefault<Identity>>,
    pairs: HashMap<u64, Vec<Second>, BuildHasherDefault<Identity>>,
    written: Vec<Written>,
}

impl Signs {
    /// Reads the table.
    pub(crate) fn new() -> Self {
        let mut signs =
            Self { names: Vec::new(), beginnings: HashMap::default(), pairs: HashMap::default(), written: Vec::new() };
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(':'));
        for (name, stems) in lines {
            let known = signs.named(name);
            let sign = known.or_else(|| Sign::try_from(signs.names.len()).ok());
            let Some(sign) = sign else { continue };
            if known.is_none() {
                signs.names.push(name);
            }
            stems.split_whitespace().for_each(|stem| signs.add(stem, sign));
        }
        signs
    }

    fn add(&mut self, stem: &str, sign: Sign) {
        let whole = stem.ends_with('$');
        let stem = stem.trim_end_matches('$');
        if let Some(written) = stem.strip_prefix('=') {
            self.written.push(Written { beginning: written.to_owned(), whole, sign });
        } else if let Some((first, second)) = stem.split_once('_') {
            let second = Second { beginning: fold(second), whole, sign };
            self.pairs.entry(hash(BEGINNING, fold(first).as_bytes())).or_default().push(second);
        } else {
            let key = hash(if whole { WHOLE } else { BEGINNING }, fold(stem).as_bytes());
            self.beginnings.entry(key).or_default().add(sign);
        }
    }

    /// Finds the number of a sign by its name in the table.
    pub(crate) fn named(&self, name: &str) -> Option<Sign> {
        self.names.iter().position(|known| *known == name).and_then(|at| Sign::try_from(at).ok())
    }

    /// Lists what each word of a text shows.
    pub(crate) fn of(&self, text: &Text) -> Vec<Set> {
        (0..text.len()).map(|at| self.at(text, at)).collect()
    }

    fn at(&self, text: &Text, at: usize) -> Set {
        let (word, next) = (text.word(at), text.word(at + 1));
        let mut shown = Set::default();
        for end in 2..=word.len() {
            let beginning = hash(BEGINNING, word.as_bytes().get(..end).unwrap_or_default());
            if let Some(set) = self.beginnings.get(&beginning) {
                shown.join(set);
            }
            if end == word.len() || end >= LONG {
                let pairs = self.pairs.get(&beginning).into_iter().flatten();
                let fits = |second: &&Second| {
                    if second.whole { next == second.beginning } else { next.starts_with(&second.beginning) }
                };
                pairs.filter(fits).for_each(|second| shown.add(second.sign));
            }
        }
        if let Some(set) = self.beginnings.get(&hash(WHOLE, word.as_bytes())) {
            shown.join(set);
        }
        let said = text.said.get(at).map_or("", String::as_str);
        for written in &self.written {
            if said == written.beginning || (!written.whole && said.starts_with(&written.beginning)) {
                shown.add(written.sign);
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(text: &str, name: &str) -> bool {
        let signs = Signs::new();
        let sign = signs.named(name).unwrap();
        signs.of(&Text::new(text)).iter().any(|set| set.has(sign))
    }

    #[test]
    fn a_word_shows_the_same_in_every_language() {
        for text in ["люк", "құдықтың", "quduq", "lyukning", "manhole"] {
            assert!(shows(text, "manhole"), "{text}");
        }
        for text in ["дерево", "ағаштың", "daraxtlar", "терек"] {
            assert!(shows(text, "tree"), "{text}");
        }
    }

    #[test]
    fn words_that_fold_alike_are_told_apart_by_their_letters() {
        assert!(shows("мина сияқты темір", "ordnance"));
        assert!(!shows("мына жерде", "ordnance"), "this is no mine");
        assert!(shows("газ иісі", "smelled"));
        assert!(!shows("lift ishlamaydi", "smelled"), "what does not work does not smell");
        assert!(!shows("алаңға барамыз", "flame"), "the square is no flame");
    }
}
