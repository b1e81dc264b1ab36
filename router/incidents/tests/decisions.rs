//! What a report leads to, case by case.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{area, at, in_quarter, policy, report, ticket};
use dauys_events::IncidentId;
use dauys_incidents::{Decision, Incidents, Level, Output, Place, Report, Scope, Standing, Why, group};
use jiff::Timestamp;
use proptest::prelude::*;

fn house(street: &str, house: &str) -> Place {
    Place { street: Some(street.into()), house: Some(house.into()), ..in_quarter(3) }
}

fn take(book: &mut Incidents, report: &Report) -> Decision {
    book.handle_report(report.at, report)
}

#[test]
fn one_report_is_no_incident_and_the_second_opens_one() {
    let mut book = Incidents::new(policy());
    assert_eq!(take(&mut book, &report(1, "electricity", house("abay", "5"), "", 0)), Decision::Alone);
    let second = take(&mut book, &report(2, "electricity", house("abay", "5"), "", 60));
    let incident = IncidentId::of(ticket(2));
    let members = vec![ticket(1), ticket(2)];
    let opened = Decision::Opens { incident, scope: Scope::Place, members, absorbs: vec![], why: Why::SameHouse };
    assert_eq!(second, opened);
    let third = take(&mut book, &report(3, "electricity", house("abay", "9"), "", 120));
    assert_eq!(third, Decision::Joins { incident, why: Why::SameStreet });
}

#[test]
fn fifteen_calls_about_one_power_cut_are_one_incident_within_a_minute() {
    let mut book = Incidents::new(policy());
    let streets = ["abay", "turkestan", "baytursynov"];
    let mut of = std::collections::BTreeMap::new();
    for n in 0..15_u32 {
        let place = match n % 3 {
            0 => in_quarter(3),
            1 => house(streets[n as usize % 3], &(n * 7 + 1).to_string()),
            _ => Place { street: Some(streets[n as usize % 3].into()), ..in_quarter(3) },
        };
        let said = report(n, "electricity", place, "", i64::from(n) * 4);
        match take(&mut book, &said) {
            Decision::Alone => {}
            Decision::Joins { incident, .. } => {
                of.insert(said.ticket, incident);
            }
            Decision::Opens { incident, members, .. } => of.extend(members.into_iter().map(|m| (m, incident))),
        }
    }
    let incidents: std::collections::BTreeSet<_> = of.values().collect();
    assert_eq!((of.len(), incidents.len()), (15, 1));
}

#[test]
fn a_city_wide_outage_is_recognised_by_territory() {
    let mut book = Incidents::new(policy());
    let mut last = Decision::Alone;
    for n in 0..60_u32 {
        last = take(&mut book, &report(n, "electricity", in_quarter(n * 7 % 55), "", i64::from(n) * 5));
    }
    let Decision::Joins { incident, why: Why::InArea } = last else { panic!("{last:?}") };
    let nowhere = Place { areas: vec![area(Level::City, "city")], ..Place::default() };
    let unplaced = take(&mut book, &report(99, "electricity", nowhere, "", 305));
    assert_eq!(unplaced, Decision::Joins { incident, why: Why::InArea }, "where all is dark nobody needs to say where");
    let elsewhere = take(&mut book, &report(100, "water", in_quarter(1), "", 306));
    assert_eq!(elsewhere, Decision::Alone, "no water is another matter");
}

#[test]
fn a_district_is_told_from_its_microdistricts_and_from_the_city() {
    let mut book = Incidents::new(policy());
    let mut scopes = Vec::new();
    for n in 0..40_u32 {
        let decision = take(&mut book, &report(n, "water", in_quarter(11 + n * 3 % 11), "", i64::from(n) * 10));
        if let Decision::Opens { scope: Scope::Area(area), .. } = decision {
            scopes.push((area.level, area.unit));
        }
    }
    assert_eq!(scopes.last(), Some(&(Level::District, "d1".to_owned())));
    assert!(scopes.iter().all(|(level, _)| *level != Level::City));
}

#[test]
fn a_burst_of_one_citizen_is_no_burst() {
    let mut book = Incidents::new(policy());
    for n in 0..12_u32 {
        let mut said = report(n, "electricity", in_quarter(3), "", i64::from(n) * 20);
        said.reporter = Some(7);
        let decision = take(&mut book, &said);
        assert!(!matches!(decision, Decision::Opens { scope: Scope::Area(_), .. }), "{decision:?}");
    }
}

