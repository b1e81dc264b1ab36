//! Several issues in one call: where one matter ends and the next begins.

use crate::learned::{Learned, Sums};

/// Fewest content words of a matter.
const SHORTEST: usize = 2;
/// Places between words that are tried.
const TRIED: usize = 48;
/// How clear both sides must be, and where a word such as "also" stands between them.
const CLEAR: f32 = 0.88;
const CLEAR_AFTER_ALSO: f32 = 0.4;
/// How likely each matter must be in the call as a whole, and how likely the best one may be at most.
const PRESENT: f32 = 0.1;
const PRESENT_AFTER_ALSO: f32 = 0.005;
const ALONE: f32 = 0.88;
/// How likely one side may at most be the matter of the other.
const CROSS: f32 = 0.12;
const CROSS_AFTER_ALSO: f32 = 0.3;

/// Words that begin another matter, folded.
const ALSO: &[&str] = &[
    "eshe",
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

/// Finds the place between two content words where a call changes its matter.
///
/// `also` says whether the word at a place, or one just before it, begins another matter.
pub(crate) fn border(
    learned: &Learned,
    sums: &Sums,
    unclear: Option<usize>,
    also: &dyn Fn(usize) -> bool,
) -> Option<usize> {
    let words = sums.words();
    if words < SHORTEST * 2 {
        return None;
    }
    let (whole, _) = learned.stretch(sums, 0, words);
    let step = (words / TRIED).max(1);
    let mut best: Option<(f32, usize)> = None;
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
        let bonus = if also { CLEAR - CLEAR_AFTER_ALSO } else { 0.0 };
        let present = if also { PRESENT_AFTER_ALSO } else { PRESENT };
        let long = also || (at > SHORTEST && words - at > SHORTEST);
        if !long || p(&whole, a).min(p(&whole, b)) < present || (!also && p(&whole, a).max(p(&whole, b)) > ALONE) {
            continue;
        }
        if clear + bonus >= CLEAR
            && crossed <= if also { CROSS_AFTER_ALSO } else { CROSS }
            && best.is_none_or(|(score, _)| clear + bonus > score)
        {
            best = Some((clear + bonus, at));
        }
    }
    best.map(|(_, at)| at)
}

fn top(probabilities: &[f32]) -> Option<usize> {
    probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(at, _)| at)
}
