//! The two clocks, over weekends, holidays and worked Saturdays.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{clocks, settings, time};
use dauys_tickets::{Clocks, ClocksError};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn zone() -> TimeZone {
    TimeZone::get("Asia/Almaty").unwrap()
}

fn last_day(received: &str, working_days: u16) -> Date {
    clocks().legal_due_at(time(received), working_days).to_zoned(zone()).date()
}

#[test]
fn fifteen_working_days_skip_weekends_and_a_holiday() {
    // From Friday 20 November 2026, 15:00 in Shymkent: 15 Mondays to Fridays end on 11 December.
    assert_eq!(last_day("2026-11-20T10:00:00Z", 15), date(2026, 12, 11));
    // From Monday 7 December: the 16th (Independence Day) does not count.
    assert_eq!(last_day("2026-12-07T10:00:00Z", 15), date(2026, 12, 29));
    // Over New Year: 1, 4 and 7 January 2027 are free.
    assert_eq!(last_day("2026-12-28T10:00:00Z", 5), date(2027, 1, 6));
}

#[test]
fn the_day_of_receipt_is_the_local_one_and_does_not_count() {
    // 18:59 and 19:00 UTC are the last minute of Friday and the first of Saturday in Shymkent (UTC+5).
    assert_eq!(last_day("2026-11-20T18:59:59Z", 1), date(2026, 11, 23));
    assert_eq!(last_day("2026-11-20T19:00:00Z", 1), date(2026, 11, 23));
    assert_eq!(last_day("2026-11-19T18:59:59Z", 1), date(2026, 11, 20));
    assert_eq!(last_day("2026-11-19T19:00:00Z", 1), date(2026, 11, 23));
}

#[test]
fn a_term_ends_with_the_last_second_of_its_day() {
    assert_eq!(clocks().legal_due_at(time("2026-11-20T10:00:00Z"), 1), time("2026-11-23T18:59:59Z"));
}

#[test]
fn a_worked_saturday_counts() {
    let mut city = settings();
    city.calendar.working_weekends.push(date(2026, 11, 21));
    let due = Clocks::new(&city).unwrap().legal_due_at(time("2026-11-20T10:00:00Z"), 1);
    assert_eq!(due.to_zoned(zone()).date(), date(2026, 11, 21));
}

#[test]
fn calendars_that_no_term_ends_in_are_refused() {
    let mut city = settings();
    city.time_zone = "Asia/Nowhere".into();
    assert!(matches!(Clocks::new(&city), Err(ClocksError::Zone { .. })));
    let mut city = settings();
    city.calendar.working_week.clear();
    assert!(matches!(Clocks::new(&city), Err(ClocksError::NoWorkingDay)));
}

#[test]
fn the_end_of_time_is_no_panic() {
    let clocks = clocks();
    assert_eq!(clocks.due_at(Timestamp::MAX, u32::MAX), Timestamp::MAX);
    assert!(clocks.legal_due_at(Timestamp::MAX, u16::MAX) <= Timestamp::MAX);
    assert!(clocks.legal_due_at(Timestamp::MIN, 1) >= Timestamp::MIN);
}

proptest! {
    #[test]
    fn a_term_holds_exactly_its_working_days(second in 1_767_225_600i64..1_830_297_600, days in 1u16..60) {
        let received = Timestamp::from_second(second).unwrap();
        let due = clocks().legal_due_at(received, days);
        let calendar = settings().calendar;
        let (first, last) = (received.to_zoned(zone()).date(), due.to_zoned(zone()).date());
        prop_assert!(calendar.is_working_day(last));
        let mut counted = 0;
        let mut day = first;
        while day < last {
            day = day.tomorrow().unwrap();
            counted += u16::from(calendar.is_working_day(day));
        }
        prop_assert_eq!(counted, days);
        prop_assert_eq!(due.to_zoned(zone()).time(), jiff::civil::time(23, 59, 59, 0));
    }

    #[test]
    fn later_receipt_never_ends_sooner(second in 1_767_225_600i64..1_830_297_600, later in 0i64..10_000_000, days in 0u16..60) {
        let clocks = clocks();
        let (first, second) = (Timestamp::from_second(second).unwrap(), Timestamp::from_second(second + later).unwrap());
        prop_assert!(clocks.legal_due_at(first, days) <= clocks.legal_due_at(second, days));
        prop_assert!(clocks.legal_due_at(first, days) >= first);
    }

    #[test]
    fn the_target_is_so_many_hours(second in 0i64..4_000_000_000, hours in 0u32..10_000) {
        let last_word = Timestamp::from_second(second).unwrap();
        prop_assert_eq!(clocks().due_at(last_word, hours).as_second() - second, i64::from(hours) * 3_600);
    }
}

#[test]
fn where_the_law_counts_every_day_fifteen_days_end_on_the_fifteenth_or_on_the_next_working_day() {
    let city = dauys_config::city::City::embedded("samarkand").unwrap().settings;
    let clocks = Clocks::new(&city).unwrap();
    let zone = TimeZone::get("Asia/Samarkand").unwrap();
    let last_day = |received: &str| clocks.legal_due_at(time(received), 15).to_zoned(zone.clone()).date();
    assert_eq!(last_day("2026-11-17T06:00:00Z"), date(2026, 12, 2));
    assert_eq!(last_day("2026-11-20T06:00:00Z"), date(2026, 12, 7), "the fifteenth day is a Saturday");
    assert_eq!(last_day("2026-11-23T06:00:00Z"), date(2026, 12, 9), "the fifteenth day is Constitution Day");
}