#[test]
fn what_is_over_takes_no_more_reports() {
    let mut book = Incidents::new(policy());
    take(&mut book, &report(1, "electricity", house("abay", "5"), "", 0));
    take(&mut book, &report(2, "electricity", house("abay", "5"), "", 60));
    let ends = book.poll_timeout().unwrap();
    assert_eq!(ends.duration_since(at(60)).as_hours(), 12);
    book.handle_timeout(at(60 + 12 * 3_600));
    assert_eq!(book.poll_output(), None, "not before its time");
    book.handle_timeout(ends);
    assert_eq!(book.poll_output(), Some(Output::Ended(IncidentId::of(ticket(2)))));
    assert_eq!((book.standing(), book.poll_timeout()), (0, None));
    let later = report(3, "electricity", house("abay", "5"), "", 13 * 3_600);
    assert_eq!(take(&mut book, &later), Decision::Alone);
    assert_eq!(book.compared(), 1, "reports that are too old are forgotten");
}

#[test]
fn an_outage_that_is_over_takes_in_no_single_fault() {
    let mut book = Incidents::new(policy());
    for n in 0..30_u32 {
        take(&mut book, &report(n, "electricity", in_quarter(n % 11), "", i64::from(n) * 10));
    }
    let later = take(&mut book, &report(90, "electricity", in_quarter(2), "", 5 * 3_600));
    assert_eq!(later, Decision::Alone);
}

#[test]
fn personal_matters_and_unknown_kinds_are_never_grouped() {
    let mut book = Incidents::new(policy());
    for n in 0..5 {
        assert_eq!(take(&mut book, &report(n, "benefit", house("abay", "5"), "пособие", 0)), Decision::Alone);
    }
    assert_eq!(book.compared(), 0);
}

#[test]
fn the_same_ticket_again_gets_the_same_answer() {
    let mut book = Incidents::new(policy());
    let first = report(1, "manhole", house("abay", "5"), "", 0);
    take(&mut book, &first);
    assert_eq!(take(&mut book, &first), Decision::Alone);
    let second = report(2, "manhole", house("abay", "5"), "", 60);
    take(&mut book, &second);
    let again = take(&mut book, &second);
    assert!(matches!(again, Decision::Joins { incident, .. } if incident == IncidentId::of(ticket(2))), "{again:?}");
    assert_eq!(book.compared(), 2);
}

#[test]
fn a_book_that_is_written_in_again_goes_on_where_it_was() {
    let incident = IncidentId::of(ticket(2));
    let mut book = Incidents::new(policy());
    let (first, last) = (at(0), at(60));
    book.restore(Standing { incident, category: "electricity".into(), scope: Scope::Place, first, last });
    for n in 1..=2 {
        book.restore_report(&report(n, "electricity", house("abay", "5"), "", i64::from(n) * 30), Some(incident));
    }
    let next = take(&mut book, &report(3, "electricity", house("abay", "7"), "", 120));
    assert_eq!(next, Decision::Joins { incident, why: Why::SameStreet });
    book.forget(ticket(3));
    assert_eq!(book.compared(), 2);
}

#[test]
fn a_storm_stays_bounded_and_what_is_dropped_is_counted() {
    let mut book = Incidents::new(policy());
    for n in 0..4_300_u32 {
        take(&mut book, &report(n, "tree", house(&format!("s{n}"), "1"), "дерево", i64::from(n)));
    }
    assert_eq!(book.compared(), 4_000);
    assert_eq!(book.dropped(), 300);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_reports_in_any_order_are_decided(
        reports in proptest::collection::vec((0..3_u8, 0..5_u32, 0..4_u32, proptest::option::of("[0-9]{0,3}[a-я/]{0,2}"), -200_000..200_000_i64), 0..60)
    ) {
        let kinds = ["electricity", "tree", "unknown"];
        let reports: Vec<Report> = reports
            .into_iter()
            .enumerate()
            .map(|(n, (kind, quarter, street, house, seconds))| {
                let place = Place { street: Some(format!("s{street}")), house, ..in_quarter(quarter) };
                report(n as u32, kinds[usize::from(kind)], place, "слова 15", seconds)
            })
            .collect();
        let found = group(policy(), &reports);
        prop_assert_eq!(found.len(), reports.len());
        for (report, incident) in reports.iter().zip(&found) {
            prop_assert!(report.category != "unknown" || incident.is_none());
        }
        let mut book = Incidents::new(policy());
        for report in &reports {
            take(&mut book, report);
        }
        book.handle_timeout(Timestamp::from_second(common::START + 10_000_000).unwrap());
        prop_assert_eq!(book.standing(), 0);
    }
}
