//! One family of trouble: its recent reports and its incidents.

use super::{Decision, Standing, lies_in};
use crate::burst::{Rates, going_on};
use crate::evidence::{Side, weigh};
use crate::policy::{Rule, Spread};
use crate::report::{Area, Level, Report, Scope, Why};
use dauys_events::{IncidentId, TicketId};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// Reports of a family that are compared.
const MOST_REPORTS: usize = 4_000;
/// Incidents of a family that take reports.
const MOST_INCIDENTS: usize = 1_000;
/// Reports of an area's incident whose times are kept, to see whether it goes on.
const MOST_TIMES: usize = 256;
/// Reports in which a word may stand to be rare: one in so many, and a few in any case.
const RARE_SHARE: usize = 8;
const RARE_ALWAYS: u32 = 3;

#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) report: Report,
    pub(super) incident: Option<IncidentId>,
}

#[derive(Clone, Debug)]
pub(super) struct Active {
    pub(super) standing: Standing,
    /// The times of its last reports.
    pub(super) times: VecDeque<Timestamp>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Family {
    pub(super) seen: VecDeque<Seen>,
    pub(super) incidents: BTreeMap<IncidentId, Active>,
    pub(super) rates: Rates,
    /// In how many of the compared reports each word stands.
    words: BTreeMap<u32, u32>,
}

impl Family {
    pub(super) fn standing(&self) -> usize {
        self.incidents.len()
    }

    pub(super) fn compared(&self) -> usize {
        self.seen.len()
    }

    /// Writes an incident in; returns how many were forgotten for it.
    pub(super) fn stand(&mut self, standing: Standing) -> u64 {
        self.incidents.insert(standing.incident, Active { standing, times: VecDeque::new() });
        if self.incidents.len() <= MOST_INCIDENTS {
            return 0;
        }
        let oldest = self.incidents.values().min_by_key(|active| active.standing.last).map(|a| a.standing.incident);
        oldest.and_then(|incident| self.incidents.remove(&incident)).map_or(0, |_| 1)
    }

    /// Writes a report in; returns how many were forgotten for it.
    pub(super) fn remember(&mut self, report: Report, incident: Option<IncidentId>) -> u64 {
        let mut in_area = false;
        if let Some(active) = incident.and_then(|incident| self.incidents.get_mut(&incident)) {
            in_area = matches!(active.standing.scope, Scope::Area(_));
            active.take(report.at);
        }
        if !in_area {
            for area in &report.place.areas {
                self.rates.count(area, report.at);
            }
        }
        for word in &report.words {
            *self.words.entry(*word).or_default() += 1;
        }
        // Reports come nearly in the order of their times.
        let behind = self.seen.iter().rev().take_while(|seen| seen.report.at > report.at).count();
        self.seen.insert(self.seen.len() - behind, Seen { report, incident });
        if self.seen.len() <= MOST_REPORTS {
            return 0;
        }
        self.drop_oldest();
        1
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.seen.pop_front() {
            self.unlearn(&oldest.report.words);
        }
    }

