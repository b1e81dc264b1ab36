//! How good a grouping is: pairs that belong together and pairs that were put together.

use crate::{Decision, Incidents, Policy, Report};
use dauys_events::{IncidentId, TicketId};
use std::collections::BTreeMap;

/// Pairwise quality: every pair of reports counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pairwise {
    /// Pairs that were put together.
    pub found: u64,
    /// Pairs that belong together.
    pub true_pairs: u64,
    /// Pairs that were put together and belong together.
    pub right: u64,
}

impl Pairwise {
    /// Returns the share of found pairs that are right; 1 where none was found.
    pub fn precision(&self) -> f64 {
        share(self.right, self.found)
    }

    /// Returns the share of true pairs that were found; 1 where there is none.
    pub fn recall(&self) -> f64 {
        share(self.right, self.true_pairs)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// Compares what reports are about with how they were grouped; none stands for a report on its own.
pub fn pairwise<T: Ord + Clone, F: Ord + Clone>(labels: &[(Option<T>, Option<F>)]) -> Pairwise {
    let truth = count(labels.iter().map(|(truth, _)| truth.clone()));
    let found = count(labels.iter().map(|(_, found)| found.clone()));
    let both = count(labels.iter().map(|(truth, found)| truth.clone().zip(found.clone())));
    Pairwise { found: pairs(&found), true_pairs: pairs(&truth), right: pairs(&both) }
}

fn count<K: Ord>(keys: impl Iterator<Item = Option<K>>) -> BTreeMap<K, u64> {
    let mut counts = BTreeMap::new();
    for key in keys.flatten() {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

fn pairs<K>(counts: &BTreeMap<K, u64>) -> u64 {
    counts.values().map(|n| n * n.saturating_sub(1) / 2).sum()
}

/// Groups a whole stream, in the order given, and returns each report's incident in the end; none for one on its own.
pub fn group(policy: Policy, reports: &[Report]) -> Vec<Option<IncidentId>> {
    let mut incidents = Incidents::new(policy);
    let mut of: BTreeMap<TicketId, IncidentId> = BTreeMap::new();
    for report in reports {
        incidents.handle_timeout(report.at);
        while incidents.poll_output().is_some() {}
        match incidents.handle_report(report.at, report) {
            Decision::Alone => {}
            Decision::Joins { incident, .. } => {
                of.insert(report.ticket, incident);
            }
            Decision::Opens { incident, members, absorbs, .. } => {
                for (_, held) in of.iter_mut().filter(|(_, held)| absorbs.contains(held)) {
                    *held = incident;
                }
                of.extend(members.into_iter().map(|member| (member, incident)));
            }
        }
    }
    reports.iter().map(|report| of.get(&report.ticket).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_once_and_singles_not_at_all() {
        let labels = [(Some(1), Some('a')), (Some(1), Some('a')), (Some(1), None), (Some(2), Some('a')), (None, None)];
        let pairwise = pairwise(&labels);
        assert_eq!((pairwise.found, pairwise.true_pairs, pairwise.right), (3, 3, 1));
        assert!((pairwise.precision() - 1.0 / 3.0).abs() < 1e-9);
        assert!((pairwise.recall() - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(super::pairwise::<u8, u8>(&[]).precision(), 1.0);
    }
}
