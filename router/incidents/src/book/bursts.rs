//! Incidents of whole units: a burst that chance does not explain, in the largest unit over which it is spread.

use super::family::{Active, Family, Seen};
use super::{Decision, lies_in};
use crate::burst::WINDOW;
use crate::policy::Rule;
use crate::report::{Area, Level, Report, Scope, Why};
use dauys_events::IncidentId;
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};

/// How long before a burst a smaller incident may have begun to be a part of it.
const BEFORE: SignedDuration = SignedDuration::from_mins(15);
/// The largest share of a burst that one part of a unit may have where the whole unit is affected, in percent.
const LARGEST_PART: usize = 65;
/// Parts of a unit that a burst must reach.
const PARTS: usize = 3;
/// Reports with a place in the window, and the percents of them in one incident, from which a report without a place goes
/// there too.
const NEARLY_ALL_OF: usize = 20;
const NEARLY_ALL: usize = 97;

impl Family {
    /// Finds a burst in the largest unit that this report lies in, above a level where something smaller is known already.
    pub(super) fn burst(&self, rule: &Rule, report: &Report, above: Option<Level>) -> Option<Decision> {
        let mut areas: Vec<&Area> =
            report.place.areas.iter().filter(|a| above.is_none_or(|level| a.level > level)).collect();
        areas.sort_by_key(|area| std::cmp::Reverse(area.level));
        let window: Vec<&Seen> = self.seen.iter().rev().take_while(|seen| self.may_be_within(seen, report)).collect();
        areas.into_iter().find_map(|area| self.burst_in(rule, report, area, &window))
    }

    /// Reports are nearly in order: what lies well behind the window ends the search.
    fn may_be_within(&self, seen: &Seen, report: &Report) -> bool {
        report.at.duration_since(seen.report.at) <= WINDOW + BEFORE
    }

    fn burst_in(&self, rule: &Rule, report: &Report, area: &Area, window: &[&Seen]) -> Option<Decision> {
        let counts = |seen: &&&Seen| {
            report.at.duration_since(seen.report.at).abs() <= WINDOW
                && lies_in(&seen.report, area)
                && self.free(seen, area)
        };
        let inside: Vec<&Seen> = window.iter().filter(counts).copied().collect();
        if !self.rates.is_burst(area, report.at, citizens(&inside, report), rule.usual_per_hour) {
            return None;
        }
        if !is_spread(&inside, report, area.level) {
            return None;
        }
        let absorbs: BTreeSet<IncidentId> = inside.iter().filter_map(|seen| seen.incident).collect();
        let taken = |seen: &&Seen| seen.incident.is_some_and(|held| absorbs.contains(&held));
        let fresh: BTreeSet<_> = inside.iter().map(|seen| seen.report.ticket).collect();
        let members = self.seen.iter().filter(|seen| taken(seen) || fresh.contains(&seen.report.ticket));
        let mut members: Vec<_> = members.map(|seen| seen.report.ticket).collect();
        members.push(report.ticket);
        Some(Decision::Opens {
            incident: IncidentId::of(report.ticket),
            scope: Scope::Area(area.clone()),
            members,
            absorbs: absorbs.into_iter().collect(),
            why: Why::Burst,
        })
    }

    /// Returns whether a report can become part of a burst in `area`: it stands alone, or its incident is smaller, wholly
    /// inside and as young as the burst.
    fn free(&self, seen: &Seen, area: &Area) -> bool {
        let Some(incident) = seen.incident else { return true };
        let Some(active) = self.incidents.get(&incident) else { return false };
        let smaller = active.level().is_none_or(|level| level < area.level);
        let young = seen.report.at.duration_since(active.standing.first) <= WINDOW + BEFORE;
        smaller && young
    }

    /// Sends a report without a place to where nearly everybody else's goes.
    pub(super) fn nearly_all(&self, rule: &Rule, report: &Report) -> Option<Decision> {
        if report.place.says_something() {
            return None;
        }
        let within = self.seen.iter().rev().take_while(|seen| self.may_be_within(seen, report));
        let within = within.filter(|seen| report.at.duration_since(seen.report.at).abs() <= WINDOW);
        let placed: Vec<&Seen> = within.filter(|seen| seen.report.place.says_something()).collect();
        let mut counts: BTreeMap<IncidentId, usize> = BTreeMap::new();
        for incident in placed.iter().filter_map(|seen| seen.incident) {
            *counts.entry(incident).or_default() += 1;
        }
        let (incident, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        let goes_on = |active: &Active| match &active.standing.scope {
            Scope::Area(area) => self.is_hot(rule, active, area, report.at),
            Scope::Place => false,
        };
        let clear = placed.len() >= NEARLY_ALL_OF && count * 100 >= placed.len() * NEARLY_ALL;
        (clear && self.incidents.get(&incident).is_some_and(goes_on))
            .then_some(Decision::Joins { incident, why: Why::NearlyAll })
    }
}

/// Counts who reports; somebody who calls again is one, whoever gives no number is one each time.
fn citizens(inside: &[&Seen], report: &Report) -> usize {
    let all = || inside.iter().map(|seen| seen.report.reporter).chain([report.reporter]);
    let known: BTreeSet<u64> = all().flatten().collect();
    known.len() + all().filter(Option::is_none).count()
}

/// Returns whether a burst reaches so many parts of its unit that the whole is affected, and not one part of it.
fn is_spread(inside: &[&Seen], report: &Report, level: Level) -> bool {
    let part = match level {
        Level::Quarter => return is_spread_over_streets(inside, report),
        Level::District => Level::Quarter,
        Level::City => Level::District,
    };
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut without = 0_usize;
    for one in inside.iter().map(|seen| &seen.report).chain([report]) {
        match one.place.at(part) {
            Some(unit) => *parts.entry(unit).or_default() += 1,
            None => without += 1,
        }
    }
    let named: usize = parts.values().sum();
    let largest = parts.values().max().copied().unwrap_or(0);
    // Who names the district alone says that it is the district, unless most others name one and the same part of it.
    let parts_enough = parts.len() >= PARTS || (level == Level::District && named * 2 <= without);
    parts_enough && largest * 100 <= named.max(1) * LARGEST_PART
}

/// Returns whether reports of a microdistrict are of more than one street; who names the microdistrict alone says that it
/// is the microdistrict.
fn is_spread_over_streets(inside: &[&Seen], report: &Report) -> bool {
    let reports = || inside.iter().map(|seen| &seen.report).chain([report]);
    let streets: BTreeSet<&str> = reports().filter_map(|one| one.place.street.as_deref()).collect();
    let without = reports().filter(|one| one.place.street.is_none()).count();
    streets.len() >= 2 || without >= 2
}
