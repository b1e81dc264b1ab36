//! Several issues in one call: where one matter ends and the next begins.

use crate::learned::{Learned, Sums};

/// Fewest content words of a matter.
const SHORTEST: usize = 2;
/// Borders of a call that are looked at closely.
const MOST: usize = 3;
/// Places between words that are tried.
const TRIED: usize = 48;
/// How clear both sides must be, and where a word such as "also" stands between them.
const CLEAR: f32 = 0.65;
const CLEAR_AFTER_ALSO: f32 = 0.5;
/// How likely each matter must be in the call as a whole.
const PRESENT: f32 = 0.01;
const PRESENT_AFTER_ALSO: f32 = 0.0003;
/// How likely one side may at most be the matter of the other.
const CROSS: f32 = 0.15;
const CROSS_AFTER_ALSO: f32 = 0.3;
/// How sure each matter must be when it is read by itself.
const SURE: f32 = 0.95;
const SURE_AFTER_ALSO: f32 = 0.75;

/// Words that begin another matter, folded.
const ALSO: &[&str] = &[
    "eshe",
    "kstati",
    "teper",
    "plyus",
    "dopolnenie",
    "pomimoetogo",
    "potom",
    "vtoraya",
    "vtorih",
    "povodu",
    "soson",
    "sosin",
    "aitpakshi",
    "kosa",
    "ustine",
    "ekinshi",
    "jane",
    "sonday",
    "turali",
    "keyin",
    "ustiga",
    "kolaversa",
    "aytgancha",
    "masala",
    "masale",
    "ikkinchi",
    "esa",
    "togda",
    "takje",
    "krome",
    "zaodno",
    "vtoroe",
    "vtoroy",
    "pomimo",
    "tagi",
    "sonimen",
    "onin",
    "ekinshiden",
    "ekinshisi",
    "yana",
    "bundan",
    "ikkinchidan",
    "ikkinchisi",
    "shuningdek",
    "hamda",
    "also",
    "besides",
    "second",
    "another",
];

/// Says whether a word begins another matter.
pub(crate) fn begins_another(word: &str) -> bool {
    ALSO.contains(&word)
}

/// Lists places between two content words where a call may change its matter, the likeliest first.
///
/// `also` says whether the word at a place, or one just before it, begins another matter.
pub(crate) fn borders(
    learned: &Learned,
    sums: &Sums,
    unclear: Option<usize>,
    also: &dyn Fn(usize) -> bool,
) -> Vec<(usize, bool)> {
    let words = sums.words();
    if words < SHORTEST * 2 {
        return Vec::new();
    }
    let (whole, _) = learned.stretch(sums, 0, words);
    let step = (words / TRIED).max(1);
    let mut found: Vec<(f32, usize, bool)> = Vec::new();
    for at in (SHORTEST..=words - SHORTEST).step_by(step) {
        let (left, _) = learned.stretch(sums, 0, at);
        let (right, _) = learned.stretch(sums, at, words);
        let (Some(a), Some(b)) = (top(&left), top(&right)) else { continue };
        if a == b || Some(a) == unclear || Some(b) == unclear {
            continue;
        }
        let p = |list: &[f32], class: usize| list.get(class).copied().unwrap_or(0.0);
        let clear = p(&left, a).min(p(&right, b));
        let crossed = p(&left, b).max(p(&right, a));
        let also = also(at);
        let (enough, present, cross) =
            if also { (CLEAR_AFTER_ALSO, PRESENT_AFTER_ALSO, CROSS_AFTER_ALSO) } else { (CLEAR, PRESENT, CROSS) };
        let long = also || (at > SHORTEST && words - at > SHORTEST);
        if long && clear >= enough && crossed <= cross && p(&whole, a).min(p(&whole, b)) >= present {
            found.push((clear - crossed + if also { 1.0 } else { 0.0 }, at, also));
        }
    }
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    found.into_iter().take(MOST).map(|(_, at, also)| (at, also)).collect()
}

/// Says how sure each matter must be, where "also" stands between them and where it does not.
pub(crate) const fn sure(also: bool) -> f32 {
    if also { SURE_AFTER_ALSO } else { SURE }
}

fn top(probabilities: &[f32]) -> Option<usize> {
    probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(at, _)| at)
}
