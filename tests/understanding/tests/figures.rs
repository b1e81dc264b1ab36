//! What callers say is understood well enough to be relied on; `make eval` prints the exact figures.

#![expect(clippy::unwrap_used, reason = "a pack that does not load fails the test")]

use std::sync::LazyLock;

use dauys_config::city::City;
use dauys_evaluation::measures::Share;
use dauys_evaluation::{incidents, sets};
use dauys_events::{Danger, Language};
use dauys_understand::{Model, Transcript, Understanding};

static CITY: LazyLock<City> = LazyLock::new(|| City::embedded("shymkent").unwrap());
static MODEL: LazyLock<Model> = LazyLock::new(|| Model::train(&CITY));

fn understand(language: &str, text: &str) -> Understanding {
    MODEL.understand(&Transcript { text, language: sets::spoken(language) })
}

#[test]
fn the_right_category_comes_first_in_every_language() {
    for language in ["kk", "ru", "uz", "mixed"] {
        let mut share = Share::default();
        for call in sets::calls("shymkent").iter().filter(|call| call.language == language) {
            let first = understand(language, call.text).top.first().map(|scored| scored.code.clone());
            share.add(first.as_deref() == Some(call.category));
        }
        assert!(share.value() >= 0.95, "{language}: {:.3}", share.value());
    }
}

#[test]
fn danger_is_heard() {
    let (mut heard, mut alarms) = (Share::default(), Share::default());
    for said in sets::dangers() {
        let danger = understand(said.language, said.text).danger >= Danger::Urgent;
        if said.danger { heard.add(danger) } else { alarms.add(danger) }
    }
    assert!(heard.value() >= 0.985, "{:.3}", heard.value());
    assert!(alarms.value() <= 0.02, "{:.3}", alarms.value());
}

#[test]
fn named_places_are_found() {
    let (mut districts, mut streets) = (Share::default(), Share::default());
    for said in sets::places("shymkent") {
        let place = understand(said.language, said.text).place;
        let of = |code: Option<&String>, expected: &str| code.map(String::as_str) == Some(expected);
        if said.district != "-" {
            districts.add(of(place.as_ref().and_then(|p| p.district.as_ref()), said.district));
        }
        if said.street != "-" {
            streets.add(of(place.as_ref().and_then(|p| p.street_unit.as_ref()), said.street));
        }
    }
    assert!(districts.value() >= 0.97, "{:.3}", districts.value());
    assert!(streets.value() >= 0.96, "{:.3}", streets.value());
}

#[test]
fn the_language_is_guessed_where_none_is_given() {
    let mut share = Share::default();
    for call in sets::calls("shymkent").iter().filter(|call| call.language != "mixed") {
        let guess = MODEL.understand(&Transcript { text: call.text, language: None }).language;
        share.add(guess == Language::from_code(call.language));
    }
    assert!(share.value() >= 0.93, "{:.3}", share.value());
}

#[test]
fn reports_of_the_same_thing_and_no_others_are_put_together() {
    let found = incidents::measure(&CITY, &MODEL);
    assert!(found.precision() >= 0.98, "{:.3}", found.precision());
    assert!(found.recall() >= 0.85, "{:.3}", found.recall());
}
