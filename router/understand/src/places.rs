//! The gazetteer: finds districts, microdistricts, streets and houses of the city in a text.
//!
//! Names are found by one automaton over folded stems that tolerates case endings; a name that a recogniser
//! misspelt is found by edit distance, and only beside a word such as "street", so that the cost stays bounded.

use std::cmp::Ordering;

use aho_corasick::{AhoCorasick, MatchKind};
use dauys_config::city::{City, Level, Unit};
use dauys_events::Language;

use crate::fold::fold_phrase;
use crate::numbers::{Number, Numbers};
use crate::text::Text;
use crate::understanding::{Place, PlaceCandidate};

/// Sureness of a name beside the right kind of word, alone, and beside the wrong kind of word.
const CONFIRMED: f32 = 0.95;
const ALONE: f32 = 0.8;
const CONTRADICTED: f32 = 0.55;
/// Similarity that a misspelt name must have.
const SIMILAR: f64 = 0.75;
/// Words such as "street" around which misspelt names are looked for in one text.
const MAX_FUZZY: usize = 6;

/// Case endings that may follow a name, folded, of Kazakh, Uzbek, Russian and English.
const ENDINGS: &[&str] = &[
    "", "nin", "din", "tin", "nda", "nde", "da", "de", "ta", "te", "dan", "den", "tan", "ten", "nan", "nen", "ga",
    "ge", "ka", "ke", "na", "ne", "men", "ben", "si", "i", "dagi", "degi", "tagi", "tegi", "ni", "di", "ti", "a", "u",
    "om", "e", "oy", "y", "ya", "ogo", "omu", "em", "oe", "aya", "uyu", "iy", "iye", "ov", "ova", "s", "gacha", "lik",
    "asi", "esi",
];

/// Words that belong to a kind of place and not to its name, folded.
const GENERIC: &[&str] = &[
    "koshesi",
    "ulitsa",
    "kochasi",
    "stret",
    "prospekt",
    "dangili",
    "hiyoboni",
    "avenue",
    "audani",
    "audan",
    "mavze",
    "rayon",
    "tumani",
    "distrikt",
    "mikrorayon",
    "mavzesi",
    "mikrodistrikt",
    "shagin",
    "shose",
    "highvay",
];

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
    ("mahala", Level::Microdistrict, Side::After),
    ("shagin", Level::Microdistrict, Side::After),
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
const HOUSE_BEFORE: &[&str] = &["dom", "doma", "dome", "d", "uy", "house", "nomer", "no"];
const NOT_A_HOUSE: &[&str] = &[
    "kabat", "kavat", "etaj", "podezd", "kvartir", "pater", "kun", "sagat", "soat", "apta", "hafta", "adam", "odam",
    "chas", "den", "dnya", "dney", "nedel", "mesyats", "gradus", "daraja", "minut", "marshrut", "avtobus", "bala",
    "rebenk", "raz", "marta",
];

/// On which side of a name a marker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
    Either,
}

/// Finds places.
#[derive(Debug)]
pub(crate) struct Gazetteer {
    units: Vec<Unit>,
    /// District of each unit, by index.
    districts: Vec<Option<String>>,
    stems: AhoCorasick,
    /// Stem text and the units that it names.
    names: Vec<(String, Vec<usize>)>,
}

/// A unit that some words name.
#[derive(Debug, Clone, Copy)]
struct Hit {
    from: usize,
    to: usize,
    unit: usize,
    score: f32,
}

impl Gazetteer {
    /// Builds the automaton; `None` if the names are more than an automaton can hold.
    pub(crate) fn new(city: &City) -> Option<Self> {
        let units = city.territory.units.clone();
        let mut names: Vec<(String, Vec<usize>)> = Vec::new();
        for (at, unit) in units.iter().enumerate() {
            for name in unit.name.iter().map(|(_, name)| name).chain(&unit.aliases) {
                let stem = stem(name);
                match names.iter_mut().find(|(known, _)| *known == stem) {
                    Some((_, named)) if named.contains(&at) => {}
                    Some((_, named)) => named.push(at),
                    None => names.push((stem, vec![at])),
                }
            }
        }
        let district = |unit: &Unit| {
            city.lineage(&unit.code).into_iter().find(|u| u.level == Level::District).map(|u| u.code.clone())
        };
        let districts = units.iter().map(district).collect();
        let stems = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(names.iter().map(|(stem, _)| format!(" {stem}")))
            .ok()?;
        Some(Self { units, districts, stems, names })
    }

