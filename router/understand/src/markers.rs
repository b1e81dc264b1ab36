//! Words beside a name that tell what it names: "street", "microdistrict", "house", and the numbers of houses.

use dauys_config::city::Level;

use crate::numbers::Number;
use crate::text::Text;

/// Word beginnings that tell what a name beside them names, and on which side of the name they stand.
const MARKERS: &[(&str, Level, Side)] = &[
    ("ulits", Level::Street, Side::Either),
    ("prospekt", Level::Street, Side::Either),
    ("prospek", Level::Street, Side::Either),
    ("bulvar", Level::Street, Side::Either),
    ("shose", Level::Street, Side::Either),
    ("koshe", Level::Street, Side::After),
    ("dangil", Level::Street, Side::After),
    ("kocha", Level::Street, Side::After),
    ("hiyobon", Level::Street, Side::After),
    ("stret", Level::Street, Side::After),
    ("avenue", Level::Street, Side::After),
    ("mikrorayon", Level::Microdistrict, Side::Either),
    ("mikrodistrikt", Level::Microdistrict, Side::Either),
    ("mkr", Level::Microdistrict, Side::Either),
    ("jilmasiv", Level::Microdistrict, Side::Either),
    ("masiv", Level::Microdistrict, Side::Either),
    ("mavze", Level::Microdistrict, Side::After),
    ("mfy", Level::Microdistrict, Side::After),
    ("kishlog", Level::Microdistrict, Side::After),
    ("kishlok", Level::Microdistrict, Side::Either),
    ("sektor", Level::Sector, Side::Either),
    ("oblast", Level::Region, Side::After),
    ("oblis", Level::Region, Side::After),
    ("viloyat", Level::Region, Side::After),
    ("mahala", Level::Microdistrict, Side::After),
    ("shagin", Level::Microdistrict, Side::After),
    ("moltek", Level::Microdistrict, Side::After),
    ("ikshamaudan", Level::Microdistrict, Side::After),
    ("auil", Level::Microdistrict, Side::After),
    ("posel", Level::Microdistrict, Side::Before),
    ("rayon", Level::District, Side::Either),
    ("audan", Level::District, Side::After),
    ("tuman", Level::District, Side::After),
    ("distrikt", Level::District, Side::After),
];

/// Whole words that tell what a name after them names.
const SHORT_MARKERS: &[(&str, Level)] =
    &[("ul", Level::Street), ("pr", Level::Street), ("selo", Level::Microdistrict), ("sele", Level::Microdistrict)];

/// Words that stand before a house number, and beginnings of words that show that a number counts something else.
pub(crate) const HOUSE_BEFORE: &[&str] = &["dom", "doma", "dome", "d", "uy", "house", "nomer", "no"];
const NOT_A_HOUSE: &[&str] = &[
    "kabat", "kavat", "etaj", "podezd", "kvartir", "pater", "kun", "sagat", "soat", "apta", "hafta", "adam", "odam",
    "chas", "den", "dnya", "dney", "nedel", "mesyats", "gradus", "daraja", "minut", "marshrut", "avtobus", "bala",
    "rebenk", "raz", "marta",
];

/// What stands between the parts of a house number, the letters that houses bear, and what follows a house.
const STROKE: &[&str] = &["drob", "slesh", "kasr", "bolshek", "boluv", "stroke", "slash", "tirek", "drop"];
const HOUSE_LETTERS: &[&str] = &["а", "б", "г", "д", "a", "b", "g", "d"];
const AFTER_HOUSE: &[&str] = &["kvartir", "pater", "honadon", "podezd", "uy", "dom", "korpus"];

/// Words that say that two streets meet, folded beginnings.
const CROSSING: &[&str] = &[
    "peresech",
    "perekrest",
    "ugol",
    "uglu",
    "kilis",
    "burchag",
    "burishin",
    "muyilis",
    "chorah",
    "kesishma",
    "kesish",
    "krosing",
    "junktion",
    "korner",
];

/// Says whether a text speaks of a crossing of streets.
pub(crate) fn speaks_of_crossing(text: &Text) -> bool {
    text.folded.iter().any(|word| CROSSING.iter().any(|sign| word.starts_with(sign)))
}

