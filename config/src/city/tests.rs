//! The embedded pack is sound, and a broken one says where it is broken.

use dauys_events::Language;

use super::*;

fn shymkent() -> City {
    City::embedded("shymkent").expect("the pack loads")
}

#[test]
fn the_embedded_pack_has_nothing_to_find() {
    let findings: Vec<String> = shymkent().check().iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn it_is_as_large_as_the_city_needs() {
    let city = shymkent();
    assert!(city.taxonomy.categories.len() >= 45);
    assert!(city.agencies.agencies.len() >= 30);
    let districts = city.territory.units.iter().filter(|u| u.level == Level::District).count();
    assert_eq!(districts, 5);
    assert_eq!(city.category("manhole").map(|c| c.danger), Some(dauys_events::Danger::Urgent));
    assert_eq!(city.phrases.get(Language::Uz).by_category.len(), city.taxonomy.categories.len());
}

#[test]
fn streets_lead_up_to_the_city() {
    let city = shymkent();
    let line: Vec<&str> = city.lineage("gagarin").iter().map(|u| u.code.as_str()).collect();
    assert_eq!(line, ["gagarin", "alfarabi", "shymkent"]);
    assert!(city.lineage("atlantis").is_empty());
}

#[test]
fn holidays_and_weekends_are_free() {
    let calendar = shymkent().settings.calendar;
    let works = |day: &str| calendar.is_working_day(day.parse().unwrap());
    assert!(works("2026-07-07") && !works("2026-07-06") && !works("2026-07-05"));
}

#[test]
fn a_wrong_key_is_named_with_its_file_and_line() {
    let error = source::parse_toml::<Territory>("territory.toml", "[[unit]]\ncode = \"a\"\nlevle = \"city\"\n");
    let text = error.unwrap_err().to_string();
    assert!(text.starts_with("territory.toml:3: levle:"), "{text}");
}

#[test]
fn packs_that_are_not_there_are_errors() {
    assert!(City::embedded("atlantis").unwrap_err().to_string().contains("shymkent"));
    assert!(matches!(City::load("no/such/folder"), Err(CityError::Missing { .. })));
    let city = shymkent();
    assert!(city.source.read("../shymkent/city.toml").is_err());
}

#[test]
fn a_folder_loads_like_the_embedded_pack() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/cities/shymkent");
    assert!(City::load(folder).unwrap().check().is_empty());
}

#[test]
fn the_checker_finds_gaps_duplicates_and_dead_rules() {
    let mut city = shymkent();
    city.agencies.rules.retain(|rule| rule.responsible.as_deref() != Some("heat"));
    let copy = city.agencies.rules[0].clone();
    city.agencies.rules.push(copy);
    city.taxonomy.categories[0].section = "nowhere".to_owned();
    city.territory.units[1].parent = Some("atlantis".to_owned());
    let alias = city.territory.units[7].name.kk.clone();
    city.territory.units[8].aliases.push(alias);
    let findings: Vec<String> = city.check().iter().map(ToString::to_string).collect();
    for expected in [
        "category.heating: no agency answers for it",
        "already settles it",
        "unknown section \"nowhere\"",
        "unknown parent \"atlantis\"",
        "already names",
        "agency.heat_utility: no rule leads to it",
    ] {
        assert!(findings.iter().any(|f| f.contains(expected)), "{expected}: {findings:#?}");
    }
    assert!(findings.iter().any(|f| f.starts_with("taxonomy.toml:")), "findings carry their line");
}
