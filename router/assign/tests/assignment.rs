//! Every category in every unit has an agency, the narrowest rule wins, and what no rule covers goes to the inspector.

#![expect(clippy::unwrap_used, reason = "a pack that does not load fails the test")]

use std::sync::LazyLock;

use dauys_assign::{Assigner, Subject};
use dauys_config::city::{City, Level};
use proptest::prelude::*;

static SHYMKENT: LazyLock<City> = LazyLock::new(|| City::embedded("shymkent").unwrap());

static ASSIGNER: LazyLock<Assigner> = LazyLock::new(|| Assigner::new(&SHYMKENT));

fn shymkent() -> City {
    SHYMKENT.clone()
}

#[test]
fn every_category_in_every_unit_has_an_agency_that_works_there() {
    let city = shymkent();
    let assigner = Assigner::new(&city);
    let mut pairs = 0;
    for category in &city.taxonomy.categories {
        for unit in &city.territory.units {
            let assignment = assigner.assign(&category.code, Some(&unit.code));
            let agency = city.agency(&assignment.agency).expect("the agency exists");
            let above: Vec<&str> = city.lineage(&unit.code).iter().map(|u| u.code.as_str()).collect();
            assert!(above.contains(&agency.unit.as_str()), "{} in {}: {}", category.code, unit.code, agency.code);
            assert!(!assignment.why.is_empty());
            let desk = agency.code == "inspectorate";
            let for_desk = category.responsible == "inspection";
            assert_eq!(desk, for_desk, "{} in {} went to {}", category.code, unit.code, agency.code);
            pairs += 1;
        }
    }
    assert!(pairs > 54 * 80, "{pairs}");
}

#[test]
fn districts_answer_for_their_own_waste() {
    let city = shymkent();
    let assigner = Assigner::new(&city);
    let districts = city.territory.units.iter().filter(|unit| unit.level == Level::District);
    for district in districts {
        let assignment = assigner.assign("rubbish", Some(&district.code));
        assert_eq!(assignment.agency, format!("akimat_{}", district.code));
        assert_eq!(assignment.rule.unwrap().subject, Subject::Category("rubbish".to_owned()));
    }
    assert_eq!(assigner.assign("rubbish", None).agency, "cleaning");
}

#[test]
fn a_microdistrict_inherits_and_a_street_may_be_an_exception() {
    let assigner = Assigner::new(&shymkent());
    assert_eq!(assigner.assign("playground", Some("nursat")).agency, "akimat_karatau");
    assert_eq!(assigner.assign("snow", Some("gagarin")).agency, "akimat_alfarabi");
    let avenue = assigner.assign("snow", Some("tauke_khan"));
    assert_eq!(avenue.agency, "cleaning");
    assert!(avenue.why.iter().any(|reason| reason.contains("city importance")), "{:?}", avenue.why);
    assert_eq!(assigner.assign("snow", Some("temirlan")).agency, "roads");
    assert_eq!(assigner.assign("landscaping", Some("karatau")).agency, "akimat_karatau");
    assert_eq!(assigner.assign("landscaping", None).agency, "roads");
}

#[test]
fn what_no_rule_covers_goes_to_the_inspector_with_the_reason() {
    let mut city = shymkent();
    city.agencies.rules.retain(|rule| rule.agency != "heat_utility");
    let assigner = Assigner::new(&city);
    for (category, reason) in
        [("heating", "no rule"), ("witchcraft", "unknown"), ("unclear", "not clear"), ("", "unknown")]
    {
        let assignment = assigner.assign(category, Some("abay"));
        assert_eq!(assignment.agency, "inspectorate");
        assert_eq!(assignment.rule, None);
        assert!(assignment.why.iter().any(|w| w.contains(reason)), "{category}: {:?}", assignment.why);
    }
}

#[test]
fn an_unknown_place_falls_back_to_the_city_and_says_so() {
    let assignment = Assigner::new(&shymkent()).assign("water", Some("atlantis"));
    assert_eq!(assignment.agency, "water_utility");
    assert!(assignment.why.iter().any(|w| w.contains("atlantis")));
}

proptest! {
    #[test]
    fn any_words_have_an_agency(category in ".{0,40}", unit in proptest::option::of(".{0,40}")) {
        let city = &*SHYMKENT;
        let assignment = ASSIGNER.assign(&category, unit.as_deref());
        prop_assert!(city.agency(&assignment.agency).is_some());
    }
}