    fn unlearn(&mut self, words: &[u32]) {
        for word in words {
            if let Some(count) = self.words.get_mut(word) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.words.remove(word);
                }
            }
        }
    }

    pub(super) fn forget_before(&mut self, oldest: Timestamp) {
        while self.seen.front().is_some_and(|seen| seen.report.at < oldest) {
            self.drop_oldest();
        }
    }

    pub(super) fn forget(&mut self, ticket: TicketId) {
        let Some(at) = self.seen.iter().position(|seen| seen.report.ticket == ticket) else { return };
        if let Some(gone) = self.seen.remove(at) {
            self.unlearn(&gone.report.words);
        }
    }

    /// Returns what was decided on a ticket; none where it was not.
    pub(super) fn decided(&self, ticket: TicketId) -> Option<Option<IncidentId>> {
        self.seen.iter().rev().find(|seen| seen.report.ticket == ticket).map(|seen| seen.incident)
    }

    pub(super) fn end(&mut self, rule: &Rule, now: Timestamp) -> Vec<IncidentId> {
        let over = |active: &&Active| now.duration_since(active.standing.last) > rule.quiet;
        let ended: Vec<_> = self.incidents.values().filter(over).map(|active| active.standing.incident).collect();
        for incident in &ended {
            self.incidents.remove(incident);
        }
        ended
    }

    pub(super) fn next_end(&self, rule: &Rule) -> Option<Timestamp> {
        let last = self.incidents.values().map(|active| active.standing.last).min()?;
        // The end is when the wait has passed, not while it lasts.
        last.checked_add(rule.quiet).and_then(|end| end.checked_add(SignedDuration::from_micros(1))).ok()
    }

    /// Decides: what covers the place already, then a burst of something larger, then the nearest report.
    pub(super) fn decide(&self, rule: &Rule, report: &Report) -> Decision {
        if rule.spread == Spread::Spot {
            return self.nearest(rule, report).unwrap_or(Decision::Alone);
        }
        let covering = self.covering(rule, report);
        let above = covering.and_then(Active::level);
        if let Some(burst) = self.burst(rule, report, above) {
            return burst;
        }
        if let Some(active) = covering {
            return Decision::Joins { incident: active.standing.incident, why: Why::InArea };
        }
        let found = self.nearest(rule, report).or_else(|| self.nearly_all(rule, report));
        found.unwrap_or(Decision::Alone)
    }

    /// Finds the incident of the largest area that covers the report and goes on.
    fn covering(&self, rule: &Rule, report: &Report) -> Option<&Active> {
        let covers = |active: &&Active| match &active.standing.scope {
            Scope::Area(area) => lies_in(report, area) && self.is_hot(rule, active, area, report.at),
            Scope::Place => false,
        };
        self.incidents.values().filter(covers).max_by_key(|active| active.level())
    }

    pub(super) fn is_hot(&self, rule: &Rule, active: &Active, area: &Area, at: Timestamp) -> bool {
        let within = going_on(area.level);
        let recent = active.times.iter().filter(|time| at.duration_since(**time).abs() <= within).count();
        self.rates.goes_on(area, at, recent, rule.usual_per_hour)
    }

    /// Finds the report that is nearest, and joins its incident or opens one with it.
    fn nearest(&self, rule: &Rule, report: &Report) -> Option<Decision> {
        let enough = (self.seen.len() / RARE_SHARE) as u32;
        let rare = |word: u32| self.words.get(&word).is_none_or(|count| *count <= enough.max(RARE_ALWAYS));
        let this = Side { place: &report.place, words: &report.words, reporter: report.reporter };
        let mut best: Option<(Why, _, &Seen)> = None;
        for seen in self.seen.iter().rev().filter(|seen| self.in_time(rule, seen, report.at)) {
            let other = &seen.report;
            let side = Side { place: &other.place, words: &other.words, reporter: other.reporter };
            let Some((why, evidence)) = weigh(this, side, rule.spread, &rare) else { continue };
            if best.as_ref().is_none_or(|(_, known, _)| evidence > *known) {
                best = Some((why, evidence, seen));
            }
        }
        let (why, _, seen) = best?;
        Some(match seen.incident {
            Some(incident) => Decision::Joins { incident, why },
            None => Decision::Opens {
                incident: IncidentId::of(report.ticket),
                scope: Scope::Place,
                members: vec![seen.report.ticket, report.ticket],
                absorbs: vec![],
                why,
            },
        })
    }

    /// Returns whether a report is near enough in time: to itself while it stands alone, to its incident's last one else.
    fn in_time(&self, rule: &Rule, seen: &Seen, at: Timestamp) -> bool {
        match seen.incident {
            None => at.duration_since(seen.report.at).abs() <= rule.pair,
            Some(incident) => self.incidents.get(&incident).is_some_and(|active| {
                active.standing.scope == Scope::Place && at.duration_since(active.standing.last) <= rule.quiet
            }),
        }
    }

    /// Writes a decision in; returns how many reports and incidents were forgotten for it.
    pub(super) fn note(&mut self, report: &Report, decision: &Decision) -> u64 {
        match decision {
            Decision::Alone => self.remember(report.clone(), None),
            Decision::Joins { incident, .. } => self.remember(report.clone(), Some(*incident)),
            Decision::Opens { incident, scope, members, absorbs, .. } => {
                let mut first = report.at;
                let mut times = Vec::new();
                for seen in &mut self.seen {
                    let taken = seen.incident.is_some_and(|held| absorbs.contains(&held));
                    if taken || members.contains(&seen.report.ticket) {
                        seen.incident = Some(*incident);
                        first = first.min(seen.report.at);
                        times.push(seen.report.at);
                    }
                }
                for absorbed in absorbs {
                    if let Some(gone) = self.incidents.remove(absorbed) {
                        first = first.min(gone.standing.first);
                    }
                }
                let category = report.category.clone();
                let last = report.at;
                let standing = Standing { incident: *incident, category, scope: scope.clone(), first, last };
                let mut dropped = self.stand(standing);
                if let Some(active) = self.incidents.get_mut(incident) {
                    times.into_iter().for_each(|time| active.take(time));
                }
                dropped += self.remember(report.clone(), Some(*incident));
                dropped
            }
        }
    }
}

impl Active {
    /// Returns how much it covers; none for a place.
    pub(super) fn level(&self) -> Option<Level> {
        match &self.standing.scope {
            Scope::Area(area) => Some(area.level),
            Scope::Place => None,
        }
    }

    fn take(&mut self, at: Timestamp) {
        self.standing.last = self.standing.last.max(at);
        self.standing.first = self.standing.first.min(at);
        self.times.push_back(at);
        if self.times.len() > MOST_TIMES {
            self.times.pop_front();
        }
    }
}
