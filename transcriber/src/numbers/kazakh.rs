//! Kazakh numbers: cardinals, and ordinals with their ending.

use super::{JOINS, Value, Word};

const UNITS: [&str; 10] = ["нөл", "бір", "екі", "үш", "төрт", "бес", "алты", "жеті", "сегіз", "тоғыз"];
const TENS: [&str; 9] = ["он", "жиырма", "отыз", "қырық", "елу", "алпыс", "жетпіс", "сексен", "тоқсан"];
const ENDINGS: [&str; 4] = ["ыншы", "інші", "ншы", "нші"];

pub(super) fn read(word: &str) -> Option<Word> {
    if let Some(value) = cardinal(word) {
        return Some(Word::cardinal(value));
    }
    ENDINGS.iter().find_map(|ending| {
        let stem = word.strip_suffix(ending)?;
        // "қырқыншы" and "елуінші": a vowel falls out, or stays.
        let value = if stem == "қырқ" { Some(Value::Ten(40)) } else { cardinal(stem) };
        Some(Word { value: value?, ordinal: Some(JOINS) })
    })
}

fn cardinal(word: &str) -> Option<Value> {
    let place = |list: &[&str]| list.iter().position(|w| *w == word).and_then(|at| u32::try_from(at).ok());
    match word {
        "жүз" => Some(Value::Times100),
        "мың" => Some(Value::Times1000),
        _ => place(&UNITS).map(Value::Unit).or_else(|| place(&TENS).map(|at| Value::Ten(10 * (at + 1)))),
    }
}

/// Spells a number below 1,000.
#[cfg(test)]
pub(super) fn spell(n: u32) -> String {
    super::uzbek::spell_with(n, &UNITS, &TENS, "жүз")
}
