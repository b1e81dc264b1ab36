//! The gazetteer: the names of districts, microdistricts, streets and landmarks, and where a text names them.
//!
//! Names are found by one automaton over folded stems that tolerates case endings; a name that a recogniser misspelt is
//! found one letter away, and farther away only beside a word such as "street", so that the cost stays bounded.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};
use dauys_config::city::{City, Landmark, Level, Unit};

use crate::concepts::Concepts;
use crate::fold::fold_phrase;
use crate::markers::{Side, has_house, is_beside, marker, speaks_of_crossing};
use crate::numbers::Number;
use crate::spelling::Spelling;
use crate::text::Text;

/// Sureness of a name beside the right kind of word, alone, misspelt, and beside the wrong kind of word.
const CONFIRMED: f32 = 0.95;
const ALONE: f32 = 0.8;
const MISSPELT: f32 = 0.65;
const CONTRADICTED: f32 = 0.55;
/// Similarity that a misspelt name must have beside a word such as "street".
const SIMILAR: f64 = 0.75;
/// Words such as "street" around which misspelt names are looked for in one text.
const MAX_FUZZY: usize = 4;
/// Shortest word that may be a misspelt name, with its ending; and shortest name.
const SHORTEST: usize = 6;
/// Letters in which the words of a landmark may differ at their ends.
const LOOSE: usize = 3;

/// Case endings that may follow a name, folded, of Kazakh, Uzbek, Russian and English.
const ENDINGS: &[&str] = &[
    "", "nin", "din", "tin", "ning", "nda", "nde", "da", "de", "ta", "te", "dan", "den", "tan", "ten", "nan", "nen",
    "ga", "ge", "ka", "ke", "na", "ne", "men", "ben", "pen", "si", "i", "dagi", "degi", "tagi", "tegi", "ndagi",
    "ndegi", "niki", "diki", "tiki", "ni", "di", "ti", "a", "u", "om", "e", "oy", "y", "ya", "ogo", "omu", "em", "oe",
    "aya", "uyu", "iy", "iye", "im", "ov", "ova", "s", "gacha", "asi", "esi",
];

/// What makes people of a place ("-лық", "-lik"), and what may follow it: "we", "I", cases.
const PEOPLE: &[&str] = &["lik", "dik", "tik", "lig", "dig", "tig"];
const OF_PEOPLE: &[&str] = &[
    "", "man", "miz", "min", "men", "pin", "pen", "biz", "piz", "lar", "ler", "tar", "ter", "larmiz", "termiz",
    "tarmiz", "lermiz", "im", "imiz", "i",
];

/// Says whether what follows a stem may end a name: an ending, also behind the vowel that [`stem`] took, or without the
/// letter that folding took because the stem ends in it ("Тұраннан" is folded to `turanan`).
fn ends_name(stem: &str, rest: &str) -> bool {
    let behind_vowel = || stem.len() >= SHORTEST - 1 && rest.strip_prefix(['a', 'e', 'i']).is_some_and(is_ending);
    let doubled = || stem.get(stem.len() - 1..).is_some_and(|last| is_ending(&format!("{last}{rest}")));
    is_ending(rest) || behind_vowel() || (!rest.is_empty() && doubled())
}

fn is_ending(rest: &str) -> bool {
    ENDINGS.contains(&rest) || PEOPLE.iter().any(|people| is_of(rest, people))
}

/// Says whether a word tells who somebody is: "I am from Sayram", "we of Sayram".
fn is_of_people(word: &str) -> bool {
    let speaks = ["man", "miz", "min", "pin", "biz", "piz"];
    PEOPLE.iter().any(|people| {
        word.rfind(people)
            .and_then(|at| word.get(at..))
            .is_some_and(|rest| is_of(rest, people) && speaks.iter().any(|ending| rest.ends_with(ending)))
    })
}