/// Words that place a matter beside what is named, folded.
const BESIDE: &[&str] = &[
    "okolo",
    "vozle",
    "ryadom",
    "naprotiv",
    "bliz",
    "vblizi",
    "za",
    "pered",
    "u",
    "mejdu",
    "janinda",
    "kasinda",
    "aldinda",
    "artinda",
    "karama",
    "karsi",
    "janindagi",
    "kasindagi",
    "aldindagi",
    "mani",
    "manda",
    "manindagi",
    "yonida",
    "yonidagi",
    "oldida",
    "oldidagi",
    "ropara",
    "roparasida",
    "orkasida",
    "yakinida",
    "near",
    "opposite",
    "behind",
    "beside",
];

/// Says whether a word places a matter beside what is named.
pub(crate) fn is_beside(word: &str) -> bool {
    BESIDE.contains(&word)
}

/// On which side of a name a marker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
    Either,
}

/// Says what kind of place a word announces.
pub(crate) fn marker(text: &Text, at: usize) -> Option<(Level, Side)> {
    let word = text.word(at);
    if word.is_empty() {
        return None;
    }
    if let Some((_, level)) = SHORT_MARKERS.iter().find(|(short, _)| *short == word) {
        return Some((*level, Side::Before));
    }
    // Seedlings ("көшет", "ko'chat") are no streets.
    if word.starts_with("koshet") || word.starts_with("kochat") {
        return None;
    }
    let (_, level, side) = MARKERS.iter().find(|(stem, _, _)| word.starts_with(stem))?;
    let small = *level == Level::District
        && at > 0
        && ["shagin", "moltek"].iter().any(|small| text.word(at - 1).starts_with(small));
    Some((if small { Level::Microdistrict } else { *level }, *side))
}

pub(crate) fn is_house_after(word: &str) -> bool {
    matches!(word, "house" | "dom" | "dome" | "doma") || (word.starts_with("uy") && word.len() <= 7)
}

/// Finds the number of the house at a place: beside the word "house", or right after the name.
pub(crate) fn house(text: &Text, numbers: &[Number], from: usize, to: usize) -> Option<String> {
    let free = |n: &&Number| n.to <= from || n.from >= to;
    let counts = |n: &&Number| NOT_A_HOUSE.iter().any(|stem| text.word(n.to).starts_with(stem));
    let beside = |n: &&Number| {
        let before = n.from.checked_sub(1).is_some_and(|at| HOUSE_BEFORE.contains(&text.word(at)));
        before || is_house_after(text.word(n.to))
    };
    let follows = |n: &&Number| {
        let names = (to..n.from).all(|at| marker(text, at).is_some());
        n.from >= to && n.from <= to + 2 && names && !counts(n)
    };
    let said = numbers.iter().filter(free).find(beside).or_else(|| numbers.iter().filter(free).find(follows));
    // "Twelve stroke three house": the part behind the stroke stands beside the word "house".
    let stroke = |n: &&Number| n.from.checked_sub(1).is_some_and(|at| is_stroke(text.word(at)));
    let whole = said.filter(stroke).and_then(|part| numbers.iter().find(|n| n.to + 1 == part.from));
    whole.or(said).map(|n| with_letter(text, numbers, n))
}

/// Says whether the number of a house follows right behind a name.
pub(crate) fn has_house(text: &Text, numbers: &[Number], to: usize) -> bool {
    let counts = |n: &Number| NOT_A_HOUSE.iter().any(|stem| text.word(n.to).starts_with(stem));
    let behind = to + usize::from(HOUSE_BEFORE.contains(&text.word(to)));
    numbers.iter().any(|n| n.from == behind && !counts(n))
}

fn is_stroke(word: &str) -> bool {
    STROKE.iter().any(|stroke| word.starts_with(stroke))
}

/// Adds a fraction ("twelve stroke three") or a letter ("twenty-two b") to a house number.
fn with_letter(text: &Text, numbers: &[Number], number: &Number) -> String {
    let next = text.word(number.to);
    if is_stroke(next)
        && let Some(part) = numbers.iter().find(|n| n.from == number.to + 1)
    {
        return format!("{}/{}", number.value, part.value);
    }
    let letter = text.said.get(number.to).map_or("", String::as_str);
    let after = text.word(number.to + 1);
    // "а" is also "and" in Russian: it belongs to the house where a flat follows or nothing does.
    let and = matches!(letter, "а" | "a") && !after.is_empty() && !AFTER_HOUSE.iter().any(|w| after.starts_with(w));
    if HOUSE_LETTERS.contains(&letter) && !and {
        return format!("{}{letter}", number.value);
    }
    number.value.clone()
}
