//! A second engine beside the words: it may turn a category and nothing else, and where it cannot say, the words decide.

#![expect(clippy::unwrap_used, reason = "a pack that does not load fails the test")]

use std::sync::{Arc, LazyLock};

use dauys_config::city::City;
use dauys_events::Danger;
use dauys_understand::{Engine, Lessons, Model, Transcript, Understanding};

/// A small city: every category with a few phrases, so that training takes a moment.
static CITY: LazyLock<City> = LazyLock::new(|| {
    let mut city = City::embedded("shymkent").unwrap();
    for book in [&mut city.phrases.kk, &mut city.phrases.ru, &mut city.phrases.uz, &mut city.phrases.en] {
        book.by_category.values_mut().for_each(|phrases| phrases.truncate(6));
    }
    city
});
static LESSONS: LazyLock<Lessons> = LazyLock::new(|| Lessons::read(&CITY, &[]));
static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| Model::train(&CITY).to_bytes());

/// Says what it is told to say.
#[derive(Debug)]
struct Parrot(Option<Vec<f32>>);

impl Engine for Parrot {
    fn version(&self) -> &'static str {
        "parrot-1"
    }

    fn weigh(&self, _: &str) -> Option<Vec<f32>> {
        self.0.clone()
    }
}

fn words() -> Model {
    Model::from_bytes(&CITY, &BYTES).unwrap()
}

fn beside(said: Option<Vec<f32>>) -> Model {
    let (joint, _) = LESSONS.join(&perfect(), Some(0.5));
    words().with_engine(Arc::new(Parrot(said)), joint)
}

/// What an engine says that is always right.
fn perfect() -> Vec<Option<Vec<f32>>> {
    LESSONS.all().iter().map(|lesson| Some(sure_of(lesson.class))).collect()
}

fn sure_of(class: usize) -> Vec<f32> {
    let count = LESSONS.classes();
    let rest = 0.01 / f32::from(u16::try_from(count).unwrap());
    (0..count).map(|at| if at == class { 0.99 } else { rest }).collect()
}

fn class(code: &str) -> usize {
    CITY.taxonomy.categories.iter().position(|category| category.code == code).unwrap()
}

fn understand(model: &Model, text: &str) -> Understanding {
    model.understand(&Transcript { text, language: None })
}

/// Categories that the words find likeliest and second for a text that says little.
fn doubtful() -> (&'static str, String, String) {
    let text = "дом номер пять что-то течёт";
    let top = understand(&words(), text).top;
    (text, top.first().unwrap().code.clone(), top.get(1).unwrap().code.clone())
}

#[test]
fn a_sure_second_engine_turns_a_doubtful_category_and_the_reasons_say_so() {
    let (text, first, second) = doubtful();
    let turned = understand(&beside(Some(sure_of(class(&second)))), text);
    assert_eq!(turned.top.first().unwrap().code, second);
    assert!(turned.why.iter().any(|why| why.contains(&first) && why.contains("parrot-1")), "{:?}", turned.why);
}

#[test]
fn an_engine_that_agrees_makes_the_answer_surer() {
    let (text, first, _) = doubtful();
    let model = words();
    let sure = beside(Some(sure_of(class(&first))));
    let at = class(&first);
    let of = |model: &Model| model.weigh(text).unwrap().get(at).copied().unwrap();
    assert!(of(&sure) > of(&model));
}

#[test]
fn where_it_cannot_say_or_says_nonsense_the_words_decide_alone() {
    let alone = words();
    for said in [None, Some(vec![1.0]), Some(Vec::new()), Some(vec![f32::NAN; LESSONS.classes()])] {
        for text in ["на улице нет воды", "мусор не вывозят неделю", "", "!!!"] {
            let (one, other) = (understand(&alone, text), understand(&beside(said.clone()), text));
            assert_eq!((one.category, one.probability, one.top), (other.category, other.probability, other.top));
        }
    }
}

#[test]
fn danger_and_place_are_not_its_business() {
    let text = "на улице байтурсынова пахнет газом в подъезде";
    let calm = beside(Some(sure_of(class(&CITY.settings.inspector.unclear_category))));
    let (alone, joined) = (understand(&words(), text), understand(&calm, text));
    assert!(alone.danger > Danger::None);
    assert_eq!((alone.danger_words, alone.place), (joined.danger_words, joined.place));
    assert_eq!(alone.danger, joined.danger);
}

#[test]
fn every_ticket_names_both() {
    let model = beside(None);
    assert_eq!(model.version(), format!("{}+parrot-1", words().version()));
    assert_eq!(understand(&model, "нет света").model, model.version());
    assert_eq!(model.to_bytes(), *BYTES, "the words are kept without it");
}

#[test]
fn an_engine_gets_what_was_said_of_the_matter() {
    assert!(LESSONS.all().iter().any(|lesson| lesson.held_out) && LESSONS.all().iter().any(|l| !l.held_out));
    assert!(LESSONS.all().iter().all(|lesson| !lesson.text.is_empty() && lesson.class < LESSONS.classes()));
}

#[test]
fn an_engine_that_is_right_gets_a_say_and_one_that_guesses_gets_none() {
    let (right, compared) = LESSONS.join(&perfect(), None);
    assert!(right.weight() >= 0.45, "{}", right.weight());
    assert!(compared.joined.log_likelihood > compared.words.log_likelihood);
    assert!(compared.joined.accuracy >= compared.words.accuracy && compared.phrases > 0);
    let guesses: Vec<_> = (0..LESSONS.all().len()).map(|at| Some(sure_of(at % LESSONS.classes()))).collect();
    let (wrong, compared) = LESSONS.join(&guesses, None);
    assert!(wrong.weight() <= 0.05, "{}", wrong.weight());
    assert!(compared.joined.accuracy >= compared.second.accuracy);
    assert!((LESSONS.join(&guesses, Some(0.3)).0.weight() - 0.3).abs() < 1e-6);
}

#[test]
fn an_engine_that_is_too_sure_is_cooled() {
    let guesses: Vec<_> = (0..LESSONS.all().len()).map(|at| Some(sure_of(at % LESSONS.classes()))).collect();
    assert!(LESSONS.temperature(&guesses) > 1.0);
    assert!(LESSONS.temperature(&perfect()) < 1.0);
}
