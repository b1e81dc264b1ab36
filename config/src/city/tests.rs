//! The embedded pack is sound, and a broken one says where it is broken.

use dauys_events::Language;

use super::*;

fn shymkent() -> City {
    City::embedded("shymkent").expect("the pack loads")
}

fn samarkand() -> City {
    City::embedded("samarkand").expect("the pack loads")
}

#[test]
fn the_embedded_packs_have_nothing_to_find() {
    assert_eq!(City::embedded_names(), ["samarkand", "shymkent"]);
    for city in [shymkent(), samarkand()] {
        let findings: Vec<String> = city.check().iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{}: {findings:#?}", city.settings.code);
    }
}

#[test]
fn peoples_control_has_five_sections_with_over_73_categories_and_both_cities_share_their_codes() {
    let city = samarkand();
    let five: Vec<&str> = city.taxonomy.sections.iter().take(5).map(|s| s.code.as_str()).collect();
    assert_eq!(five, ["home", "roads", "trade", "public", "transport"]);
    let in_five = city.taxonomy.categories.iter().filter(|c| five.contains(&c.section.as_str())).count();
    assert!(in_five >= 73, "{in_five}");
    for category in &city.taxonomy.categories {
        let shared = shymkent();
        let twin = shared.category(&category.code).expect("both cities have it");
        assert_eq!(twin.name, category.name);
        assert!(!category.cyrillic.is_empty() && !category.scope.is_empty(), "{}", category.code);
    }
    assert_eq!(city.category("street_light").map(|c| c.target_hours), Some(5), "five hours for one lamp");
    assert_eq!(shymkent().category("street_light").map(|c| c.target_hours), Some(24));
}

#[test]
fn every_category_is_said_in_at_least_25_ways_in_three_languages() {
    let city = shymkent();
    for language in [Language::Kk, Language::Ru, Language::Uz] {
        for category in &city.taxonomy.categories {
            let ways = city.phrases.get(language).by_category.get(&category.code).map_or(0, Vec::len);
            assert!(ways >= 25, "{} in {language}: {ways}", category.code);
        }
    }
}

#[test]
fn the_region_leads_from_a_street_to_its_sector_with_a_head_and_knows_former_names() {
    let city = samarkand();
    let line: Vec<&str> = city.lineage("amir_temur").iter().map(|u| u.code.as_str()).collect();
    assert_eq!(line, ["amir_temur", "samarkand_city_sector_1", "samarkand_city", "samarkand"]);
    for sector in city.territory.units.iter().filter(|u| u.level == Level::Sector) {
        assert!(sector.head.as_ref().is_some_and(|head| !head.post.uz.is_empty()), "{}", sector.code);
    }
    let boulevard = city.unit("universitet").expect("the boulevard");
    assert!(boulevard.aliases.contains(&"бульвар горького".to_owned()), "{:?}", boulevard.aliases);
    assert!(
        city.point_of("samarkand_city_sector_1").is_some(),
        "a place without a point of its own has its district's"
    );
    assert_eq!(city.landmark("siyob_bazaar").map(|l| l.kind.as_str()), Some("bazaar"));
    assert_eq!(city.settings.legal.counted_in, DayCount::Calendar);
}

#[test]
fn questions_have_answers_in_four_languages_until_a_day() {
    for city in [shymkent(), samarkand()] {
        assert!(city.questions.len() >= 40, "{}", city.questions.len());
        let question = city.questions.iter().find(|q| q.id == "passport_documents").expect("it is asked");
        assert!(
            question.ask.ru.iter().any(|way| way == "какие документы нужны для паспорта?"),
            "{:?}",
            question.ask.ru
        );
        assert!(question.is_valid_on(question.valid_until) && !question.is_valid_on("2099-01-01".parse().unwrap()));
    }
}

#[test]
fn it_is_as_large_as_the_city_needs() {
    let city = shymkent();
    assert!(city.taxonomy.categories.len() >= 100);
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
    city.questions[0].category = "nowhere".to_owned();
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
    assert!(findings.iter().any(|f| f.contains("question.")), "a question without its category: {findings:#?}");
    assert!(findings.iter().any(|f| f.contains("taxonomy.toml:")), "findings carry their line");
}

#[test]
fn a_city_changes_and_adds_to_what_cities_share() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(folder.path().join(file), text).unwrap();
    let embedded = shymkent().source;
    for file in ["city.toml", "territory.toml", "agencies.toml"] {
        write(file, &embedded.read_text(file).unwrap());
    }
    let own = r#"
[[change]]
category = "rubbish"
target_hours = 7

[[category]]
code = "camels"
name = { kk = "Түйелер", ru = "Верблюды", uz = "Tuyalar", en = "Camels" }
section = "environment"
kind = "request"
danger = "none"
priority = "normal"
target_hours = 24
responsible = "veterinary"
"#;
    write("taxonomy.toml", &(embedded.read_text("taxonomy.toml").unwrap() + own));
    std::fs::create_dir(folder.path().join("phrases")).unwrap();
    write("phrases/ru.toml", "camels = [\"верблюд (на дороге|съел огород)\"]\nwater = [\"водопад из крана\"]\n");
    let city = City::load(folder.path()).unwrap();
    assert_eq!(city.category("rubbish").map(|c| c.target_hours), Some(7));
    assert_eq!(city.category("camels").map(|c| c.section.as_str()), Some("environment"));
    let said = &city.phrases.ru.by_category;
    assert_eq!(said["camels"], ["верблюд на дороге", "верблюд съел огород"]);
    assert!(said["water"].len() > 25 && said["water"].contains(&"водопад из крана".to_owned()));
    let findings: Vec<String> = city.check().iter().map(ToString::to_string).collect();
    assert!(
        findings.iter().all(|f| f.contains("camels") && f.contains("phrases")),
        "only its phrases are few: {findings:#?}"
    );
}
