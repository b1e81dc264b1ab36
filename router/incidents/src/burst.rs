//! Bursts: how many reports an hour are usual in a unit, and whether those of now can be chance.

use crate::report::{Area, Level};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The time in which a burst is looked for.
pub(crate) const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// Hours from which the usual number is learnt.
const HOURS: i64 = 24;
/// The probability of chance below which a burst goes on.
const STILL: f64 = 1e-3;
/// Units whose counts are kept for one family; beyond them the rule's own number holds.
const MOST_UNITS: usize = 2_000;

/// What is asked of a burst at a level.
struct Bar {
    /// So many citizens at least.
    reports: usize,
    /// The largest probability that chance would do it.
    chance: f64,
    /// The unit's part of what is usual in the whole city, before any reports are counted.
    share: f64,
}

const fn bar(level: Level) -> Bar {
    match level {
        Level::Quarter => Bar { reports: 3, chance: 1e-4, share: 0.02 },
        Level::District => Bar { reports: 6, chance: 1e-6, share: 0.2 },
        Level::City => Bar { reports: 12, chance: 1e-7, share: 1.0 },
    }
}

/// Returns the time in which an area's incident must make more reports than chance to take others in: the larger, the more
/// report it while it lasts, and the sooner their silence tells that it is over.
pub(crate) const fn going_on(level: Level) -> SignedDuration {
    SignedDuration::from_mins(match level {
        Level::Quarter => 60,
        Level::District => 30,
        Level::City => 15,
    })
}

/// Reports an hour in each unit, over the last day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rates {
    /// Hour since the epoch and count, oldest first, for each unit.
    hours: BTreeMap<Area, Vec<(i64, u32)>>,
}

impl Rates {
    /// Counts a report that is no part of a burst that was found already.
    pub(crate) fn count(&mut self, area: &Area, at: Timestamp) {
        let hour = at.as_second().div_euclid(3_600);
        if self.hours.len() >= MOST_UNITS && !self.hours.contains_key(area) {
            return;
        }
        let hours = self.hours.entry(area.clone()).or_default();
        match hours.iter_mut().find(|(known, _)| *known == hour) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => hours.push((hour, 1)),
        }
        let newest = hours.iter().map(|(hour, _)| *hour).max().unwrap_or(hour);
        hours.retain(|(known, _)| *known > newest - HOURS - 1);
    }

    /// Returns the reports an hour that are usual in a unit; the hour of the burst and the one before do not count.
    fn usual(&self, area: &Area, at: Timestamp, usual_in_city: f64) -> f64 {
        let now = at.as_second().div_euclid(3_600);
        let counted = self.hours.get(area).into_iter().flatten();
        let before: u32 = counted.filter(|(hour, _)| (now - HOURS..now - 1).contains(hour)).map(|(_, n)| *n).sum();
        let learnt = f64::from(before) / (HOURS - 1) as f64;
        learnt.max(usual_in_city * bar(area.level).share)
    }

    /// Returns whether `citizens` within the window are more than chance explains.
    pub(crate) fn is_burst(&self, area: &Area, at: Timestamp, citizens: usize, usual_in_city: f64) -> bool {
        let bar = bar(area.level);
        let expected = self.usual(area, at, usual_in_city) * WINDOW.as_secs_f64() / 3_600.0;
        citizens >= bar.reports && poisson_tail(citizens, expected) <= bar.chance
    }

    /// Returns whether an area's incident still makes more reports than chance would: `recent` of them came within
    /// [`going_on`] of its level.
    pub(crate) fn goes_on(&self, area: &Area, at: Timestamp, recent: usize, usual_in_city: f64) -> bool {
        let expected = self.usual(area, at, usual_in_city) * going_on(area.level).as_secs_f64() / 3_600.0;
        recent >= 3 && poisson_tail(recent, expected) <= STILL
    }
}

/// Returns the probability that a Poisson variable of mean `expected` is at least `count`.
pub fn poisson_tail(count: usize, expected: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if expected <= 0.0 {
        return 0.0;
    }
    // The tail itself is summed, since one minus the head would be all rounding where it matters.
    let mut term = (0..count).fold(-expected, |log, n| log + (expected / (n + 1) as f64).ln()).exp();
    let mut tail = 0.0;
    let mut n = count;
    while n < count + 10_000 && (term > tail * 1e-12 || (n as f64) < expected) {
        tail += term;
        n += 1;
        term *= expected / n as f64;
    }
    tail.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_that_of_the_tables() {
        for (count, expected, tail) in
            [(1, 1.0, 0.632_120_6), (3, 0.5, 0.014_387_7), (5, 2.0, 0.052_653), (10, 1.0, 1.114e-7)]
        {
            let found = poisson_tail(count, expected);
            assert!((found - tail).abs() < tail * 1e-3, "{count} {expected}: {found}");
        }
        assert_eq!(poisson_tail(0, 3.0), 1.0);
        assert_eq!(poisson_tail(3, 0.0), 0.0);
        assert!(poisson_tail(50, 100.0) > 0.999);
    }

    #[test]
    fn what_is_usual_in_a_busy_unit_is_no_burst_there() {
        let busy = Area { level: Level::Quarter, unit: "busy".into() };
        let calm = Area { level: Level::Quarter, unit: "calm".into() };
        let mut rates = Rates::default();
        let at = |hour: i64| Timestamp::from_second(1_800_000_000 + hour * 3_600).unwrap();
        for hour in 0..24 {
            for _ in 0..8 {
                rates.count(&busy, at(hour));
            }
        }
        assert!(!rates.is_burst(&busy, at(25), 4, 1.0));
        assert!(rates.is_burst(&calm, at(25), 4, 1.0));
        assert!(rates.is_burst(&busy, at(25), 20, 1.0));
    }
}
