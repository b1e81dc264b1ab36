//! The model on calls that it was not trained on: its own set, and what a recogniser really wrote down.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "broken data fails the test")]

use std::collections::HashSet;
use std::sync::LazyLock;

use dauys_config::city::City;
use dauys_events::Language;
use dauys_understand::{Model, Transcript, Understanding};

static CITY: LazyLock<City> = LazyLock::new(|| City::embedded("shymkent").unwrap());
static MODEL: LazyLock<Model> = LazyLock::new(|| Model::train(&CITY));

/// One call of the evaluation set: language, category, unit, text.
fn calls() -> Vec<[&'static str; 4]> {
    let lines = include_str!("data/calls.tsv").lines().skip(1);
    lines.map(|line| line.split('\t').collect::<Vec<_>>().try_into().expect("four columns")).collect()
}

fn understand(language: &str, text: &str) -> Understanding {
    MODEL.understand(&Transcript { text, language: Language::from_code(language) })
}

fn share(hits: usize, of: usize) -> f64 {
    hits as f64 / of as f64
}

#[test]
fn no_training_phrase_leaks_into_the_evaluation() {
    let trained: HashSet<&str> = CITY
        .phrases
        .iter()
        .flat_map(|(_, book)| book.by_category.values().flatten())
        .map(|phrase| phrase.trim_end_matches('?'))
        .collect();
    let long = |phrase: &&&str| phrase.split(' ').count() >= 3;
    for [_, _, _, text] in calls() {
        assert!(!trained.contains(text), "{text}");
        let inside = trained.iter().filter(long).find(|phrase| format!(" {text} ").contains(&format!(" {phrase} ")));
        assert_eq!(inside, None, "{text}");
    }
}

#[test]
fn the_right_category_comes_first_in_every_language() {
    let calls = calls();
    assert!(calls.len() >= 200);
    for language in ["kk", "ru", "uz", "mixed", "en"] {
        let own: Vec<_> = calls.iter().filter(|call| call[0] == language).collect();
        let wrong: Vec<String> = own
            .iter()
            .map(|call| (call, understand(language, call[3])))
            .filter(|(call, u)| u.top.first().is_none_or(|best| best.code != call[1]))
            .map(|(call, u)| format!("{} ≠ {:?}: {}", call[1], u.top.first(), call[3]))
            .collect();
        let right = share(own.len() - wrong.len(), own.len());
        let least = if language == "mixed" { 0.80 } else { 0.85 };
        assert!(right >= least, "{language}: {right:.3}\n{}", wrong.join("\n"));
    }
}

#[test]
fn what_passes_the_gate_is_seldom_wrong() {
    let passed: Vec<_> = calls()
        .into_iter()
        .map(|call| (call, understand(call[0], call[3])))
        .filter(|(_, u)| u.category != "unclear")
        .collect();
    let right = passed.iter().filter(|(call, u)| u.category == call[1]).count();
    assert!(share(passed.len(), calls().len()) >= 0.75, "only {} pass", passed.len());
    assert!(share(right, passed.len()) >= 0.92, "{right} of {}", passed.len());
}

#[test]
fn the_place_is_found_where_one_is_named_and_nowhere_else() {
    let mut wrong = Vec::new();
    let mut named = 0;
    for [language, _, unit, text] in calls() {
        let place = understand(language, text).place.map(|place| place.unit);
        named += usize::from(unit != "-");
        if place.as_deref().unwrap_or("-") != unit {
            wrong.push(format!("{unit} ≠ {place:?}: {text}"));
        }
    }
    assert!(named >= 35, "{named}");
    assert!(wrong.len() <= 3, "{}", wrong.join("\n"));
}

#[test]
fn recognised_speech_with_its_errors_is_understood() {
    let mut wrong = Vec::new();
    for line in include_str!("data/recognised.tsv").lines().skip(1) {
        let [language, category, unit, house, text]: [&str; 5] =
            line.split('\t').collect::<Vec<_>>().try_into().expect("five columns");
        let u = understand(language, text);
        if category != "-" && u.category != category {
            wrong.push(format!("{category} ≠ {:?}: {text}", u.top));
        }
        let place = u.place.as_ref();
        if place.map_or("-", |p| p.unit.as_str()) != unit {
            wrong.push(format!("{unit} ≠ {place:?}: {text}"));
        }
        if place.and_then(|p| p.house.as_deref()).unwrap_or("-") != house {
            wrong.push(format!("house {house} ≠ {place:?}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_language_is_guessed_where_none_is_given() {
    let (mut right, mut all, mut wrong) = (0, 0, Vec::new());
    for [language, _, _, text] in calls().into_iter().filter(|call| call[0] != "mixed") {
        let guess = MODEL.understand(&Transcript { text, language: None }).language;
        all += 1;
        if guess == Language::from_code(language) {
            right += 1;
        } else {
            wrong.push(format!("{guess:?}: {text}"));
        }
    }
    assert!(share(right, all) >= 0.97, "{right} of {all}\n{}", wrong.join("\n"));
}
