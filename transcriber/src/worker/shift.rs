//! One stay in the consumer group: what was taken waits in the schedule, a bounded number is in progress, and a commit
//! follows whenever nothing is left.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dauys_bus::{Delivery, Subscription};
use dauys_events::{Recorded, RecordedPart};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Worker;
use super::backoff::Backoff;
use super::early::Early;
use super::job::{Done, Job, Pending, now};
use crate::schedule::{Facts, Schedule, Task};
use crate::telemetry;

/// The pause before a commit that failed is tried again.
const COMMIT_AGAIN: Duration = Duration::from_secs(1);
/// The most messages that are asked for at once.
const MOST_AT_ONCE: usize = 256;

/// What has been taken and not committed yet.
#[derive(Debug, Default)]
struct Progress {
    /// When the first message after the last commit was taken.
    since: Option<Instant>,
    /// Messages taken since then.
    taken: u64,
    /// A message was not dealt with: the place before it must never be committed.
    lost_one: bool,
}

/// One stay in the consumer group.
pub(super) struct Shift {
    worker: Arc<Worker>,
    subscription: Box<dyn Subscription>,
    stop: CancellationToken,
    threads: Arc<Semaphore>,
    /// How many jobs are in progress at most: as many again as are heard are fetched meanwhile, so that the engine never
    /// waits for the store.
    places: usize,
    schedule: Schedule<Pending>,
    early: Early,
    jobs: JoinSet<Done>,
    progress: Progress,
}

impl Shift {
    pub fn new(worker: Arc<Worker>, subscription: Box<dyn Subscription>, stop: CancellationToken) -> Self {
        let parallel = worker.engine.describe().parallel.max(1);
        let looks = !worker.settings.urgency.is_empty();
        let threads = Arc::new(Semaphore::new(parallel));
        Self {
            schedule: Schedule::new(worker.settings.room, parallel, looks),
            early: Early::new(Arc::clone(&worker), Arc::clone(&threads), stop.clone()),
            threads,
            places: 2 * parallel,
            jobs: JoinSet::new(),
            progress: Progress::default(),
            worker,
            subscription,
            stop,
        }
    }

