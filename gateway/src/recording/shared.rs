//! What writers, the syncer and readers of one store have in common. Writers touch it once a call and once a segment, never once a packet.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::commit::{CommitError, Promise};
use super::disk::{Disk, SegmentFile};
use super::format::SegmentId;
use super::index::Index;

/// Limits and intervals of a store.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A segment that has grown to this many bytes is followed by the next. At most 1 GiB.
    pub segment_bytes: u64,
    /// A segment of this age is followed by the next, so that exported voices do not stay on disk for long.
    pub segment_age: Duration,
    /// How much audio of a call is gathered before it becomes a record, in bytes (8,000 are a second).
    pub block_bytes: usize,
    /// How old gathered audio may get, even if it is little.
    pub block_age: Duration,
    /// How many bytes a writer keeps in memory while the disk does not take them; audio beyond that is dropped and counted.
    pub buffer_bytes: usize,
    /// How many recordings a writer takes at once.
    pub tracks: usize,
    /// How long a recording may get, in samples.
    pub longest: u64,
    /// New recordings are refused when less than this many bytes are free.
    pub reserve_bytes: u64,
    /// How often the disk is flushed while nobody waits.
    pub idle_flush: Duration,
    /// How often the disk is flushed at most while somebody waits.
    pub busy_flush: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            segment_bytes: 256 * 1024 * 1024,
            segment_age: Duration::from_secs(3_600),
            block_bytes: 8_000,
            block_age: Duration::from_secs(1),
            buffer_bytes: 64 * 1024 * 1024,
            tracks: 20_000,
            longest: 8_000 * 3_600,
            reserve_bytes: 1024 * 1024 * 1024,
            idle_flush: Duration::from_secs(1),
            busy_flush: Duration::from_millis(20),
        }
    }
}

/// What the disk can do. Admission asks this before it lets a call in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskState {
    /// All is well.
    Healthy,
    /// Little space is left: calls in progress go on, new ones are refused.
    Low,
    /// Writes fail: new calls are refused, and what is in progress is kept in memory within a bound.
    Failing,
}

/// A recording that ended without its caller's end: the process crashed, or its media thread did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// The intake's id.
    pub intake: Uuid,
    /// The call's facts as given when the recording began; empty if they were lost.
    pub head: Vec<u8>,
    /// How long the recording is, in samples.
    pub total: u64,
}

/// Makes the spooled event of an interrupted recording, so that it still becomes a ticket.
pub type OnInterrupted = dyn Fn(&Interrupted) -> Vec<u8> + Send + Sync;

/// Something to be done once what is written so far is safe.
pub(super) struct Waiter {
    pub intake: Uuid,
    pub what: Awaited,
}

pub(super) enum Awaited {
    /// An intake's end. `tainted`: some of it lies in a segment that the disk did not confirm.
    End { promise: Promise, since: Instant, tainted: bool },
    /// The record of a hand-over.
    Mark,
}

/// A writer's files and waiters, as the syncer sees them.
#[derive(Default)]
pub(super) struct Unsynced {
    pub active: Option<Arc<dyn SegmentFile>>,
    pub sealed: Vec<Arc<dyn SegmentFile>>,
    pub waiters: Vec<Waiter>,
    pub closed: bool,
}

/// One writer's side of the store.
#[derive(Default)]
pub(super) struct Lane {
    pub unsynced: Mutex<Unsynced>,
    pub dirty: AtomicBool,
    /// The last write failed.
    pub failing: AtomicBool,
    /// The disk did not confirm the active segment: nothing in it may be promised until the next one is begun. Changed under
    /// the lock.
    pub distrusted: AtomicBool,
}

