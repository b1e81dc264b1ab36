//! The board: the latest figures and the stream of changes, made once and shared by everybody who watches.
//!
//! Both are bounded: of the figures only the latest is kept, and who reads the changes too slowly is told to look anew.

use super::changes::{Changes, News};
use super::snapshot::{Counted, Snapshot, TOP};
use super::{GaugeSource, Gauges};
use crate::clock::Clock;
use crate::store::{FigureQuery, Store, StoreError};
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often the figures are published and changes are looked for.
const EVERY: Duration = Duration::from_secs(1);
/// How long the store rests at least between two counts.
const REST: Duration = Duration::from_secs(5);
/// How many times as long as a count took the store rests after it, so that counting takes a twentieth of its time at most.
const REST_TIMES: u32 = 20;
/// How many changes a slow reader may be behind.
const BEHIND: usize = 1_024;

/// A publication: the figures, and the same as JSON for all who see everything.
#[derive(Clone, Debug)]
pub struct Published {
    /// The figures.
    pub snapshot: Snapshot,
    /// The figures as JSON.
    pub json: Arc<str>,
}

impl Published {
    fn new(snapshot: Snapshot) -> Self {
        let json = serde_json::to_string(&snapshot).unwrap_or_else(|_| "{}".to_owned());
        Self { snapshot, json: json.into() }
    }
}

/// The latest figures and the stream of changes.
pub struct Board {
    store: Arc<dyn Store>,
    gauges: Arc<dyn GaugeSource>,
    clock: Clock,
    latest: watch::Sender<Arc<Published>>,
    counted: watch::Sender<Arc<Counted>>,
    news: broadcast::Sender<Option<Arc<News>>>,
}

impl Board {
    /// Makes a board that shows nothing yet.
    pub fn new(store: Arc<dyn Store>, gauges: Arc<dyn GaugeSource>, clock: Clock) -> Self {
        let nothing = Snapshot::join(clock(), &Gauges::default(), &Counted::default());
        Self {
            store,
            gauges,
            clock,
            latest: watch::Sender::new(Arc::new(Published::new(nothing))),
            counted: watch::Sender::new(Arc::default()),
            news: broadcast::Sender::new(BEHIND),
        }
    }

    /// Returns the latest figures.
    pub fn latest(&self) -> Arc<Published> {
        self.latest.borrow().clone()
    }

    /// Watches the figures.
    pub fn figures(&self) -> watch::Receiver<Arc<Published>> {
        self.latest.subscribe()
    }

    /// Watches the changes; none stands for "more than can be told: look anew".
    pub fn news(&self) -> broadcast::Receiver<Option<Arc<News>>> {
        self.news.subscribe()
    }

    /// Keeps the board current until it is stopped.
    pub async fn run(&self, stop: CancellationToken) {
        let work = async { tokio::join!(self.publish(), self.count(), self.watch_changes()) };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = work => {}
        }
    }

    /// Publishes the figures once, with what was counted last.
    pub async fn publish_once(&self) {
        let gauges = self.gauges.read().await;
        let counted = self.counted.borrow().clone();
        self.latest.send_replace(Arc::new(Published::new(Snapshot::join((self.clock)(), &gauges, &counted))));
    }

    /// Counts once.
    ///
    /// # Errors
    /// [`StoreError`] where the store could not be read; what was counted before stays.
    pub async fn count_once(&self) -> Result<(), StoreError> {
        let now = (self.clock)();
        let back = |time: SignedDuration| now.saturating_sub(time).unwrap_or(now);
        let hour = back(SignedDuration::from_hours(1));
        let query = FigureQuery { since: None, agency: None, now, top: TOP };
        let city = self.store.figures(&query).await?;
        let last_hour = self.store.figures(&FigureQuery { since: Some(hour), top: 0, ..query }).await?.all;
        let day = self.store.call_figures(back(SignedDuration::from_hours(24)), now).await?;
        let outbox = self.store.outbox_backlog().await?;
        self.counted.send_replace(Arc::new(Counted { city, last_hour, day, outbox }));
        Ok(())
    }

    async fn publish(&self) {
        let mut ticks = every_second();
        loop {
            ticks.tick().await;
            self.publish_once().await;
        }
    }

    #[expect(clippy::disallowed_methods, reason = "measures how long the store was busy with counting")]
    async fn count(&self) {
        loop {
            let started = std::time::Instant::now();
            if let Err(error) = self.count_once().await {
                tracing::warn!(%error, "the figures could not be counted");
            }
            tokio::time::sleep(REST.max(started.elapsed() * REST_TIMES)).await;
        }
    }

    async fn watch_changes(&self) {
        let mut ticks = every_second();
        let mut changes = Changes::new((self.clock)());
        loop {
            ticks.tick().await;
            match changes.ask(&self.store, (self.clock)()).await {
                Ok(found) => {
                    // Nobody watching is no error.
                    for news in found.news {
                        let _ = self.news.send(Some(Arc::new(news)));
                    }
                    if found.more {
                        let _ = self.news.send(None);
                    }
                }
                Err(error) => tracing::warn!(%error, "changes could not be read"),
            }
        }
    }
}

fn every_second() -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
