//! The task that hands finished intakes over: several at once while it goes well, one at a time with growing waits while it does not.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::time::DelayQueue;
use uuid::Uuid;

use super::{HandOver, HandOverError, Spooled};
use crate::recording::{Store, telemetry};

/// How the exporter goes about it.
#[derive(Debug, Clone)]
pub struct ExportSettings {
    /// How many hand-overs go on at once; each holds one recording in memory.
    pub at_once: usize,
    /// How long the first wait after a failure is; each further one doubles it.
    pub first_wait: Duration,
    /// How long a wait gets at most.
    pub longest_wait: Duration,
}

impl Default for ExportSettings {
    fn default() -> Self {
        Self { at_once: 16, first_wait: Duration::from_millis(200), longest_wait: Duration::from_secs(30) }
    }
}

impl ExportSettings {
    fn wait(&self, failures: u32) -> Duration {
        let doubled = 2u32.saturating_pow(failures.saturating_sub(1).min(20));
        self.first_wait.saturating_mul(doubled).min(self.longest_wait)
    }
}

type Outcome = (Uuid, Result<(), HandOverError>);

/// Hands finished intakes over until it is told to stop.
pub struct Exporter<H> {
    store: Store,
    hand_over: Arc<H>,
    settings: ExportSettings,
    under_way: JoinSet<Outcome>,
    later: DelayQueue<Uuid>,
    failures: HashMap<Uuid, u32>,
    /// Failures since the last success: while there are any, one hand-over at a time tries whether it works again.
    trouble: u32,
    not_before: Instant,
}

impl<H: HandOver> Exporter<H> {
    /// Makes an exporter. A store has one.
    pub fn new(store: Store, hand_over: Arc<H>, settings: ExportSettings) -> Self {
        Self {
            store,
            hand_over,
            settings,
            under_way: JoinSet::new(),
            later: DelayQueue::new(),
            failures: HashMap::new(),
            trouble: 0,
            not_before: Instant::now(),
        }
    }

    /// Runs until `stop`; hand-overs under way are finished first. What is left is taken up at the next start.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            self.start_what_may();
            let pausing = self.not_before > Instant::now();
            tokio::select! {
                () = stop.cancelled() => break,
                Some(outcome) = self.under_way.join_next() => self.settle(outcome),
                Some(due) = self.later.next() => self.store.again(due.into_inner()),
                () = tokio::time::sleep_until(self.not_before), if pausing => {}
                () = self.store.ready() => {}
            }
        }
        while let Some(outcome) = self.under_way.join_next().await {
            self.settle(outcome);
        }
    }

    fn start_what_may(&mut self) {
        let at_once = if self.trouble > 0 { 1 } else { self.settings.at_once };
        while self.under_way.len() < at_once && self.not_before <= Instant::now() {
            let Some(intake) = self.store.next_ready() else { return };
            let (store, hand_over) = (self.store.clone(), Arc::clone(&self.hand_over));
            self.under_way.spawn(async move { (intake, export(store, hand_over, intake).await) });
        }
    }

    fn settle(&mut self, outcome: Result<Outcome, tokio::task::JoinError>) {
        match outcome {
            Ok((intake, Ok(()))) => {
                self.failures.remove(&intake);
                self.trouble = 0;
                self.not_before = Instant::now();
                metrics::counter!(telemetry::EXPORTED).increment(1);
            }
            Ok((intake, Err(error))) => {
                metrics::counter!(telemetry::EXPORT_FAILURES).increment(1);
                tracing::warn!(%intake, %error, "a hand-over failed and is tried again");
                let times = self.failures.entry(intake).or_default();
                *times += 1;
                self.later.insert(intake, self.settings.wait(*times));
                self.trouble += 1;
                self.not_before = Instant::now() + self.settings.wait(self.trouble);
            }
            // A panicking hand-over keeps its intake until the next start; the others go on.
            Err(error) => {
                metrics::counter!(telemetry::EXPORT_FAILURES).increment(1);
                tracing::error!(%error, "a hand-over panicked");
            }
        }
    }
}

async fn export<H: HandOver>(store: Store, hand_over: Arc<H>, intake_id: Uuid) -> Result<(), HandOverError> {
    let broken = |error: &dyn std::fmt::Display| HandOverError(error.to_string());
    let reader = store.clone();
    let assembled = tokio::task::spawn_blocking(move || reader.read(intake_id))
        .await
        .map_err(|error| broken(&error))?
        .map_err(|error| broken(&error))?;
    let spooled = Spooled { intake_id, head: assembled.head, tail: assembled.tail.unwrap_or_default() };
    hand_over.deliver(spooled, assembled.media).await?;
    tokio::task::spawn_blocking(move || store.mark_exported(intake_id)).await.map_err(|error| broken(&error))
}