    /// Finds the place of a text, and marks the words that name it.
    pub(crate) fn find(&self, text: &mut Text, numbers: &Numbers, language: Option<Language>) -> Option<Place> {
        let free = |hit: &Hit, text: &Text| (hit.from..hit.to).all(|at| !text.masked.get(at).copied().unwrap_or(true));
        let mut hits = self.exact(text);
        hits.retain(|hit| free(hit, text));
        if !hits.iter().any(|hit| self.level(hit) > Level::District) {
            hits.extend(self.fuzzy(text, &hits));
        }
        let mut found = numbers.find(text, language);
        found.retain(|number| !text.masked.get(number.from).copied().unwrap_or(true));
        let place = self.place(&hits, text, &found, language);
        for number in &found {
            text.mask(number.from, number.to);
        }
        for hit in &hits {
            let before = usize::from(hit.from > 0 && marker(text, hit.from - 1).is_some());
            let mut to = hit.to;
            while to < hit.to + 2 && marker(text, to).is_some() {
                to += 1;
            }
            text.mask(hit.from - before, to);
        }
        for at in 0..text.len() {
            let beside = |n: &Number| n.from == at + 1 || n.to == at;
            let house = HOUSE_BEFORE.contains(&text.word(at)) || is_house_after(text.word(at));
            if house && found.iter().any(beside) {
                text.mask(at, at + 1);
            }
        }
        place
    }

    fn level(&self, hit: &Hit) -> Level {
        self.units.get(hit.unit).map_or(Level::City, |unit| unit.level)
    }

    fn exact(&self, text: &Text) -> Vec<Hit> {
        let mut spans: Vec<(usize, usize, usize)> = Vec::new();
        for found in self.stems.find_overlapping_iter(&text.line) {
            let rest = text.line.get(found.end()..).unwrap_or_default();
            let ending = rest.split(' ').next().unwrap_or_default();
            if ENDINGS.contains(&ending) {
                let from = text.word_at(found.start() + 1);
                let to = text.word_at(found.end().saturating_sub(1)) + 1;
                spans.push((from, to, found.pattern().as_usize()));
            }
        }
        let covered =
            |a: &(usize, usize, usize)| spans.iter().any(|b| b.0 <= a.0 && a.1 <= b.1 && (b.1 - b.0) > (a.1 - a.0));
        spans
            .iter()
            .filter(|span| !covered(span))
            .flat_map(|&(from, to, name)| {
                let units = self.names.get(name).map(|(_, units)| units.as_slice()).unwrap_or_default();
                units
                    .iter()
                    .filter_map(move |&unit| Some(Hit { from, to, unit, score: self.score(text, from, to, unit)? }))
            })
            .collect()
    }

    /// Scores a unit by the words beside its name; `None` for an everyday word that nothing confirms.
    fn score(&self, text: &Text, from: usize, to: usize, unit: usize) -> Option<f32> {
        let unit = self.units.get(unit)?;
        let before = from.checked_sub(1).and_then(|at| marker(text, at)).filter(|(_, side)| *side != Side::After);
        let after = marker(text, to).filter(|(_, side)| *side != Side::Before);
        let levels: Vec<Level> = before.into_iter().chain(after).map(|(level, _)| level).collect();
        if levels.contains(&unit.level) {
            return Some(CONFIRMED);
        }
        if unit.ambiguous {
            return None;
        }
        Some(if levels.is_empty() { ALONE } else { CONTRADICTED })
    }

    /// Looks for misspelt names beside words such as "street".
    fn fuzzy(&self, text: &Text, hits: &[Hit]) -> Vec<Hit> {
        let mut found: Vec<Hit> = Vec::new();
        let markers = (0..text.len()).filter_map(|at| Some((at, marker(text, at)?))).take(MAX_FUZZY);
        for (at, (level, side)) in markers {
            for length in 1..=2_usize {
                let after = (side != Side::After).then_some((at + 1, at + 1 + length));
                let before = (side != Side::Before && at >= length).then(|| (at - length, at));
                for (from, to) in after.into_iter().chain(before) {
                    let taken = hits.iter().any(|hit| hit.from < to && from < hit.to);
                    if to <= text.len()
                        && !taken
                        && let Some(hit) = self.similar(text, from, to, level)
                    {
                        found.push(hit);
                    }
                }
            }
        }
        found
    }

    fn similar(&self, text: &Text, from: usize, to: usize, level: Level) -> Option<Hit> {
        let said = text.folded.get(from..to)?.join(" ");
        let first = said.bytes().next()?;
        if said.len() < 4 {
            return None;
        }
        let mut best: Option<(f64, usize)> = None;
        for (name, units) in &self.names {
            if name.bytes().next() != Some(first) || name.len().abs_diff(said.len()) > 3 || name.len() < 4 {
                continue;
            }
            let Some(&unit) = units.iter().find(|&&u| self.units.get(u).is_some_and(|u| u.level == level)) else {
                continue;
            };
            let likeness = strsim::normalized_damerau_levenshtein(name, &said);
            if likeness >= SIMILAR && best.is_none_or(|(top, _)| likeness > top) {
                best = Some((likeness, unit));
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "a likeness needs no more digits")]
        best.map(|(likeness, unit)| Hit { from, to, unit, score: likeness as f32 * ALONE })
    }

