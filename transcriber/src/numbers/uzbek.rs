//! Uzbek numbers in Latin letters: cardinals, and ordinals with their ending.

use super::{JOINS, Value, Word};

const UNITS: [&str; 10] = ["nol", "bir", "ikki", "uch", "to'rt", "besh", "olti", "yetti", "sakkiz", "to'qqiz"];
const TENS: [&str; 9] = ["o'n", "yigirma", "o'ttiz", "qirq", "ellik", "oltmish", "yetmish", "sakson", "to'qson"];

pub(super) fn read(word: &str) -> Option<Word> {
    if let Some(value) = cardinal(word) {
        return Some(Word::cardinal(value));
    }
    ["inchi", "nchi"].iter().find_map(|ending| {
        let value = cardinal(word.strip_suffix(ending)?)?;
        Some(Word { value, ordinal: Some(JOINS) })
    })
}

fn cardinal(word: &str) -> Option<Value> {
    let place = |list: &[&str]| list.iter().position(|w| *w == word).and_then(|at| u32::try_from(at).ok());
    match word {
        "yuz" => Some(Value::Times100),
        "ming" => Some(Value::Times1000),
        _ => place(&UNITS).map(Value::Unit).or_else(|| place(&TENS).map(|at| Value::Ten(10 * (at + 1)))),
    }
}

/// Spells a number below 1,000.
#[cfg(test)]
pub(super) fn spell(n: u32) -> String {
    spell_with(n, &UNITS, &TENS, "yuz")
}

/// Spells a number below 1,000 in a language that counts hundreds as "two hundred".
#[cfg(test)]
pub(super) fn spell_with(n: u32, units: &[&str], tens: &[&str], hundred: &str) -> String {
    let unit = |n: u32| units[n as usize].to_owned();
    let mut parts = Vec::new();
    if n >= 200 {
        parts.push(unit(n / 100));
    }
    if n >= 100 {
        parts.push(hundred.to_owned());
    }
    if n % 100 >= 10 {
        parts.push(tens[(n % 100 / 10 - 1) as usize].to_owned());
    }
    if !n.is_multiple_of(10) {
        parts.push(unit(n % 10));
    }
    parts.join(" ")
}
