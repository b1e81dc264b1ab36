//! Training: learns from phrases and corrections, checks itself on what it did not meet, and compares itself with the
//! model in use. Deterministic: the same phrases and corrections give the same model, byte for byte.

use std::collections::{BTreeMap, HashMap};

use dauys_config::city::City;
use serde::Serialize;

use crate::alarm;
use crate::calibration::{Confidence, Signs, soften, temperature};
use crate::concepts::{self, Concepts};
use crate::examples::{Correction, Example, examples};
use crate::features::hash;
use crate::hazards::Hazards;
use crate::learned::{Learned, Weighed};
use crate::model::Model;
use crate::reader::Reader;
use crate::stored::{Stored, UNJUDGED};

/// Changes with every change of what training makes of the same phrases, calls and meanings.
const TRAINER: u64 = 6;
/// Parts into which the phrases fall; each is judged by a model that learned from the others.
pub(crate) const FOLDS: u64 = 5;
/// How much worse than the model in use a model may be over all phrases, as a share of them.
const TOLERATED: f64 = 0.005;
/// How much worse it may be in one category of at least so many phrases.
const TOLERATED_IN_ONE: f64 = 0.15;
const ENOUGH: usize = 10;

/// Holds a new model and what is to be said for it.
#[derive(Debug)]
pub struct Trained {
    /// The model.
    pub model: Model,
    /// Its quality, beside that of the model in use.
    pub report: Report,
}

/// Says how good a model is on phrases that it had not met.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Version of the model.
    pub version: String,
    /// Phrases and corrections that it learned from.
    pub phrases: usize,
    /// How many of these are corrections.
    pub corrections: usize,
    /// Share of them whose category was found by a model that had not met them.
    pub accuracy: f64,
    /// The same of the model in use, on the phrases whose category it knows; absent where there is none.
    pub in_use: Option<InUse>,
    /// Quality of each category, in the order of the taxonomy.
    pub categories: Vec<CategoryQuality>,
    /// Why the model must not replace the one in use; empty where it may.
    pub refused: Vec<String>,
}

/// Says how the model in use does on the same phrases.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InUse {
    /// Its version.
    pub version: String,
    /// Phrases that both were judged on.
    pub phrases: usize,
    /// Its share of right answers.
    pub accuracy: f64,
    /// The new model's share on the same phrases.
    pub new_accuracy: f64,
}

/// Says how well one category is found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CategoryQuality {
    /// Category code.
    pub code: String,
    /// Phrases of it.
    pub phrases: usize,
    /// Share of what was taken for it that is it.
    pub precision: f64,
    /// Share of it that was found.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// Recall of the model in use, where it knows the category.
    pub recall_in_use: Option<f64>,
}

/// Identifies what a model of a city learns from when there are no corrections; another value asks for training.
#[must_use]
pub fn fingerprint(city: &City) -> u64 {
    let mut state = hash(TRAINER, city.settings.code.as_bytes());
    let mut take = |text: &str| state = hash(state, text.as_bytes());
    take(concepts::TABLE);
    alarm::files().for_each(&mut take);
    city.taxonomy.categories.iter().for_each(|category| take(&category.code));
    for (language, book) in city.phrases.iter() {
        take(language.code());
        for (code, phrases) in &book.by_category {
            take(code);
            phrases.iter().for_each(|phrase| take(phrase));
        }
    }
    for question in &city.questions {
        take(&question.category);
        question.ask.iter().flat_map(|(_, asked)| asked).for_each(|said| take(said));
    }
    for (_, words) in city.lexicon.words.iter() {
        words.greetings.iter().chain(&words.fillers).for_each(|word| take(word));
    }
    // Places are hidden from what is learned, so that their names count too.
    for unit in &city.territory.units {
        unit.name.iter().for_each(|(_, name)| take(name));
        unit.aliases.iter().for_each(|name| take(name));
    }
    state
}

/// Trains a model on a city's phrases and on corrections, and compares it with the one in use.
#[must_use]
pub fn train(city: &City, corrections: &[Correction], in_use: Option<&Model>) -> Trained {
    let (stored, clean, reader, concepts) = learn(city, corrections, FOLDS);
    let report = report(&stored, &clean.iter().collect::<Vec<_>>(), corrections.len(), in_use);
    Trained { model: Model::assemble(city, reader, concepts, stored), report }
}

