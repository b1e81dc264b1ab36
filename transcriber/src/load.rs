//! How busy the transcriber is, as others may read it: what waits and how long it will take.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

/// The board that the worker writes and everybody else reads.
#[derive(Debug, Default)]
pub struct LoadBoard {
    waiting: AtomicU64,
    in_progress: AtomicU64,
    estimate_ms: AtomicU64,
}

/// What stands on the board.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Load {
    /// Recordings that nobody has begun to hear.
    pub waiting_recordings: u64,
    /// Recordings that are being heard in this process.
    pub recordings_in_progress: u64,
    /// Seconds until what waits now will be done.
    pub waiting_seconds: f64,
}

impl LoadBoard {
    /// Writes how many wait and how long that will take.
    pub fn write(&self, waiting: u64, in_progress: usize, estimate: Duration) {
        self.waiting.store(waiting, Ordering::Relaxed);
        self.in_progress.store(in_progress as u64, Ordering::Relaxed);
        self.estimate_ms.store(u64::try_from(estimate.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Reads the board.
    #[must_use]
    pub fn read(&self) -> Load {
        Load {
            waiting_recordings: self.waiting.load(Ordering::Relaxed),
            recordings_in_progress: self.in_progress.load(Ordering::Relaxed),
            waiting_seconds: Duration::from_millis(self.estimate_ms.load(Ordering::Relaxed)).as_secs_f64(),
        }
    }
}