    fn place(&self, hits: &[Hit], text: &Text, numbers: &[Number], language: Option<Language>) -> Option<Place> {
        // One word may name a district and an avenue: what the words beside it confirm wins, then the narrower place.
        let beaten = |hit: &Hit| {
            let rank = |h: &Hit| (h.score, self.level(h));
            hits.iter()
                .any(|other| other.from == hit.from && rank(other).partial_cmp(&rank(hit)) == Some(Ordering::Greater))
        };
        let best = |level: Level| {
            let of_level = hits.iter().filter(|hit| self.level(hit) == level && !beaten(hit));
            of_level.reduce(|a, b| if b.score > a.score { b } else { a })
        };
        let street = best(Level::Street);
        let micro = best(Level::Microdistrict);
        let district = best(Level::District);
        let stated = micro.or(district);
        let narrow = street.or(micro).or(district).or_else(|| best(Level::City))?;
        let district_of = |hit: &Hit| self.districts.get(hit.unit).cloned().flatten();
        let known = district.or(micro).or(street).and_then(district_of);
        let guessed = self.units.get(narrow.unit).is_some_and(|unit| unit.approximate);
        let assigned = match stated {
            Some(stated) if guessed && district_of(stated) != district_of(narrow) => stated,
            _ => narrow,
        };
        let unit = self.units.get(assigned.unit)?;
        let spoken = language.unwrap_or(Language::Ru);
        let name_of = |hit: &Hit| self.units.get(hit.unit).map(|u| u.name.get(spoken).clone());
        let house = [street, micro].into_iter().flatten().find_map(|hit| house(text, numbers, hit));
        let mut parts: Vec<String> = [street, micro, district].into_iter().flatten().filter_map(name_of).collect();
        if parts.is_empty() {
            parts.extend(name_of(narrow));
        }
        if let (Some(house), Some(first)) = (&house, parts.first_mut()) {
            *first = format!("{first}, {house}");
        }
        let mut others: Vec<&Hit> = hits.iter().filter(|hit| hit.unit != assigned.unit).collect();
        others.sort_by(|a, b| b.score.total_cmp(&a.score));
        let candidates = others.into_iter().take(3).filter_map(|hit| {
            Some(PlaceCandidate { unit: self.units.get(hit.unit)?.code.clone(), confidence: hit.score })
        });
        Some(Place {
            unit: unit.code.clone(),
            level: unit.level,
            name: parts.join(", "),
            district: known,
            street: street.and_then(name_of),
            house,
            confidence: if self.level(narrow) == Level::City { narrow.score * 0.5 } else { narrow.score },
            candidates: candidates.collect(),
        })
    }
}

/// Gives the stem under which a name is searched: folded, without "street" and the like, without a vowel that cases change.
fn stem(name: &str) -> String {
    let folded = fold_phrase(name);
    let own: Vec<&str> = folded.split(' ').filter(|word| !GENERIC.contains(word)).collect();
    let core = if own.is_empty() { folded.clone() } else { own.join(" ") };
    for (ending, kept) in [("skiy", "sk"), ("skaya", "sk"), ("skoe", "sk")] {
        if let Some(start) = core.strip_suffix(ending) {
            return format!("{start}{kept}");
        }
    }
    match core.strip_suffix(['a', 'i', 'e']) {
        Some(start) if start.len() >= 6 && start.ends_with(|c| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')) => {
            start.to_owned()
        }
        _ => core,
    }
}

/// Says what kind of place a word announces.
fn marker(text: &Text, at: usize) -> Option<(Level, Side)> {
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
    let small = *level == Level::District && at > 0 && text.word(at - 1).starts_with("shagin");
    Some((if small { Level::Microdistrict } else { *level }, *side))
}

fn is_house_after(word: &str) -> bool {
    word == "house" || word == "dom" || (word.starts_with("uy") && word.len() <= 7)
}

/// Finds the number of the house at a place: beside the word "house", or right after the name.
fn house(text: &Text, numbers: &[Number], hit: &Hit) -> Option<String> {
    let free = |n: &&Number| n.to <= hit.from || n.from >= hit.to;
    let counts = |n: &&Number| NOT_A_HOUSE.iter().any(|stem| text.word(n.to).starts_with(stem));
    let beside = |n: &&Number| {
        let before = n.from.checked_sub(1).is_some_and(|at| HOUSE_BEFORE.contains(&text.word(at)));
        before || is_house_after(text.word(n.to))
    };
    let follows = |n: &&Number| {
        let names = (hit.to..n.from).all(|at| marker(text, at).is_some());
        n.from >= hit.to && n.from <= hit.to + 2 && names && !counts(n)
    };
    let said = numbers.iter().filter(free).find(beside).or_else(|| numbers.iter().filter(free).find(follows));
    said.map(|n| n.value.clone())
}
