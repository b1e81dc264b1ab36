//! What a lane counts: live for whoever watches, and in the end for the report.

use super::caller::Outcome;
use std::sync::atomic::{AtomicU64, Ordering};

/// Live numbers of one lane.
#[derive(Debug, Default)]
pub struct Live {
    /// Calls that are up.
    pub up: AtomicU64,
    /// Calls begun.
    pub attempted: AtomicU64,
    /// Calls answered.
    pub answered: AtomicU64,
    /// Calls that came to nothing.
    pub failed: AtomicU64,
    /// Calls that are over.
    pub over: AtomicU64,
    /// RTP packets sent.
    pub sent: AtomicU64,
    /// RTP packets heard.
    pub heard: AtomicU64,
    /// The worst lateness since it was last read, in microseconds.
    pub late_us: AtomicU64,
    /// Packets that were sent more than 20 ms late.
    pub sent_late: AtomicU64,
    /// CPU time of the lane's thread, in microseconds.
    pub cpu_us: AtomicU64,
}

/// What one lane counted.
#[derive(Debug, Default)]
pub struct Tally {
    /// What became of each caller.
    pub outcomes: Vec<Outcome>,
    /// RTP packets that left, repetitions not counted.
    pub sent: u64,
    /// Repetitions that left.
    pub repeated: u64,
    /// Packets that the network lost, by plan.
    pub lost_by_plan: u64,
    /// Packets that the kernel did not take.
    pub refused_by_kernel: u64,
    /// RTP packets heard.
    pub heard: u64,
    /// RTCP packets received.
    pub rtcp: u64,
    /// Packets that were sent more than 20 ms late.
    pub sent_late: u64,
    /// The worst lateness, in microseconds.
    pub late_us: u64,
    /// CPU time of the lane's thread, in seconds.
    pub cpu_seconds: f64,
}

impl Tally {
    /// Adds another lane's.
    pub fn add(&mut self, mut other: Self) {
        self.outcomes.append(&mut other.outcomes);
        self.sent += other.sent;
        self.repeated += other.repeated;
        self.lost_by_plan += other.lost_by_plan;
        self.refused_by_kernel += other.refused_by_kernel;
        self.heard += other.heard;
        self.rtcp += other.rtcp;
        self.sent_late += other.sent_late;
        self.late_us = self.late_us.max(other.late_us);
        self.cpu_seconds += other.cpu_seconds;
    }
}

/// Adds up one number over lanes.
pub fn sum(lanes: &[std::sync::Arc<Live>], of: impl Fn(&Live) -> &AtomicU64) -> u64 {
    lanes.iter().map(|lane| of(lane).load(Ordering::Relaxed)).sum()
}

/// Returns the value below which the share of the sorted values lies (nearest rank).
pub fn percentile(sorted: &[u64], share: f64) -> u64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let values: Vec<u64> = (1..=100).collect();
        assert_eq!([0.5, 0.95, 0.99, 1.0].map(|share| percentile(&values, share)), [50, 95, 99, 100]);
        assert_eq!(percentile(&[], 0.5), 0);
    }
}
