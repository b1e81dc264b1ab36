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
        let trained: HashSet<String> = phrases.chain(questions).map(|phrase| plain(phrase)).collect();
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
    let city = City::embedded("shymkent").unwrap();
    for call in sets::calls() {
        assert!(city.category(call.category).is_some(), "{} is no category", call.category);
    }
    for [_, categories, _] in sets::several() {
        for category in categories.split('+') {
            assert!(city.category(category).is_some(), "{category} is no category");
        }
    }
}

#[test]
fn every_place_of_the_sets_is_in_the_pack() {
    let city = City::embedded("shymkent").unwrap();
    for place in sets::places() {
        for code in [place.district, place.microdistrict, place.street, place.cross].into_iter().filter(|c| *c != "-") {
            assert!(city.unit(code).is_some(), "{code} is no unit");
        }
    }
}