impl Lane {
    pub fn in_trouble(&self) -> bool {
        self.failing.load(Ordering::Relaxed) || self.distrusted.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
pub(super) struct Wake {
    pub urgent: bool,
    pub stop: bool,
}

pub(super) struct Shared {
    pub folder: PathBuf,
    pub disk: Box<dyn Disk>,
    pub settings: Settings,
    pub on_interrupted: Box<OnInterrupted>,
    pub index: Mutex<Index>,
    pub lanes: Mutex<Vec<Arc<Lane>>>,
    pub folder_dirty: AtomicBool,
    pub ready: tokio::sync::Notify,
    pub stopped: AtomicBool,
    state: AtomicU8,
    wake: Mutex<Wake>,
    bell: Condvar,
}

impl Shared {
    pub fn new(folder: PathBuf, disk: Box<dyn Disk>, settings: Settings, on_interrupted: Box<OnInterrupted>) -> Self {
        let settings = Settings { segment_bytes: settings.segment_bytes.min(1 << 30), ..settings };
        Self {
            folder,
            disk,
            settings,
            on_interrupted,
            index: Mutex::default(),
            lanes: Mutex::default(),
            folder_dirty: AtomicBool::new(false),
            ready: tokio::sync::Notify::new(),
            stopped: AtomicBool::new(false),
            state: AtomicU8::new(0),
            wake: Mutex::default(),
            bell: Condvar::new(),
        }
    }

    pub fn path(&self, id: SegmentId) -> PathBuf {
        self.folder.join(id.file_name())
    }

    pub fn state(&self) -> DiskState {
        match self.state.load(Ordering::Relaxed) {
            0 => DiskState::Healthy,
            1 => DiskState::Low,
            _ => DiskState::Failing,
        }
    }

    pub fn set_state(&self, state: DiskState) {
        let number = match state {
            DiskState::Healthy => 0,
            DiskState::Low => 1,
            DiskState::Failing => 2,
        };
        if self.state.swap(number, Ordering::Relaxed) != number {
            metrics::gauge!(super::telemetry::DISK_STATE).set(f64::from(number));
            match state {
                DiskState::Healthy => tracing::info!("the recording disk is healthy"),
                DiskState::Low => tracing::error!("the recording disk is almost full; new calls are refused"),
                DiskState::Failing => tracing::error!("the recording disk fails; new calls are refused"),
            }
        }
    }

    /// Notes a failed disk operation.
    pub fn failed(operation: &'static str, error: &std::io::Error) {
        metrics::counter!(super::telemetry::FAILURES, "operation" => operation).increment(1);
        tracing::warn!(operation, %error, "a disk operation of the recording store failed");
    }

    /// Asks the syncer to flush soon, because somebody waits.
    pub fn ring(&self) {
        lock(&self.wake).urgent = true;
        self.bell.notify_one();
    }

    pub fn stop(&self) {
        lock(&self.wake).stop = true;
        self.bell.notify_one();
    }

    /// Waits until a flush is due and says whether it is the last one.
    pub fn await_flush(&self, last: Instant) -> bool {
        let mut wake = lock(&self.wake);
        loop {
            if wake.stop {
                return true;
            }
            let gap = if wake.urgent { self.settings.busy_flush } else { self.settings.idle_flush };
            let elapsed = last.elapsed();
            if elapsed >= gap {
                wake.urgent = false;
                return false;
            }
            wake = self.bell.wait_timeout(wake, gap - elapsed).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Tells a waiter how it went. Either way a finished intake goes on to its hand-over.
    pub fn settle(&self, waiter: Waiter, safe: bool, now: Instant) {
        match waiter.what {
            Awaited::End { promise, since, tainted } => {
                let outcome = if safe && !tainted { Ok(()) } else { Err(CommitError::Disk) };
                if outcome.is_ok() {
                    metrics::histogram!(super::telemetry::COMMIT_SECONDS)
                        .record(now.saturating_duration_since(since).as_secs_f64());
                }
                lock(&self.index).committed(waiter.intake, now);
                self.ready.notify_one();
                // Nobody may be waiting any more: the caller hung up.
                let _ = promise.send(outcome);
            }
            Awaited::Mark => lock(&self.index).exported(waiter.intake),
        }
    }
}

/// Locks; a thread that panicked while it held the lock left nothing half done that the next could not bear.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
