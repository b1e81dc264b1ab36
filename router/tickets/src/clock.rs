//! The two clocks of a ticket: the operational target in hours, and the legal term in days.
//!
//! In Kazakhstan (Administrative Procedural and Process-Related Code, article 76) the term counts working days, in
//! Uzbekistan (law ORQ-445) every day. The first is the day after receipt; the term ends with the last of them, local
//! time, or with the next working day where that one is free.

use dauys_config::city::{Calendar, CitySettings, DayCount};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

/// How long the city and the law give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Hours within which the city aims to solve it, counted from the citizen's last word.
    pub target_hours: u32,
    /// Days within which the law wants an answer, counted as the city's law counts them.
    pub legal_working_days: u16,
}

/// Why a city's calendar cannot be counted with.
#[derive(Debug, Error)]
pub enum ClocksError {
    /// The time zone is not one of the IANA database.
    #[error("time zone {name}: {source}")]
    Zone {
        /// The name in the city pack.
        name: String,
        /// What the time-zone database says.
        source: jiff::Error,
    },
    /// No day of the week is worked, so no term would ever end.
    #[error("the working week has no day")]
    NoWorkingDay,
}

/// A city's calendar and time zone.
#[derive(Clone, Debug)]
pub struct Clocks {
    calendar: Calendar,
    count: DayCount,
    zone: TimeZone,
}

impl Clocks {
    /// Takes the calendar and the time zone of a city.
    ///
    /// # Errors
    /// [`ClocksError`] for an unknown time zone or a week without working days.
    pub fn new(city: &CitySettings) -> Result<Self, ClocksError> {
        if city.calendar.working_week.is_empty() {
            return Err(ClocksError::NoWorkingDay);
        }
        let zone = TimeZone::get(&city.time_zone)
            .map_err(|source| ClocksError::Zone { name: city.time_zone.clone(), source })?;
        Ok(Self { calendar: city.calendar.clone(), count: city.legal.counted_in, zone })
    }

    /// Returns the operational target: so many hours after the citizen's last word.
    pub fn due_at(&self, last_word_at: Timestamp, target_hours: u32) -> Timestamp {
        // A u32 of hours fits a duration; only the end of jiff's calendar (year 9999) can be passed.
        let target = SignedDuration::from_hours(i64::from(target_hours));
        last_word_at.checked_add(target).unwrap_or(Timestamp::MAX)
    }

    /// Returns the end of the legal term: the last second, local time, of the `days`-th day after receipt that counts.
    pub fn legal_due_at(&self, received_at: Timestamp, days: u16) -> Timestamp {
        let mut day = received_at.to_zoned(self.zone.clone()).date();
        let mut left = days;
        // A term in every day ends on a working day all the same.
        while left > 0 || (days > 0 && !self.calendar.is_working_day(day)) {
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            if self.count == DayCount::Calendar || self.calendar.is_working_day(day) {
                left = left.saturating_sub(1);
            }
        }
        self.end_of(day)
    }

    /// Returns the last second of a day, local time.
    fn end_of(&self, day: Date) -> Timestamp {
        let last_second = day.to_datetime(Time::constant(23, 59, 59, 0));
        self.zone.to_timestamp(last_second).unwrap_or(Timestamp::MAX)
    }
}
