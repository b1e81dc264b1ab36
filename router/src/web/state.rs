//! What every page and every call of the API works with.

use crate::auth::Gate;
use crate::clock::Clock;
use crate::figures::{Board, GaugeSource};
use crate::store::Store;
use dauys_assign::Assigner;
use dauys_bus::Recordings;
use dauys_config::city::City;
use dauys_config::settings::Http;
use dauys_tickets::{Clocks, ClocksError};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// How many streams of live figures are served at once.
const STREAMS: usize = 2_000;
/// How many requests may wait at once for the ticket of a call.
const WAITERS: usize = 500;
/// How often sessions that have expired are removed.
const PURGE_EVERY: Duration = Duration::from_secs(3_600);

/// What whoever composes the rooms supplies.
pub struct Parts {
    /// Where tickets are kept.
    pub store: Arc<dyn Store>,
    /// The city that is served.
    pub city: Arc<City>,
    /// Where recordings are kept.
    pub recordings: Recordings,
    /// The settings of the pages.
    pub http: Http,
    /// What is measured elsewhere.
    pub gauges: Arc<dyn GaugeSource>,
    /// What time it is.
    pub clock: Clock,
}

struct Inner {
    store: Arc<dyn Store>,
    city: Arc<City>,
    recordings: Recordings,
    assigner: Assigner,
    clocks: Clocks,
    zone: TimeZone,
    clock: Clock,
    gate: Gate,
    board: Board,
    streams: Arc<Semaphore>,
    waiters: Semaphore,
}

/// The state of the pages and the API; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

impl App {
    /// Makes the state.
    ///
    /// # Errors
    /// [`ClocksError`] where the city's calendar or time zone cannot be counted with.
    pub fn new(parts: Parts) -> Result<Self, ClocksError> {
        let settings = &parts.city.settings;
        Ok(Self(Arc::new(Inner {
            assigner: Assigner::new(&parts.city),
            clocks: Clocks::new(settings)?,
            zone: TimeZone::get(&settings.time_zone).unwrap_or(TimeZone::UTC),
            gate: Gate::new(Arc::clone(&parts.store), Arc::clone(&parts.clock), &parts.http),
            board: Board::new(Arc::clone(&parts.store), parts.gauges, Arc::clone(&parts.clock)),
            streams: Arc::new(Semaphore::new(STREAMS)),
            waiters: Semaphore::new(WAITERS),
            store: parts.store,
            city: parts.city,
            recordings: parts.recordings,
            clock: parts.clock,
        })))
    }

    /// Keeps the figures current and removes expired sessions, until it is stopped.
    pub async fn run(&self, stop: CancellationToken) {
        tokio::join!(self.0.board.run(stop.clone()), self.purge_sessions(stop));
    }

    async fn purge_sessions(&self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.0.store.purge_sessions(self.now()).await {
                tracing::warn!(%error, "expired sessions could not be removed");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PURGE_EVERY) => {}
            }
        }
    }

    /// Returns the store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// Returns the city.
    pub fn city(&self) -> &City {
        &self.0.city
    }

    /// Returns the gate.
    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// Returns the board of live figures.
    pub fn board(&self) -> &Board {
        &self.0.board
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    pub(crate) fn recordings(&self) -> &Recordings {
        &self.0.recordings
    }

    pub(crate) fn assigner(&self) -> &Assigner {
        &self.0.assigner
    }

    pub(crate) fn clocks(&self) -> &Clocks {
        &self.0.clocks
    }

    pub(crate) fn zone(&self) -> &TimeZone {
        &self.0.zone
    }

    pub(crate) fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }

    pub(crate) fn waiters(&self) -> &Semaphore {
        &self.0.waiters
    }
}
