//! No sentence that a model is measured with may be a sentence that it was trained on.

use std::collections::HashSet;

use dauys_config::city::City;
use dauys_evaluation::sets;

/// Words from which a training phrase inside a longer sentence is a leak; shorter ones are how everybody speaks.
const LONG: usize = 5;

fn plain(text: &str) -> String {
    let letters = text.to_lowercase().replace(['’', 'ʻ', 'ʼ', '‘'], "'");
    letters.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

#[test]
fn no_training_phrase_leaks_into_the_evaluation() {
    for name in City::embedded_names() {
        let city = City::embedded(name).unwrap();
        let phrases = city.phrases.iter().flat_map(|(_, book)| book.by_category.values().flatten());
        let questions = city.questions.iter().flat_map(|question| question.ask.iter()).flat_map(|(_, asked)| asked);
        let dangers = dauys_understand::danger_phrases();
        let trained: HashSet<String> = phrases.chain(questions).chain(&dangers).map(|phrase| plain(phrase)).collect();
        for sentence in sets::sentences() {
            let said = plain(sentence);
            assert!(!trained.contains(&said), "{name}: {sentence}");
            let words: Vec<&str> = said.split(' ').collect();
            let inside = (LONG..=words.len()).flat_map(|length| words.windows(length)).map(|part| part.join(" "));
            let leak = inside.into_iter().find(|part| trained.contains(part));
            assert_eq!(leak, None, "{name}: {sentence}");
        }
    }
}

#[test]
fn every_category_of_the_sets_is_in_the_packs() {
    for name in ["shymkent", "samarkand"] {
        let city = City::embedded(name).unwrap();
        for call in sets::calls(name) {
            assert!(city.category(call.category).is_some(), "{} is no category", call.category);
        }
    }
    let city = City::embedded("shymkent").unwrap();
    for row in sets::several() {
        let [_, categories, _] = row.columns;
        for category in categories.split('+') {
            assert!(city.category(category).is_some(), "{category} is no category");
        }
    }
}

#[test]
fn every_place_of_the_sets_is_in_the_pack() {
    for name in ["shymkent", "samarkand"] {
        let city = City::embedded(name).unwrap();
        for place in sets::places(name) {
            let codes = [place.district, place.microdistrict, place.street, place.cross];
            for code in codes.into_iter().filter(|code| *code != "-") {
                assert!(city.unit(code).is_some(), "{code} is no unit");
            }
        }
    }
}
