//! The relay: publishes what was committed, in order, at least once. It wakes on commit; a slow tick is the safety net.
//!
//! One process at a time holds the right to publish, so that the order per key is kept with several routers.

use crate::clock::Clock;
use crate::store::{OutboxRow, Store, StoreError};
use crate::worker::Backoff;
use dauys_bus::{Bus, BusError, Message};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many rows are published at once.
const BATCH: u32 = 256;
/// How long the right to publish is held; another process takes over after that.
const LEASE: SignedDuration = SignedDuration::from_secs(10);
/// How often it looks without being woken.
const SAFETY: Duration = Duration::from_secs(5);
/// How long published rows are kept.
const KEEP: SignedDuration = SignedDuration::from_hours(24);
/// How many ticks pass between two removals of what was kept long enough.
const TICKS_PER_PURGE: u32 = 360;

/// Why the outbox was not drained.
#[derive(Debug, Error)]
pub enum RelayError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bus did not take the messages.
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// Publishes the outbox.
pub struct Relay {
    bus: Arc<dyn Bus>,
    store: Arc<dyn Store>,
    clock: Clock,
    holder: Uuid,
    /// Until when the right to publish is held.
    held_until: Timestamp,
    batch: u32,
}

impl Relay {
    /// Prepares a relay; `holder` names this process among those that share the database.
    pub fn new(bus: Arc<dyn Bus>, store: Arc<dyn Store>, clock: Clock, holder: Uuid) -> Self {
        Self { bus, store, clock, holder, held_until: Timestamp::MIN, batch: BATCH }
    }

    /// Publishes until `stop`, and what is there then.
    pub async fn run(mut self, stop: CancellationToken) {
        let written = self.store.outbox_written();
        let mut backoff = Backoff::default();
        let mut ticks = 0u32;
        loop {
            match self.drain().await {
                Ok(_) => backoff = Backoff::default(),
                Err(error) => {
                    tracing::warn!(%error, "the outbox waits");
                    if backoff.pause(&stop).await.is_some() {
                        continue;
                    }
                }
            }
            if stop.is_cancelled() {
                return self.release().await;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = written.notified() => {}
                () = tokio::time::sleep(SAFETY) => {
                    ticks = ticks.wrapping_add(1);
                    self.housekeeping(ticks).await;
                }
            }
        }
    }

    /// Publishes everything that waits, batch by batch, and returns how many messages that were; none where another process
    /// holds the right to publish.
    ///
    /// # Errors
    /// [`RelayError`] where the database or the bus failed: what was not marked will be published again.
    pub async fn drain(&mut self) -> Result<usize, RelayError> {
        let mut published = 0;
        while self.hold().await? {
            let rows = self.store.outbox(self.batch).await?;
            if rows.is_empty() {
                break;
            }
            let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
            self.bus.publish(rows.into_iter().map(message).collect()).await?;
            self.store.mark_published(&ids, (self.clock)()).await?;
            published += ids.len();
            metrics::counter!("dauys_outbox_published_total").increment(ids.len() as u64);
        }
        self.measure().await?;
        Ok(published)
    }

    /// Takes or keeps the right to publish; it is renewed at half its time, not at every batch.
    async fn hold(&mut self) -> Result<bool, StoreError> {
        let now = (self.clock)();
        if self.held_until.duration_since(now) > LEASE / 2 {
            return Ok(true);
        }
        let held = self.store.lease_outbox(self.holder, now, LEASE).await?;
        self.held_until = if held { now.checked_add(LEASE).unwrap_or(Timestamp::MAX) } else { Timestamp::MIN };
        Ok(held)
    }

    /// Gives the right to publish back, so that the next process need not wait for its end.
    async fn release(&mut self) {
        let ended = self.store.lease_outbox(self.holder, (self.clock)(), SignedDuration::ZERO).await;
        self.held_until = Timestamp::MIN;
        if let Err(error) = ended {
            tracing::warn!(%error, "another process can publish the outbox in a few seconds only");
        }
    }

    async fn measure(&self) -> Result<(), StoreError> {
        let backlog = self.store.outbox_backlog().await?;
        let age = backlog.oldest.map_or(0.0, |oldest| (self.clock)().duration_since(oldest).as_secs_f64().max(0.0));
        metrics::gauge!("dauys_outbox_pending").set(backlog.pending as f64);
        metrics::gauge!("dauys_outbox_oldest_seconds").set(age);
        Ok(())
    }

    async fn housekeeping(&self, ticks: u32) {
        if !ticks.is_multiple_of(TICKS_PER_PURGE) {
            return;
        }
        let Ok(before) = (self.clock)().checked_sub(KEEP) else { return };
        if let Err(error) = self.store.purge_outbox(before).await {
            tracing::warn!(%error, "cannot remove what was published long ago");
        }
    }
}

fn message(row: OutboxRow) -> Message {
    Message { topic: row.topic, key: row.key, payload: row.payload, traceparent: row.traceparent }
}
