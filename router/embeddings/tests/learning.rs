//! A tiny encoder learns a small city: it is joined with the words, names itself, and is the same every time.

#![expect(clippy::unwrap_used, reason = "a pack that does not load fails the test")]

mod support;

use std::sync::{Arc, LazyLock};

use dauys_config::city::City;
use dauys_embeddings::{Embeddings, Encoder, Learned, Vectors, learn, version};
use dauys_understand::{Comparison, Correction, Engine, Model, Transcript};

/// Six matters whose words the tiny encoder knows, and a few phrases of every other category.
static CITY: LazyLock<City> = LazyLock::new(|| {
    let mut city = City::embedded("shymkent").unwrap();
    for book in [&mut city.phrases.kk, &mut city.phrases.ru, &mut city.phrases.uz, &mut city.phrases.en] {
        book.by_category.values_mut().for_each(|phrases| phrases.truncate(5));
    }
    city
});
/// The encoder, what it learned, how it does, and the vectors that it made.
type Lesson = (Arc<Encoder>, Learned, Comparison, Vectors);
static LEARNED: LazyLock<Option<Lesson>> = LazyLock::new(|| {
    let encoder = support::load("tiny")?.unwrap();
    let mut vectors = Vectors::default();
    let (learned, comparison) = learn(&encoder, &CITY, &[], &mut vectors, None).unwrap();
    Some((Arc::new(encoder), learned, comparison, vectors))
});

#[test]
fn what_is_learned_is_the_same_every_time_and_kept_vectors_change_nothing() {
    let Some((encoder, learned, comparison, vectors)) = LEARNED.as_ref() else { return };
    let mut kept = Vectors::from_bytes(encoder.hash(), &vectors.to_bytes(encoder.hash())).unwrap();
    let (again, compared) = learn(encoder, &CITY, &[], &mut kept, None).unwrap();
    assert_eq!((&again, &compared), (learned, comparison));
    assert_eq!(&kept, vectors);
    assert_eq!(Learned::from_bytes(&learned.to_bytes()).as_ref(), Some(learned));
}

#[test]
fn the_comparison_says_what_each_engine_finds_and_what_both_find() {
    let Some((_, learned, comparison, _)) = LEARNED.as_ref() else { return };
    assert!(comparison.phrases > 100 && comparison.second.accuracy > 0.02, "{comparison:?}");
    assert!(comparison.joined.log_likelihood >= comparison.words.log_likelihood - 1e-3, "{comparison:?}");
    assert!((0.0..=0.5).contains(&learned.joint.weight()));
    assert!((learned.joint.weight() - comparison.weight).abs() < 1e-6);
}

#[test]
fn a_ticket_names_both_engines_and_the_embeddings_are_heard() {
    let Some((encoder, learned, ..)) = LEARNED.as_ref() else { return };
    let engine = Embeddings::new(Arc::clone(encoder), learned.clone());
    let probabilities = engine.weigh("нет воды").unwrap();
    assert_eq!(probabilities.len(), CITY.taxonomy.categories.len());
    assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-4);
    let model = Model::train(&CITY).with_engine(Arc::new(engine), learned.joint.clone());
    let understood = model.understand(&Transcript { text: "у нас нет воды", language: None });
    assert!(understood.model.contains("+tiny-") && understood.model.starts_with("shymkent-"), "{}", understood.model);
}

#[test]
fn corrections_and_another_model_give_another_name() {
    let Some((encoder, learned, ..)) = LEARNED.as_ref() else { return };
    assert_eq!(version(encoder, &CITY, &[]), learned.version);
    let code = CITY.taxonomy.categories.first().unwrap().code.clone();
    let correction = Correction { text: "нет воды".to_owned(), language: None, category: code, kind: None };
    assert_ne!(version(encoder, &CITY, &[correction]), learned.version);
    let other = support::load("tiny/sentence.onnx").unwrap().unwrap();
    assert_ne!(version(&other, &CITY, &[]), learned.version);
}