/// Says whether an ending is what makes people of a place, with what follows it.
fn is_of(rest: &str, people: &str) -> bool {
    rest.strip_prefix(people).is_some_and(|rest| OF_PEOPLE.contains(&rest))
}

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

/// Finds names.
#[derive(Debug)]
pub(crate) struct Gazetteer {
    pub(crate) units: Vec<Unit>,
    /// Codes of each unit and of what it lies in, the narrowest first, by index.
    pub(crate) lineages: Vec<Vec<usize>>,
    stems: AhoCorasick,
    /// Stem text and the units that it names.
    names: Vec<(String, Vec<usize>)>,
    by_first: HashMap<u8, Vec<usize>>,
    spelling: Spelling,
    by_stem: HashMap<String, usize>,
    pub(crate) landmarks: Vec<Landmark>,
    /// Words of the landmarks' names by the first three letters of the first.
    landmark_names: HashMap<String, Vec<(Vec<String>, usize)>>,
}

/// A unit that some words name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) unit: usize,
    pub(crate) score: f32,
}

impl Gazetteer {
    /// Builds the automaton; `None` if the names are more than an automaton can hold.
    pub(crate) fn new(city: &City) -> Option<Self> {
        let units = city.territory.units.clone();
        let mut names: Vec<(String, Vec<usize>)> = Vec::new();
        let mut by_stem: HashMap<String, usize> = HashMap::new();
        for (at, unit) in units.iter().enumerate() {
            for name in unit.name.iter().map(|(_, name)| name).chain(&unit.aliases) {
                for stem in stems(name) {
                    let place = *by_stem.entry(stem.clone()).or_insert_with(|| {
                        names.push((stem, Vec::new()));
                        names.len() - 1
                    });
                    if let Some((_, named)) = names.get_mut(place)
                        && !named.contains(&at)
                    {
                        named.push(at);
                    }
                }
            }
        }
        let codes: HashMap<&str, usize> = units.iter().enumerate().map(|(at, unit)| (unit.code.as_str(), at)).collect();
        let lineage = |at: usize| {
            let mut line = vec![at];
            while let Some(parent) = line.last().and_then(|at| units.get(*at)).and_then(|u| u.parent.as_deref())
                && let Some(&next) = codes.get(parent)
                && line.len() < 8
            {
                line.push(next);
            }
            line
        };
        let lineages = (0..units.len()).map(lineage).collect();
        let stems = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(names.iter().map(|(stem, _)| format!(" {stem}")))
            .ok()?;
        let mut by_first: HashMap<u8, Vec<usize>> = HashMap::new();
        for (at, (name, _)) in names.iter().enumerate() {
            if let Some(first) = name.bytes().next() {
                by_first.entry(first).or_default().push(at);
            }
        }
        let whole = names.iter().map(|(name, _)| name.clone()).filter(|n| n.len() >= SHORTEST && !n.contains(' '));
        let spelling = Spelling::new(whole.collect());
        let landmarks = city.territory.landmarks.clone();
        let mut landmark_names: HashMap<String, Vec<(Vec<String>, usize)>> = HashMap::new();
        for (at, landmark) in landmarks.iter().enumerate() {
            for name in landmark.name.iter().map(|(_, name)| name).chain(&landmark.aliases) {
                let words: Vec<String> = fold_phrase(name).split(' ').map(str::to_owned).collect();
                if let Some(key) = words.first().and_then(|word| word.get(..word.len().min(3))) {
                    landmark_names.entry(key.to_owned()).or_default().push((words, at));
                }
            }
        }
        Some(Self { units, lineages, stems, names, by_first, spelling, by_stem, landmarks, landmark_names })
    }

    pub(crate) fn level(&self, hit: &Hit) -> Level {
        self.units.get(hit.unit).map_or(Level::City, |unit| unit.level)
    }

