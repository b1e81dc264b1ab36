//! The shell: takes recordings from the bus, has them transcribed on a bounded number of threads, and publishes what was
//! heard. At least once: a recording is committed after its transcript is durable, and consumers deduplicate by intake.

mod backoff;
mod job;

use std::sync::Arc;
use std::time::Duration;

use dauys_bus::{Bus, Delivery, Recordings, Subscription};
use dauys_events::Topic;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::telemetry;
use crate::transcribe::Pipeline;
use backoff::Backoff;
use job::{Done, Job};

/// The consumer group of all transcribers: each recording goes to one of them.
pub const GROUP: &str = "transcriber";
/// The pause before a commit that failed is tried again.
const COMMIT_AGAIN: Duration = Duration::from_secs(1);

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
        Self { bus, recordings, engine, pipeline: Arc::new(pipeline), settings }
    }

    /// Works until told to stop, then finishes what is in progress and commits. Whatever fails is tried again or handed
    /// to a person; it never ends the worker.
    pub async fn run(self, stop: CancellationToken) {
        let worker = Arc::new(self);
        tokio::join!(Arc::clone(&worker).consume(&stop), worker.watch_lag(&stop));
    }

    async fn consume(self: Arc<Self>, stop: &CancellationToken) {
        let Some(subscription) = self.subscribe(stop).await else { return };
        let parallel = self.engine.describe().parallel.max(1);
        let mut shift = Shift {
            // As many again are fetched while the engine is busy, so that it never waits for the store.
            room: 2 * parallel,
            threads: Arc::new(Semaphore::new(parallel)),
            jobs: JoinSet::new(),
            subscription,
            progress: Progress::default(),
            worker: self,
            stop: stop.clone(),
        };
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
            }
            if stop.run_until_cancelled(sleep(self.settings.lag_every)).await.is_none() {
                return;
            }
        }
    }
}

/// What has been taken and not committed yet.
#[derive(Debug, Default)]
struct Progress {
    /// When the first message after the last commit was taken.
    since: Option<Instant>,
    /// A message was not dealt with: the place before it must never be committed.
    lost_one: bool,
}

/// One stay in the consumer group.
struct Shift {
    room: usize,
    threads: Arc<Semaphore>,
    jobs: JoinSet<Done>,
    subscription: Box<dyn Subscription>,
    progress: Progress,
    worker: Arc<Worker>,
    stop: CancellationToken,
}

impl Shift {
    async fn work(&mut self) {
        let mut backoff = Backoff::default();
        while !self.stop.is_cancelled() {
            telemetry::in_progress(self.jobs.len());
            let stop = self.stop.clone();
            let (takes, wait) = self.may_take(Instant::now());
            let free = self.room.saturating_sub(self.jobs.len());
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(done) = self.jobs.join_next() => self.settle(done).await,
                () = sleep(wait), if !takes => {}
                () = sleep(COMMIT_AGAIN), if self.jobs.is_empty() && self.progress.since.is_some() => self.commit().await,
                taken = self.subscription.next(free.max(1)), if takes && free > 0 => match taken {
                    Ok(deliveries) => {
                        backoff = Backoff::default();
                        self.take(deliveries);
                    }
                    Err(error) => {
                        telemetry::retry("read", &error, backoff.peek());
                        stop.run_until_cancelled(sleep(backoff.next())).await;
                    }
                },
            }
        }
    }

    /// Decides whether new messages are taken now, and how long to wait otherwise. A commit marks everything that was
    /// taken as done, so it needs a moment in which nothing is in progress.
    fn may_take(&self, now: Instant) -> (bool, Duration) {
        let settings = &self.worker.settings;
        let Some(since) = self.progress.since else { return (true, Duration::ZERO) };
        let cycle = settings.checkpoint + settings.checkpoint_patience;
        let micros = now.duration_since(since).as_micros() % cycle.as_micros().max(1);
        let within = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        (within < settings.checkpoint, cycle.saturating_sub(within))
    }

    fn take(&mut self, deliveries: Vec<Delivery>) {
        self.progress.since.get_or_insert_with(Instant::now);
        for delivery in deliveries {
            let job = Job {
                worker: Arc::clone(&self.worker),
                threads: Arc::clone(&self.threads),
                stop: self.stop.clone(),
                delivery,
            };
            self.jobs.spawn(job.run());
        }
    }

    async fn settle(&mut self, done: Result<Done, JoinError>) {
        match done {
            Ok(Done::Published) => {}
            Ok(Done::GivenUp) => self.progress.lost_one = true,
            Err(error) => {
                tracing::error!(%error, "a recording was not dealt with; nothing is committed until the worker restarts");
                self.progress.lost_one = true;
            }
        }
        if self.jobs.is_empty() {
            self.commit().await;
        }
    }

    /// Commits once nothing is in progress. Where a message was not dealt with, nothing is committed any more: it and
    /// what came after it will be delivered again.
    async fn commit(&mut self) {
        if self.progress.lost_one || self.progress.since.is_none() {
            return;
        }
        match self.subscription.commit().await {
            Ok(()) => self.progress.since = None,
            Err(error) => telemetry::retry("commit", &error, COMMIT_AGAIN),
        }
    }

    async fn finish(&mut self) {
        let patience = self.worker.settings.stop_patience;
        let drained = timeout(patience, async {
            while let Some(done) = self.jobs.join_next().await {
                self.settle(done).await;
            }
        });
        if drained.await.is_err() {
            tracing::warn!(left = self.jobs.len(), "stopped with recordings in progress; they will be delivered again");
        }
        telemetry::in_progress(0);
    }
}
