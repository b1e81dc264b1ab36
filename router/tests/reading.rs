//! What a city's own pack and model make of calls: answers, several matters at once, names and numbers that were spoken.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{morning, transcribed};
use dauys_config::city::City;
use dauys_events::RequestKind;
use dauys_router::worker::{CityReader, Reader, Understood};
use std::sync::{Arc, LazyLock};

static READER: LazyLock<CityReader> = LazyLock::new(|| CityReader::new(Arc::new(City::embedded("shymkent").unwrap())));

fn read(words: &str) -> Understood {
    READER.read(&transcribed(1, morning(), words))
}

#[test]
fn a_question_gets_the_reference_books_answer_and_says_which_model_decided() {
    let understood = read("здравствуйте подскажите какие документы нужны для паспорта");
    let reading = &understood.issues[0];
    let answer = reading.answer.as_ref().unwrap_or_else(|| panic!("{reading:?}"));
    assert_eq!((answer.question.as_str(), reading.kind), ("passport_documents", RequestKind::Question));
    assert!(!answer.source.is_empty() && !answer.text.is_empty());
    assert!(reading.model.as_ref().is_some_and(|model| !model.is_empty()));
    let request = read("нет крышки на люке возле школы");
    assert_eq!(request.issues[0].answer, None, "what must be done is not answered");
}

#[test]
fn several_matters_of_one_call_are_read_one_by_one() {
    let understood = read("у нас во дворе мусор не вывозят вторую неделю и ещё фонари на улице не горят");
    let categories: Vec<&str> = understood.issues.iter().map(|issue| issue.category.as_str()).collect();
    assert_eq!(categories, ["rubbish", "street_light"]);
    assert!(understood.issues.iter().all(|issue| issue.why[0].contains("of 2 matters")));
    assert_eq!(read("мусор не вывозят вторую неделю").issues.len(), 1);
}

#[test]
fn a_spoken_number_is_kept_and_never_shown() {
    let words = "меня зовут иванова галина телефон восемь семьсот ноль ноль ноль ноль ноль двенадцать у нас нет воды";
    let understood = read(words);
    assert_eq!(understood.spoken.number.as_deref(), Some("+77000000012"));
    assert!(understood.spoken.name.is_some());
    assert!(!format!("{:?}", understood.spoken).contains("7700"));
}