    /// Lists everything that the text may name, without what is marked already.
    pub(crate) fn hits(&self, text: &Text, numbers: &[Number], concepts: &Concepts) -> Vec<Hit> {
        let mut hits = self.exact(text, numbers);
        if !hits.iter().any(|hit| self.level(hit) > Level::Sector) {
            hits.extend(self.misspelt(text, numbers, &hits, concepts));
        }
        if !hits.iter().any(|hit| self.level(hit) > Level::Sector) {
            hits.extend(self.fuzzy(text, &hits, concepts));
        }
        hits.retain(|hit| (hit.from..hit.to).all(|at| !text.masked.get(at).copied().unwrap_or(true)));
        hits
    }

    /// Finds a landmark: its number, its words, and whether the text places the matter beside it.
    pub(crate) fn landmark(&self, text: &Text) -> Option<(usize, usize, usize, bool)> {
        let mut best: Option<(usize, usize, usize)> = None;
        for from in 0..text.len() {
            let word = text.word(from);
            let Some(named) = word.get(..word.len().min(3)).and_then(|key| self.landmark_names.get(key)) else {
                continue;
            };
            for (words, landmark) in named {
                let fits = words.iter().enumerate().all(|(at, name)| alike(name, text.word(from + at)));
                let longer = best.is_none_or(|(a, b, _)| words.len() > b - a);
                if fits && longer {
                    best = Some((from, from + words.len(), *landmark));
                }
            }
        }
        let (from, to, landmark) = best?;
        let beside = from.checked_sub(1).is_some_and(|at| is_beside(text.word(at)))
            || (to..to + 2).any(|at| is_beside(text.word(at)));
        // One everyday word names a landmark only where the matter is placed beside it.
        (to - from > 1 || beside).then_some((landmark, from, to, beside))
    }

    fn exact(&self, text: &Text, numbers: &[Number]) -> Vec<Hit> {
        let mut spans: Vec<(usize, usize, usize)> = Vec::new();
        for found in self.stems.find_overlapping_iter(&text.line) {
            let rest = text.line.get(found.end()..).unwrap_or_default();
            let ending = rest.split(' ').next().unwrap_or_default();
            let stem = self.names.get(found.pattern().as_usize()).map_or("", |(stem, _)| stem.as_str());
            if ends_name(stem, ending) {
                let from = text.word_at(found.start() + 1);
                let to = text.word_at(found.end().saturating_sub(1)) + 1;
                spans.push((from, to, found.pattern().as_usize()));
            }
        }
        let covered =
            |a: &(usize, usize, usize)| spans.iter().any(|b| b.0 <= a.0 && a.1 <= b.1 && (b.1 - b.0) > (a.1 - a.0));
        let kept = spans.iter().filter(|span| !covered(span));
        kept.flat_map(|&(from, to, name)| self.named(text, numbers, from, to, name, 1.0)).collect()
    }

    /// Makes a hit of every unit that a name names, where the words beside it allow.
    fn named(&self, text: &Text, numbers: &[Number], from: usize, to: usize, name: usize, trust: f32) -> Vec<Hit> {
        let units = self.names.get(name).map(|(_, units)| units.as_slice()).unwrap_or_default();
        let hit =
            |&unit: &usize| Some(Hit { from, to, unit, score: self.score(text, numbers, from, to, unit)? * trust });
        units.iter().filter_map(hit).collect()
    }

    /// Scores a unit by the words beside its name; `None` for an everyday word that nothing confirms.
    fn score(&self, text: &Text, numbers: &[Number], from: usize, to: usize, unit: usize) -> Option<f32> {
        let unit = self.units.get(unit)?;
        let before = from.checked_sub(1).and_then(|at| marker(text, at)).filter(|(_, side)| *side != Side::After);
        // "We are from Sayram, our street" does not name a street.
        let people = to.checked_sub(1).is_some_and(|last| is_of_people(text.word(last)));
        let after = marker(text, to).filter(|(_, side)| *side != Side::Before && !people);
        let levels: Vec<Level> = before.into_iter().chain(after).map(|(level, _)| level).collect();
        if levels.contains(&unit.level) {
            return Some(CONFIRMED);
        }
        if unit.ambiguous {
            // An everyday word with a house number behind it, or where streets cross, is the street.
            let street = unit.level == Level::Street && levels.is_empty();
            return (street && (has_house(text, numbers, to) || speaks_of_crossing(text))).then_some(ALONE);
        }
        Some(if levels.is_empty() { ALONE } else { CONTRADICTED })
    }