/// Trains a model on a city's phrases and judges it on a fifth of them: a start that has no model waits for this.
pub(crate) fn quick(city: &City) -> Model {
    let (stored, _, reader, concepts) = learn(city, &[], 1);
    Model::assemble(city, reader, concepts, stored)
}

/// Learns, and judges on the first `folds` parts of the phrases; also gives the phrases, without worn copies.
fn learn(city: &City, corrections: &[Correction], folds: u64) -> (Stored, Vec<Example>, Reader, Concepts) {
    let reader = Reader::new(city);
    let concepts = Concepts::new();
    let examples = examples(city, corrections, &reader, &concepts);
    let classes = city.taxonomy.categories.len();
    let unclear = city.taxonomy.categories.iter().position(|c| c.code == city.settings.inspector.unclear_category);
    // Three trainings that know nothing of each other: a start that waits for them need not wait for their sum.
    let (held, mut learned, alarm) = std::thread::scope(|scope| {
        let alarm = scope.spawn(|| alarm::train(city, &reader, &concepts, &Hazards::new(), None));
        let held = scope.spawn(|| cross_validate(&examples, &concepts, classes, folds));
        let learned = Learned::train(&examples.iter().collect::<Vec<_>>(), &concepts, classes);
        (joined(held), learned, joined(alarm))
    });
    (learned.temperature, learned.confidence) = calibrate(&held, &examples, unclear);
    let outcomes = outcomes(&held, &examples);
    let fingerprint = fingerprint(city);
    let stored = Stored {
        version: version(city, fingerprint, corrections),
        fingerprint,
        classes: city.taxonomy.categories.iter().map(|c| c.code.clone()).collect(),
        learned,
        alarm,
        outcomes,
    };
    let clean = examples.into_iter().filter(|e| e.copy == 0).collect();
    (stored, clean, reader, concepts)
}

