//! The router's shell: what it reads from the bus and what it does with it.
//!
//! | Topic | Group | What is done |
//! |---|---|---|
//! | `dauys.transcripts` | `router` | understood, assigned, opened as a ticket |
//! | `dauys.calls` | `figures` | kept for the figures |
//! | `dauys.tickets` | `notify` | what the citizen should hear is written down |
//!
//! Beside it the outbox is published, and tickets are grouped into incidents.

mod backoff;
mod calls;
mod consume;
mod reading;
mod transcripts;

pub use backoff::Backoff;
pub use calls::Calls;
pub use consume::{Consumer, Handle, Setback};
pub use reading::{CityReader, Reader, Understood, terms_of};
pub use transcripts::Transcripts;

use crate::clock::Clock;
use crate::incidents::Grouper;
use crate::notify::{Notifications, Notifier};
use crate::outbox::Relay;
use crate::store::Store;
use dauys_bus::Bus;
use dauys_config::city::City;
use dauys_events::{Language, Topic};
use dauys_tickets::{Clocks, ClocksError};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The router's shell.
pub struct Router {
    bus: Arc<dyn Bus>,
    clock: Clock,
    transcripts: Transcripts,
    calls: Calls,
    notifications: Notifications,
    relay: Relay,
    grouper: Grouper,
}

impl Router {
    /// Prepares the router of a city: trains its model, which takes a moment. `process` names this process, anew at each
    /// start.
    ///
    /// # Errors
    /// [`ClocksError`] where the city's calendar cannot be counted with.
    pub fn new(
        bus: Arc<dyn Bus>,
        store: Arc<dyn Store>,
        city: &Arc<City>,
        notifier: Arc<dyn Notifier>,
        clock: Clock,
        process: Uuid,
    ) -> Result<Self, ClocksError> {
        let reader = Arc::new(CityReader::new(Arc::clone(city)));
        Self::with_reader(bus, store, city, reader, notifier, clock, process)
    }

    /// Prepares the router of a city with a reader whose model was trained before; otherwise as [`Router::new`].
    ///
    /// # Errors
    /// As [`Router::new`].
    pub fn with_reader(
        bus: Arc<dyn Bus>,
        store: Arc<dyn Store>,
        city: &Arc<City>,
        reader: Arc<CityReader>,
        notifier: Arc<dyn Notifier>,
        clock: Clock,
        process: Uuid,
    ) -> Result<Self, ClocksError> {
        let transcripts = Transcripts {
            store: Arc::clone(&store),
            reader,
            clocks: Clocks::new(&city.settings)?,
            clock: clock.clone(),
        };
        let notifications = Notifications {
            store: Arc::clone(&store),
            notifier,
            clock: clock.clone(),
            language: city.settings.languages.first().copied().unwrap_or(Language::Kk),
        };
        let relay = Relay::new(Arc::clone(&bus), Arc::clone(&store), clock.clone(), process);
        let grouper = Grouper::new(Arc::clone(&store), Arc::clone(city), clock.clone(), process);
        Ok(Self { bus, clock, transcripts, calls: Calls { store }, notifications, relay, grouper })
    }

    /// Works until `stop`, then publishes what was committed and returns.
    pub async fn run(self, stop: CancellationToken) {
        let Self { bus, clock, transcripts, calls, notifications, relay, grouper } = self;
        let consumer = |group, topic| Consumer {
            bus: Arc::clone(&bus),
            clock: clock.clone(),
            group,
            topic,
            backoff: Backoff::default(),
        };
        let (for_transcripts, for_calls) = (consumer("router", Topic::Transcripts), consumer("figures", Topic::Calls));
        let for_notifications = consumer("notify", Topic::Tickets);
        tokio::join!(
            for_transcripts.run(&transcripts, &stop),
            for_calls.run(&calls, &stop),
            for_notifications.run(&notifications, &stop),
            relay.run(stop.clone()),
            grouper.run(stop.clone()),
        );
    }
}
