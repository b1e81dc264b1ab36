//! The shell: takes recordings from the bus, lets the most urgent of them be transcribed first on a bounded number of
//! threads, and publishes what was heard. At least once: a recording is committed after its transcript is durable, and consumers deduplicate by intake.

mod backoff;
mod early;
mod job;
mod shift;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dauys_bus::{Bus, Recordings, Subscription};
use dauys_events::Topic;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::load::LoadBoard;
use crate::telemetry;
use crate::transcribe::Pipeline;
use crate::urgency::Urgency;
use backoff::Backoff;
use shift::Shift;

/// The consumer group of all transcribers: each recording goes to one of them.
pub const GROUP: &str = "transcriber";

/// How the worker behaves when things go slowly or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSettings {
    /// How long a recording that the store does not have is asked for.
    pub missing_patience: Duration,
    /// How long the store may be out of reach before a recording is given to a person.
    pub store_patience: Duration,
    /// After so long without a commit, the worker takes nothing new until what it has is done.
    pub checkpoint: Duration,
    /// How long it waits at a checkpoint: one very long recording must not hold up the rest.
    pub checkpoint_patience: Duration,
    /// How long what is in progress may take once the worker is told to stop.
    pub stop_patience: Duration,
    /// How often the number of waiting recordings is looked up.
    pub lag_every: Duration,
    /// How many recordings wait in this process, sorted by urgency. They are events only: a few kilobytes each.
    pub room: usize,
    /// What a first look takes for danger; with nothing in it, no first looks are taken.
    pub urgency: Urgency,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            missing_patience: Duration::from_secs(10),
            store_patience: Duration::from_secs(120),
            checkpoint: Duration::from_secs(10),
            checkpoint_patience: Duration::from_secs(3),
            stop_patience: Duration::from_secs(20),
            lag_every: Duration::from_secs(5),
            room: 2000,
            urgency: Urgency::default(),
        }
    }
}

/// A transcriber: what it needs, ready to [`run`](Worker::run).
pub struct Worker {
    bus: Arc<dyn Bus>,
    recordings: Recordings,
    engine: Arc<dyn Engine>,
    pipeline: Arc<Pipeline>,
    settings: WorkerSettings,
    board: Arc<LoadBoard>,
    /// Messages that the group has not committed, as last seen.
    lag: AtomicU64,
}

impl Worker {
    /// Puts a worker together.
    #[must_use]
    pub fn new(
        bus: Arc<dyn Bus>,
        recordings: Recordings,
        engine: Arc<dyn Engine>,
        pipeline: Pipeline,
        settings: WorkerSettings,
    ) -> Self {
        let (board, lag) = (Arc::default(), AtomicU64::new(0));
        Self { bus, recordings, engine, pipeline: Arc::new(pipeline), settings, board, lag }
    }

    /// Returns the board on which the worker keeps what waits and how long it will take.
    #[must_use]
    pub fn board(&self) -> Arc<LoadBoard> {
        Arc::clone(&self.board)
    }

    /// Works until told to stop, then finishes what is in progress and commits. Whatever fails is tried again or handed
    /// to a person; it never ends the worker.
    pub async fn run(self, stop: CancellationToken) {
        let worker = Arc::new(self);
        tokio::join!(Arc::clone(&worker).consume(&stop), worker.watch_lag(&stop));
    }

    async fn consume(self: Arc<Self>, stop: &CancellationToken) {
        let Some(subscription) = self.subscribe(stop).await else { return };
        let mut shift = Shift::new(self, subscription, stop.clone());
        shift.work().await;
        shift.finish().await;
    }

    async fn subscribe(&self, stop: &CancellationToken) -> Option<Box<dyn Subscription>> {
        let mut backoff = Backoff::default();
        loop {
            match self.bus.subscribe(GROUP, &[Topic::Recordings]).await {
                Ok(subscription) => return Some(subscription),
                Err(error) => telemetry::retry("subscribe", &error, backoff.peek()),
            }
            stop.run_until_cancelled(sleep(backoff.next())).await?;
        }
    }

    async fn watch_lag(&self, stop: &CancellationToken) {
        loop {
            if let Ok(waiting) = self.bus.lag(GROUP, Topic::Recordings).await {
                telemetry::waiting(waiting);
                self.lag.store(waiting, Ordering::Relaxed);
            }
            if stop.run_until_cancelled(sleep(self.settings.lag_every)).await.is_none() {
                return;
            }
        }
    }
}