fn joined<T>(handle: std::thread::ScopedJoinHandle<'_, T>) -> T {
    handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn version(city: &City, fingerprint: u64, corrections: &[Correction]) -> String {
    let state = corrections.iter().fold(fingerprint, |state, correction| {
        hash(hash(state, correction.category.as_bytes()), correction.text.as_bytes())
    });
    format!("{}-{:010x}", city.settings.code, state >> 24)
}

/// Weighs the examples of the first `folds` parts, each by a model that met no copy of its phrase.
pub(crate) fn cross_validate(
    examples: &[Example],
    concepts: &Concepts,
    classes: usize,
    folds: u64,
) -> Vec<Option<Weighed>> {
    let mut held: Vec<Option<Weighed>> = vec![None; examples.len()];
    for fold in 0..folds {
        let others: Vec<&Example> = examples.iter().filter(|e| e.phrase % FOLDS != fold).collect();
        let learned = Learned::train(&others, concepts, classes);
        for (slot, example) in held.iter_mut().zip(examples).filter(|(_, e)| e.phrase % FOLDS == fold) {
            *slot = Some(learned.weigh_example(example, concepts));
        }
    }
    held
}

/// Finds the temperature and the confidence at which the probabilities of held-out phrases are honest.
fn calibrate(held: &[Option<Weighed>], examples: &[Example], unclear: Option<usize>) -> (f32, Confidence) {
    let judged = || held.iter().zip(examples).filter_map(|(weighed, e)| Some((weighed.as_ref()?, e)));
    let pairs: Vec<(Vec<f32>, usize)> = judged().map(|(weighed, e)| (weighed.probabilities.clone(), e.class)).collect();
    let temperature = temperature(&pairs);
    let seen: Vec<(Signs, bool)> = judged()
        .map(|(weighed, example)| {
            let mut weighed = weighed.clone();
            soften(&mut weighed.probabilities, temperature);
            let best = best(&weighed.probabilities, unclear);
            (Signs::new(&weighed, unclear), best == Some(example.class))
        })
        .collect();
    (temperature, Confidence::fit(&seen))
}

pub(crate) fn best(probabilities: &[f32], but: Option<usize>) -> Option<usize> {
    let named = probabilities.iter().enumerate().filter(|(at, _)| Some(*at) != but);
    named.max_by(|a, b| a.1.total_cmp(b.1)).map(|(at, _)| at)
}

/// Lists what each phrase was taken for.
fn outcomes(held: &[Option<Weighed>], examples: &[Example]) -> Vec<(u64, u16)> {
    let guess = |weighed: &Weighed| best(&weighed.probabilities, None).and_then(|class| u16::try_from(class).ok());
    let clean = held.iter().zip(examples).filter(|(_, e)| e.copy == 0);
    let mut outcomes: Vec<(u64, u16)> =
        clean.map(|(weighed, e)| (e.phrase, weighed.as_ref().and_then(guess).unwrap_or(UNJUDGED))).collect();
    outcomes.sort_unstable();
    outcomes.dedup_by_key(|(phrase, _)| *phrase);
    outcomes
}

fn report(stored: &Stored, clean: &[&Example], corrections: usize, in_use: Option<&Model>) -> Report {
    let own: HashMap<u64, u16> = stored.outcomes.iter().copied().collect();
    let guess = |e: &Example| own.get(&e.phrase).map(|class| usize::from(*class));
    let count = stored.classes.len();
    let (mut of, mut taken, mut right) = (vec![0_usize; count], vec![0_usize; count], vec![0_usize; count]);
    // Phrases that both models were judged on, and what each found, by class.
    let mut compared: BTreeMap<usize, (usize, usize, usize)> = BTreeMap::new();
    for example in clean {
        let found = guess(example);
        add(&mut of, Some(example.class));
        add(&mut taken, found);
        let hit = found == Some(example.class);
        if hit {
            add(&mut right, found);
        }
        let code = stored.classes.get(example.class).map_or("", String::as_str);
        if let Some(then) = in_use.and_then(|model| model.would_find(example, code)) {
            let entry = compared.entry(example.class).or_default();
            entry.0 += 1;
            entry.1 += usize::from(then);
            entry.2 += usize::from(hit);
        }
    }
    let at = |list: &[usize], class: usize| list.get(class).copied().unwrap_or(0);
    let categories = stored.classes.iter().enumerate().map(|(class, code)| {
        let (precision, recall) =
            (share(at(&right, class), at(&taken, class)), share(at(&right, class), at(&of, class)));
        CategoryQuality {
            code: code.clone(),
            phrases: at(&of, class),
            precision,
            recall,
            f1: if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 },
            recall_in_use: compared.get(&class).map(|(all, then, _)| share(*then, *all)),
        }
    });
    let sum = |pick: fn(&(usize, usize, usize)) -> usize| compared.values().map(pick).sum::<usize>();
    let (all, then, now) = (sum(|c| c.0), sum(|c| c.1), sum(|c| c.2));
    let in_use = in_use.map(|model| InUse {
        version: model.version().to_owned(),
        phrases: all,
        accuracy: share(then, all),
        new_accuracy: share(now, all),
    });
    Report {
        version: stored.version.clone(),
        phrases: clean.len(),
        corrections,
        accuracy: share(right.iter().sum(), clean.len()),
        categories: categories.collect(),
        refused: refused(in_use.as_ref(), &compared, &stored.classes),
        in_use,
    }
}

/// Lists what speaks against replacing the model in use.
fn refused(
    in_use: Option<&InUse>,
    compared: &BTreeMap<usize, (usize, usize, usize)>,
    classes: &[String],
) -> Vec<String> {
    let mut refused = Vec::new();
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    if let Some(in_use) = in_use.filter(|i| i.accuracy - i.new_accuracy > TOLERATED) {
        let (now, then) = (percent(in_use.new_accuracy), percent(in_use.accuracy));
        refused.push(format!("over all phrases it finds {now}, the model in use finds {then}"));
    }
    for (class, (all, then, now)) in compared {
        let (before, after) = (share(*then, *all), share(*now, *all));
        if *all >= ENOUGH && before - after > TOLERATED_IN_ONE {
            let code = classes.get(*class).map_or("", String::as_str);
            refused.push(format!("of {code} it finds {}, the model in use finds {}", percent(after), percent(before)));
        }
    }
    refused
}

fn add(counts: &mut [usize], class: Option<usize>) {
    if let Some(count) = class.and_then(|class| counts.get_mut(class)) {
        *count += 1;
    }
}

#[expect(clippy::cast_precision_loss, reason = "phrases are few")]
fn share(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}
