//! Fifteen hundred organisations in a thousand places: found at once, explained, and checked for gaps, overlaps and dead rules.

#![expect(clippy::unwrap_used, reason = "a pack that does not load fails the test")]

use dauys_assign::{Assigner, Subject};
use dauys_config::city::{Agency, City, Level, Names, Rule, Unit};

const MAHALLAS: usize = 60;

/// Samarkand with 60 more mahallas a district, and in each a housing operator and every third a cleaner of its own.
fn large() -> City {
    let mut city = City::embedded("samarkand").unwrap();
    let sectors: Vec<Unit> = city.territory.units.iter().filter(|u| u.level == Level::Sector).cloned().collect();
    let model = city.agency("lifts").unwrap().clone();
    for (at, sector) in sectors.iter().enumerate() {
        for nth in 0..MAHALLAS / 4 + 2 {
            let code = format!("mahalla_{at}_{nth}");
            let mut unit = Unit { code: code.clone(), level: Level::Microdistrict, head: None, ..sector.clone() };
            unit.parent = Some(sector.code.clone());
            unit.name = Names { kk: code.clone(), ru: code.clone(), uz: code.clone(), en: code.clone() };
            unit.aliases.clear();
            city.territory.units.push(unit);
            organise(&mut city, &model, &code, "housing");
            if nth % 6 == 0 {
                organise(&mut city, &model, &code, "cleaning");
            }
        }
    }
    city
}

fn organise(city: &mut City, model: &Agency, unit: &str, kind: &str) {
    let code = format!("{kind}_{unit}");
    let (kind, unit) = (kind.to_owned(), unit.to_owned());
    let rule = Rule { responsible: Some(kind.clone()), unit: unit.clone(), agency: code.clone(), ..Rule::default() };
    city.agencies.agencies.push(Agency { code, kind, unit, ..model.clone() });
    city.agencies.rules.push(rule);
}

#[test]
fn fifteen_hundred_organisations_are_found_and_explained() {
    let city = large();
    assert!(city.agencies.agencies.len() >= 1_500, "{} organisations", city.agencies.agencies.len());
    let assigner = Assigner::new(&city);
    let mut asked = 0;
    for unit in city.territory.units.iter().filter(|unit| unit.code.starts_with("mahalla_")) {
        for (category, kind) in [("roof", "housing"), ("rubbish", "cleaning"), ("electricity", "power")] {
            let assignment = assigner.assign(category, Some(&unit.code));
            let agency = city.agency(&assignment.agency).unwrap();
            assert_eq!(agency.kind, kind, "{category} in {}", unit.code);
            assert!(assignment.why[0].contains(&assignment.agency), "{:?}", assignment.why);
            asked += 1;
        }
    }
    assert!(asked > 3_000, "{asked}");
    let own = assigner.assign("roof", Some("mahalla_0_1"));
    assert_eq!(own.agency, "housing_mahalla_0_1");
    assert!(own.why.iter().any(|w| w.contains("samarkand_city_housing")), "it says whom it goes before: {:?}", own.why);
    let inherited = assigner.assign("rubbish", Some("mahalla_0_1"));
    assert_eq!(inherited.agency, "samarkand_city_cleaning");
    assert!(inherited.why.iter().any(|w| w.contains("inherits")), "{:?}", inherited.why);
}

#[test]
fn the_checker_names_a_gap_an_overlap_and_a_dead_rule_among_fifteen_hundred() {
    let mut city = large();
    let rule = |unit: &str, agency: &str| Rule {
        category: Some("roof".to_owned()),
        unit: unit.to_owned(),
        agency: agency.to_owned(),
        ..Rule::default()
    };
    city.agencies.rules.push(rule("mahalla_1_1", "samarkand_city_housing"));
    city.agencies.rules.push(rule("mahalla_1_1", "urgut_housing"));
    city.agencies.rules.push(rule("urgut", "urgut_housing"));
    city.agencies.rules.retain(|rule| rule.agency != "lifts");
    let findings: Vec<String> = city.check().iter().map(ToString::to_string).collect();
    assert!(findings.len() < 20, "and nothing else: {findings:#?}");
    for expected in [
        "overlap: \"samarkand_city_housing\" already settles it in \"mahalla_1_1\"",
        "dead: without it \"urgut_housing\" would answer in \"urgut\" as well",
        "category.lift: no agency answers for it in \"samarkand\"",
    ] {
        assert!(findings.iter().any(|f| f.contains(expected)), "{expected}: {} findings", findings.len());
    }
}

#[test]
fn a_rule_for_a_section_gives_way_to_narrower_subjects_and_excepts_what_it_names() {
    let mut city = City::embedded("samarkand").unwrap();
    city.agencies.rules.push(Rule {
        section: Some("trade".to_owned()),
        unit: "registon".to_owned(),
        agency: "tourism".to_owned(),
        except_categories: vec!["food".to_owned()],
        except_units: vec!["registon".to_owned()],
        ..Rule::default()
    });
    city.agencies.rules.push(Rule {
        section: Some("trade".to_owned()),
        unit: "suzangaron".to_owned(),
        agency: "tourism".to_owned(),
        except_categories: vec!["food".to_owned()],
        reason: Some("it is a street of craftsmen".to_owned()),
        ..Rule::default()
    });
    let assigner = Assigner::new(&city);
    let market = assigner.assign("prices", Some("suzangaron"));
    assert_eq!(market.agency, "tourism");
    assert_eq!(market.rule.unwrap().subject, Subject::Section("trade".to_owned()));
    assert!(market.why.iter().any(|w| w.contains("craftsmen")));
    let food = assigner.assign("food", Some("suzangaron"));
    assert_eq!(food.agency, "samarkand_city_sanitary");
    assert!(food.why.iter().any(|w| w.contains("excepts this case")), "{:?}", food.why);
    assert_eq!(assigner.assign("prices", Some("registon")).agency, "samarkand_city_trade");
}
