//! Training: the same phrases give the same model, corrections are learned, a worse model is refused, bytes are checked.

#![expect(clippy::unwrap_used, reason = "a pack that does not load fails the test")]

use std::sync::LazyLock;

use dauys_config::city::City;
use dauys_events::Language;
use dauys_understand::{Correction, Model, ModelError, Trained, Transcript, train};

/// A small city: every category with a few phrases, so that training takes a moment.
static CITY: LazyLock<City> = LazyLock::new(|| {
    let mut city = City::embedded("shymkent").unwrap();
    for book in [&mut city.phrases.kk, &mut city.phrases.ru, &mut city.phrases.uz, &mut city.phrases.en] {
        book.by_category.values_mut().for_each(|phrases| phrases.truncate(6));
    }
    city
});
static TRAINED: LazyLock<Trained> = LazyLock::new(|| train(&CITY, &[], None));

fn category(model: &Model, text: &str) -> String {
    model
        .understand(&Transcript { text, language: Some(Language::Ru) })
        .top
        .first()
        .map_or(String::new(), |s| s.code.clone())
}

#[test]
fn the_same_phrases_give_the_same_model_byte_for_byte() {
    let again = train(&CITY, &[], None);
    assert_eq!(again.model.version(), TRAINED.model.version());
    assert!(again.model.to_bytes() == TRAINED.model.to_bytes());
    assert_eq!(again.report, TRAINED.report);
}

#[test]
fn a_model_that_was_written_decides_as_the_one_that_was_trained() {
    let read = Model::from_bytes(&CITY, &TRAINED.model.to_bytes()).unwrap();
    let transcript =
        Transcript { text: "на улице гагарина дом пять нет воды", language: None };
    assert_eq!(read.understand(&transcript), TRAINED.model.understand(&transcript));
    assert_eq!(read.version(), TRAINED.model.version());
}

#[test]
fn damaged_bytes_and_other_cities_are_refused() {
    let bytes = TRAINED.model.to_bytes();
    let of = |bytes: &[u8]| Model::from_bytes(&CITY, bytes).err();
    assert_eq!(of(b""), Some(ModelError::Format));
    assert_eq!(of(b"something else entirely"), Some(ModelError::Format));
    for length in [8, 9, 100, bytes.len() / 2, bytes.len() - 1] {
        assert_eq!(of(bytes.get(..length).unwrap()), Some(ModelError::Damaged), "{length}");
    }
    let mut flipped = bytes.clone();
    *flipped.get_mut(bytes.len() / 3).unwrap() ^= 1;
    assert_eq!(of(&flipped), Some(ModelError::Damaged));
    let mut other = CITY.clone();
    other.taxonomy.categories.pop();
    assert_eq!(Model::from_bytes(&other, &bytes).err(), Some(ModelError::OtherCategories));
}

#[test]
fn what_inspectors_correct_is_learned() {
    let text = "квазипупырь на крыше скрежещет";
    let correction = |text: &str| Correction {
        text: text.to_owned(),
        language: Some(Language::Ru),
        category: "roof".to_owned(),
        kind: None,
    };
    let corrections =
        [correction(text), correction("квазипупырь опять скрежещет"), correction("скрежещет квазипупырь")];
    let taught = train(&CITY, &corrections, Some(&TRAINED.model));
    assert_ne!(taught.model.version(), TRAINED.model.version());
    assert_eq!(taught.report.corrections, 3);
    assert_eq!(taught.report.refused, Vec::<String>::new());
    assert_eq!(category(&taught.model, "скрежещет квазипупырь ночью"), "roof");
}

#[test]
fn a_worse_model_is_refused_with_the_reason() {
    // Somebody accepted hundreds of corrections that are wrong.
    let wrong = |category: &str, text: &String| Correction {
        text: text.clone(),
        language: Some(Language::Ru),
        category: if category == "water" { "noise" } else { "water" }.to_owned(),
        kind: None,
    };
    let books = &CITY.phrases.ru.by_category;
    let corrections: Vec<Correction> =
        books.iter().flat_map(|(category, phrases)| phrases.iter().map(move |p| wrong(category, p))).collect();
    let spoilt = train(&CITY, &corrections, Some(&TRAINED.model));
    assert!(!spoilt.report.refused.is_empty(), "{:?}", spoilt.report.in_use);
    let in_use = spoilt.report.in_use.unwrap();
    assert!(in_use.new_accuracy < in_use.accuracy, "{in_use:?}");
}