    /// Looks for names with one wrong letter anywhere.
    fn misspelt(&self, text: &Text, numbers: &[Number], hits: &[Hit], concepts: &Concepts) -> Vec<Hit> {
        let free = |at: usize| !hits.iter().any(|hit| hit.from <= at && at < hit.to);
        let strange = |at: &usize| {
            let word = text.word(*at);
            word.len() >= SHORTEST && free(*at) && marker(text, *at).is_none() && concepts.of(word, None).is_none()
        };
        let mut found = Vec::new();
        for at in (0..text.len()).filter(strange) {
            let word = text.word(at);
            let mut bare =
                ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending)).filter(|w| w.len() >= SHORTEST);
            let name = bare.find_map(|bare| self.spelling.mend(bare)).and_then(|name| self.by_stem.get(name));
            if let Some(&name) = name {
                found.extend(self.named(text, numbers, at, at + 1, name, MISSPELT / ALONE));
            }
        }
        found
    }

    /// Looks for misspelt names beside words such as "street".
    fn fuzzy(&self, text: &Text, hits: &[Hit], concepts: &Concepts) -> Vec<Hit> {
        let mut found: Vec<Hit> = Vec::new();
        let markers = (0..text.len()).filter_map(|at| Some((at, marker(text, at)?))).take(MAX_FUZZY);
        for (at, (level, side)) in markers {
            for length in 1..=2_usize {
                let after = (side != Side::After).then_some((at + 1, at + 1 + length));
                let before = (side != Side::Before && at >= length).then(|| (at - length, at));
                for (from, to) in after.into_iter().chain(before) {
                    let taken = hits.iter().any(|hit| hit.from < to && from < hit.to);
                    let everyday = (from..to).any(|word| concepts.of(text.word(word), None).is_some());
                    if to <= text.len()
                        && !taken
                        && !everyday
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
        for (name, units) in self.by_first.get(&first)?.iter().filter_map(|at| self.names.get(*at)) {
            if name.len().abs_diff(said.len()) > 3 || name.len() < 4 {
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
}

/// Says whether two words are the same but for their case endings.
fn alike(name: &str, said: &str) -> bool {
    if name.len() <= LOOSE {
        return name == said;
    }
    let common = name.bytes().zip(said.bytes()).take_while(|(a, b)| a == b).count();
    common >= LOOSE && common + LOOSE >= name.len() && said.len() <= name.len() + 5
}

/// Lists the stems under which a name is searched: its own, and what Russian cases make of one that ends in "й", which they
/// drop ("в Тассае"), or in an "а" that [`stem`] left ("за Газирой").
fn stems(name: &str) -> Vec<String> {
    let own = stem(name);
    let cases: &[&str] = if own.ends_with('y') { &["e", "em"] } else { &["e", "oy", "u", "i"] };
    let bent = own.strip_suffix(['y', 'a']).filter(|bare| bare.len() >= SHORTEST - 2).map(str::to_owned);
    let bent = bent.into_iter().flat_map(|bare| cases.iter().map(move |case| format!("{bare}{case}")));
    if own.is_empty() { Vec::new() } else { std::iter::once(own.clone()).chain(bent).collect() }
}

/// Gives the stem under which a name is searched: folded, without "street" and the like, without a vowel that cases change.
pub(crate) fn stem(name: &str) -> String {
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
