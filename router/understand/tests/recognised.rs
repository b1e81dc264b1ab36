//! The model on what a recogniser really wrote down; `tests/understanding` has the larger sets.

#![expect(clippy::unwrap_used, reason = "broken data fails the test")]

use std::sync::LazyLock;

use dauys_config::city::City;
use dauys_events::Language;
use dauys_understand::{Model, Transcript, Understanding};

static CITY: LazyLock<City> = LazyLock::new(|| City::embedded("shymkent").unwrap());
static MODEL: LazyLock<Model> = LazyLock::new(|| Model::train(&CITY));

fn understand(language: &str, text: &str) -> Understanding {
    MODEL.understand(&Transcript { text, language: Language::from_code(language) })
}

#[test]
fn recognised_speech_with_its_errors_is_understood() {
    let (mut wrong, mut unsure) = (Vec::new(), 0);
    for line in include_str!("data/recognised.tsv").lines().skip(1) {
        let [language, category, unit, house, text]: [&str; 5] =
            line.split('\t').collect::<Vec<_>>().try_into().expect("five columns");
        let u = understand(language, text);
        // Below the gate a person decides, and finds the right category among the three that are offered.
        let offered = u.category == "unclear" && u.top.iter().take(3).any(|scored| scored.code == category);
        if category != "-" && u.category != category && !offered {
            wrong.push(format!("{category} ≠ {:?}: {text}", u.top));
        }
        unsure += usize::from(category != "-" && offered);
        let place = u.place.as_ref();
        if place.map_or("-", |p| p.unit.as_str()) != unit {
            wrong.push(format!("{unit} ≠ {place:?}: {text}"));
        }
        if place.and_then(|p| p.house.as_deref()).unwrap_or("-") != house {
            wrong.push(format!("house {house} ≠ {place:?}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unsure <= 3, "{unsure} of them would wait for a person");
}
