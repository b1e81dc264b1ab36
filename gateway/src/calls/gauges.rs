//! What operations staff see of the line, live: numbers without names.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Live numbers of the line; shared with the pages.
#[derive(Debug, Default)]
pub struct LineGauges {
    calls: AtomicUsize,
    offered: AtomicU64,
    answered: AtomicU64,
    refused: AtomicU64,
}

impl LineGauges {
    /// Returns the calls that are up now.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Returns the calls that were offered since the start.
    pub fn offered(&self) -> u64 {
        self.offered.load(Ordering::Relaxed)
    }

    /// Returns the calls that were answered since the start.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Returns the calls that were refused since the start, for whatever reason.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub(super) fn set_calls(&self, calls: usize) {
        self.calls.store(calls, Ordering::Relaxed);
    }

    pub(super) fn add_offered(&self) {
        self.offered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts calls that were refused before they were seen: they were offered as well.
    pub(super) fn add_refused_unseen(&self, calls: u64) {
        self.offered.fetch_add(calls, Ordering::Relaxed);
        self.refused.fetch_add(calls, Ordering::Relaxed);
    }

    pub(super) fn add_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}