    pub async fn work(&mut self) {
        let mut backoff = Backoff::default();
        while !self.stop.is_cancelled() {
            self.start_jobs();
            self.tell();
            let stop = self.stop.clone();
            let (takes, wait) = self.may_take(Instant::now());
            let free = self.schedule.free().min(MOST_AT_ONCE);
            let idle = self.is_idle();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(done) = self.jobs.join_next() => self.settle(done).await,
                Some(held) = self.early.heard() => held.into_iter().for_each(|recording| self.put(recording)),
                () = sleep(wait), if !takes => {}
                () = sleep(COMMIT_AGAIN), if idle && self.progress.since.is_some() => self.commit().await,
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
    /// taken as done, so it needs a moment in which nothing is left; where more waits than can be done in that moment,
    /// waiting for it would only let the urgent ones wait on the bus.
    fn may_take(&self, now: Instant) -> (bool, Duration) {
        let settings = &self.worker.settings;
        let Some(since) = self.progress.since else { return (true, Duration::ZERO) };
        if self.schedule.len() + self.jobs.len() > self.places {
            return (true, Duration::ZERO);
        }
        let cycle = settings.checkpoint + settings.checkpoint_patience;
        let micros = now.duration_since(since).as_micros() % cycle.as_micros().max(1);
        let within = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        (within < settings.checkpoint, cycle.saturating_sub(within))
    }

    /// Puts recordings into the schedule. What needs no listening goes at once.
    fn take(&mut self, deliveries: Vec<Delivery>) {
        self.progress.since.get_or_insert_with(Instant::now);
        self.progress.taken += deliveries.len() as u64;
        for delivery in deliveries {
            if let Ok(part) = delivery.event::<RecordedPart>() {
                self.early.put(part.data);
                continue;
            }
            let pending = Pending::new(delivery);
            let heard = pending.recorded().filter(|recorded| recorded.recording.is_some() && recorded.text.is_none());
            let Some(intake) = heard.map(|recorded| recorded.intake_id) else {
                self.spawn(Task::Hear(pending));
                continue;
            };
            if let Some(pending) = self.early.over(intake, pending) {
                self.put(pending);
            }
        }
    }

    /// Puts a finished recording into the schedule, with what its call's early text says of it.
    fn put(&mut self, pending: Pending) {
        let Some(recorded) = pending.recorded() else { return self.spawn(Task::Hear(pending)) };
        let facts = facts(recorded);
        match self.early.about(recorded.intake_id) {
            Some((known, urgent)) => {
                let length = facts.length.saturating_sub(known);
                self.schedule.put_known(pending, Facts { length, ..facts }, urgent);
            }
            None => self.schedule.put(pending, facts),
        }
    }

    fn start_jobs(&mut self) {
        while self.jobs.len() < self.places {
            let Some(task) = self.schedule.next(Instant::now().into_std()) else { break };
            self.spawn(task);
        }
        // Whoever has hung up goes before those who still speak.
        if self.schedule.is_empty() {
            self.early.start((self.places / 2).saturating_sub(self.jobs.len()));
        }
    }

    fn spawn(&mut self, task: Task<Pending>) {
        let (looks, pending) = match task {
            Task::Look(pending) => (true, pending),
            Task::Hear(pending) => (false, pending),
        };
        let intake = pending.recorded().filter(|_| !looks).map(|recorded| recorded.intake_id);
        let known = intake.map(|intake| self.early.finish(intake).parts).unwrap_or_default();
        let job = Job {
            worker: Arc::clone(&self.worker),
            threads: Arc::clone(&self.threads),
            stop: self.stop.clone(),
            pending,
            known,
        };
        if looks {
            self.jobs.spawn(job.look());
        } else {
            self.jobs.spawn(job.run());
        }
    }

    async fn settle(&mut self, done: Result<Done, JoinError>) {
        match done {
            Ok(Done::Published { length, took }) => self.schedule.finished(length, took),
            Ok(Done::Looked { pending, urgent, took }) => {
                if let Some(facts) = pending.recorded().map(facts) {
                    telemetry::looked(urgent);
                    self.schedule.looked(*pending, facts, urgent, took);
                }
            }
            Ok(Done::GivenUp) => self.progress.lost_one = true,
            Err(error) => {
                tracing::error!(%error, "a recording was not dealt with; nothing is committed until the worker restarts");
                self.progress.lost_one = true;
            }
        }
        if self.is_idle() {
            self.commit().await;
        }
    }

    /// Returns whether nothing finished is left; parts of calls that go on are nobody's loss.
    fn is_idle(&self) -> bool {
        self.jobs.is_empty() && self.schedule.is_empty() && !self.early.holds_any()
    }

    /// Commits once nothing is left. Where a message was not dealt with, nothing is committed any more: it and what came
    /// after it will be delivered again.
    async fn commit(&mut self) {
        if self.progress.lost_one || self.progress.since.is_none() {
            return;
        }
        match self.subscription.commit().await {
            Ok(()) => self.progress = Progress::default(),
            Err(error) => telemetry::retry("commit", &error, COMMIT_AGAIN),
        }
    }

    /// Writes down how busy it is, for the metrics and for whoever asks.
    fn tell(&self) {
        let on_the_bus = self.worker.lag.load(Ordering::Relaxed).saturating_sub(self.progress.taken);
        let estimate = self.schedule.estimate(on_the_bus);
        telemetry::in_progress(self.jobs.len());
        telemetry::waiting_seconds(estimate);
        self.worker.board.write(self.schedule.len() as u64 + on_the_bus, self.jobs.len(), estimate);
    }

    /// Finishes what is in progress. What only waits is left to be delivered again.
    pub async fn finish(&mut self) {
        let patience = self.worker.settings.stop_patience;
        self.progress.lost_one |= !self.schedule.is_empty() || self.early.holds_any();
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

fn facts(recorded: &Recorded) -> Facts {
    let ago = now().duration_since(recorded.last_word_at);
    let ago = Duration::try_from(ago).unwrap_or(Duration::ZERO);
    let instant = Instant::now().into_std();
    Facts {
        channel: recorded.channel,
        said_at: instant.checked_sub(ago).unwrap_or(instant),
        length: Duration::from_millis(recorded.duration_ms),
    }
}
