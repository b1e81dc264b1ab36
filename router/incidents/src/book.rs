//! The book of incidents: takes report after report and says which incident each belongs to.
//!
//! Bounded: so many reports and incidents of a family are compared, the oldest are forgotten first and counted. What is
//! forgotten stays as it was decided; it is only not compared any more.

mod bursts;
mod family;

use crate::policy::Policy;
use crate::report::{Area, Report, Scope, Why};
use dauys_events::{IncidentId, TicketId};
use family::Family;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// What a report leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Nothing like it is known: it stands on its own.
    Alone,
    /// It belongs to an incident.
    Joins {
        /// The incident.
        incident: IncidentId,
        /// Why.
        why: Why,
    },
    /// It opens an incident together with earlier reports.
    Opens {
        /// The incident, named after this report.
        incident: IncidentId,
        /// What it covers.
        scope: Scope,
        /// Its reports, the oldest first; this one is the last.
        members: Vec<TicketId>,
        /// Incidents that it takes in, of which all reports become its own.
        absorbs: Vec<IncidentId>,
        /// Why.
        why: Why,
    },
}

/// An incident as the book knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The incident.
    pub incident: IncidentId,
    /// The category of its first report.
    pub category: String,
    /// What it covers.
    pub scope: Scope,
    /// When its first report was made.
    pub first: Timestamp,
    /// When its last report was made.
    pub last: Timestamp,
}

/// What the book tells by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Nobody has reported it for as long as its kind waits: it takes no more reports.
    Ended(IncidentId),
}

/// The book of incidents.
#[derive(Clone, Debug)]
pub struct Incidents {
    policy: Policy,
    families: BTreeMap<String, Family>,
    output: VecDeque<Output>,
    dropped: u64,
}

impl Incidents {
    /// Opens an empty book.
    pub fn new(policy: Policy) -> Self {
        Self { policy, families: BTreeMap::new(), output: VecDeque::new(), dropped: 0 }
    }

    /// Writes an incident in that was decided before, ahead of its reports.
    pub fn restore(&mut self, standing: Standing) {
        if let Some(rule) = self.policy.rule(&standing.category) {
            let family = self.families.entry(rule.family.clone()).or_default();
            self.dropped += family.stand(standing);
        }
    }

    /// Writes a report in that was decided before, in the order of their times.
    pub fn restore_report(&mut self, report: &Report, incident: Option<IncidentId>) {
        if let Some(rule) = self.policy.rule(&report.category) {
            let family = self.families.entry(rule.family.clone()).or_default();
            self.dropped += family.remember(report.clone(), incident);
        }
    }

    /// Decides on a report. The same ticket again gets the same answer.
    pub fn handle_report(&mut self, now: Timestamp, report: &Report) -> Decision {
        let Some(rule) = self.policy.rule(&report.category) else { return Decision::Alone };
        let family = self.families.entry(rule.family.clone()).or_default();
        let latest = now.max(report.at);
        family.forget_before(latest.saturating_sub(rule.quiet.max(rule.pair)).unwrap_or(Timestamp::MIN));
        if let Some(known) = family.decided(report.ticket) {
            return known.map_or(Decision::Alone, |incident| Decision::Joins { incident, why: Why::Person });
        }
        let decision = family.decide(rule, report);
        self.dropped += family.note(report, &decision);
        decision
    }

    /// Forgets a report, as where a person has taken it out or has corrected its category.
    pub fn forget(&mut self, ticket: TicketId) {
        for family in self.families.values_mut() {
            family.forget(ticket);
        }
    }

    /// Ends what nobody has reported for long. Call it when [`Incidents::poll_timeout`] says so, or oftener.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        for (name, family) in &mut self.families {
            if let Some(rule) = self.policy.family(name) {
                self.output.extend(family.end(rule, now).into_iter().map(Output::Ended));
            }
        }
    }

    /// Returns when the next incident ends, where one stands.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let ends = |(name, family): (&String, &Family)| family.next_end(self.policy.family(name)?);
        self.families.iter().filter_map(ends).min()
    }

    /// Returns what happened by itself, one by one.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// Returns how many reports and incidents were forgotten because there were too many.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns how many incidents stand.
    pub fn standing(&self) -> usize {
        self.families.values().map(Family::standing).sum()
    }

    /// Returns how many reports are compared.
    pub fn compared(&self) -> usize {
        self.families.values().map(Family::compared).sum()
    }
}

/// Returns whether a report lies in an area.
fn lies_in(report: &Report, area: &Area) -> bool {
    report.place.at(area.level) == Some(area.unit.as_str())
}
