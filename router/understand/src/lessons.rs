//! What a second engine learns from, and how much say it gets: phrases with their categories, a fifth of them held out on
//! which both engines are judged.

use std::collections::HashSet;

use dauys_config::city::City;
use serde::Serialize;

use crate::calibration::{self, Confidence, Signs};
use crate::concepts::Concepts;
use crate::engine::{Joint, LARGEST, pool};
use crate::examples::{Correction, examples};
use crate::learned::Weighed;
use crate::reader::Reader;
use crate::train::{FOLDS, best, cross_validate};

/// Says of a second engine that are tried, in twentieths: above a half it would lead, and nobody could name its reasons.
const TRIED: u8 = 10;

/// One phrase or correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// What is said of the matter, as an engine gets it.
    pub text: String,
    /// Number of the category in the taxonomy.
    pub class: usize,
    /// Whether engines are judged on it: whoever is judged must not have learned from it.
    pub held_out: bool,
}

/// Phrases and corrections, with what the words make of those that are held out.
#[derive(Debug)]
pub struct Lessons {
    lessons: Vec<Lesson>,
    classes: usize,
    unclear: Option<usize>,
    /// For each lesson what a words engine says that has not met it; none where it is not held out.
    words: Vec<Option<Weighed>>,
}

/// Says how good both engines are on what neither had met, each alone and joined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// Phrases that both were judged on.
    pub phrases: usize,
    /// The second engine's say.
    pub weight: f32,
    /// The words alone.
    pub words: Quality,
    /// The second engine alone.
    pub second: Quality,
    /// Both.
    pub joined: Quality,
}

/// Says how good an engine is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quality {
    /// Share of right answers.
    pub accuracy: f64,
    /// Mean logarithm of the probability that it gave the right category; nearer to 0 is better.
    pub log_likelihood: f64,
}

impl Lessons {
    /// Reads a city's phrases and corrections, and trains the words without a fifth of them.
    #[must_use]
    pub fn read(city: &City, corrections: &[Correction]) -> Self {
        let (reader, concepts) = (Reader::new(city), Concepts::new());
        let examples = examples(city, corrections, &reader, &concepts);
        let classes = city.taxonomy.categories.len();
        let unclear = city.taxonomy.categories.iter().position(|c| c.code == city.settings.inspector.unclear_category);
        let mut held = cross_validate(&examples, &concepts, classes, 1);
        let judged = held.iter().zip(&examples).filter_map(|(w, e)| Some((w.as_ref()?.probabilities.clone(), e.class)));
        let temperature = calibration::temperature(&judged.collect::<Vec<_>>());
        held.iter_mut().flatten().for_each(|weighed| calibration::soften(&mut weighed.probabilities, temperature));
        let (mut lessons, mut words, mut met) = (Vec::new(), Vec::new(), HashSet::new());
        for (example, weighed) in examples.into_iter().zip(held) {
            // A worn copy has no wording of its own, and a phrase that stands twice teaches nothing new.
            if example.copy == 0 && met.insert((example.said.clone(), example.class)) {
                let held_out = example.phrase % FOLDS == 0;
                lessons.push(Lesson { text: example.said, class: example.class, held_out });
                words.push(weighed);
            }
        }
        Self { lessons, classes, unclear, words }
    }

    /// Lists all phrases.
    #[must_use]
    pub fn all(&self) -> &[Lesson] {
        &self.lessons
    }

    /// Counts the categories.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Finds the temperature at which a second engine's probabilities are honest; `second` has an entry for each lesson, and
    /// those that are held out count.
    #[must_use]
    pub fn temperature(&self, second: &[Option<Vec<f32>>]) -> f32 {
        let held = self.lessons.iter().zip(second).filter(|(lesson, _)| lesson.held_out);
        let pairs = held.filter_map(|(lesson, p)| Some((p.clone()?, lesson.class)));
        calibration::temperature(&pairs.collect::<Vec<_>>())
    }

    /// Joins a second engine with the words: with the given say, or with the one under which the held-out categories are
    /// likeliest. `second` has an entry for each lesson.
    #[must_use]
    pub fn join(&self, second: &[Option<Vec<f32>>], weight: Option<f32>) -> (Joint, Comparison) {
        let judged: Vec<Judged<'_>> = self.judged(second).collect();
        let weight = weight.map_or_else(|| likeliest(&judged), |weight| weight.clamp(0.0, LARGEST));
        let pooled = |one: &Judged<'_>| pool(&one.words.probabilities, one.second, weight);
        let seen: Vec<(Signs, bool)> = judged
            .iter()
            .filter_map(|one| {
                let both = Weighed { probabilities: pooled(one)?, ..one.words.clone() };
                let right = best(&both.probabilities, self.unclear) == Some(one.class);
                Some((Signs::new(&both, self.unclear), right))
            })
            .collect();
        let comparison = Comparison {
            phrases: judged.len(),
            weight,
            words: quality(&judged, |one| Some(one.words.probabilities.clone())),
            second: quality(&judged, |one| Some(one.second.to_vec())),
            joined: quality(&judged, pooled),
        };
        (Joint { weight, confidence: Confidence::fit(&seen) }, comparison)
    }

    fn judged<'a>(&'a self, second: &'a [Option<Vec<f32>>]) -> impl Iterator<Item = Judged<'a>> {
        let both = self.lessons.iter().zip(&self.words).zip(second);
        both.filter_map(|((lesson, words), second)| {
            let (words, second) = (words.as_ref()?, second.as_deref()?);
            (second.len() == self.classes).then_some(Judged { class: lesson.class, words, second })
        })
    }
}

/// One held-out phrase, as both engines see it.
struct Judged<'a> {
    class: usize,
    words: &'a Weighed,
    second: &'a [f32],
}

fn likeliest(judged: &[Judged<'_>]) -> f32 {
    let tried = (0..=TRIED).map(|step| f32::from(step) / 20.0);
    let likelihood =
        |weight: f32| quality(judged, |one| pool(&one.words.probabilities, one.second, weight)).log_likelihood;
    // Where more say brings nothing, less is taken.
    let scored = tried.map(|weight| (weight, likelihood(weight)));
    scored.reduce(|kept, next| if next.1 > kept.1 { next } else { kept }).map_or(0.0, |(weight, _)| weight)
}

#[expect(clippy::cast_precision_loss, reason = "phrases are few")]
fn quality(judged: &[Judged<'_>], opinion: impl Fn(&Judged<'_>) -> Option<Vec<f32>>) -> Quality {
    let (mut right, mut likelihood) = (0_usize, 0.0_f64);
    for one in judged {
        let opinion = opinion(one).unwrap_or_default();
        right += usize::from(best(&opinion, None) == Some(one.class));
        likelihood += f64::from(opinion.get(one.class).copied().unwrap_or(0.0).max(1e-6).ln());
    }
    let count = judged.len().max(1) as f64;
    Quality { accuracy: right as f64 / count, log_likelihood: likelihood / count }
}
