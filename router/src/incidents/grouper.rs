//! The process that decides which incident each ticket belongs to, soon after it has opened and never in its way.
//!
//! Tickets wait in the store; one process at a time has the right to decide. It reads the book from the store when it gets
//! the right and whenever a person has changed an incident, and what it decides is written only where neither has changed
//! meanwhile. So a crash, a second process and a person's hand can each come between without harm.

use super::policy::policy_of;
use super::reports::{area_of, report_of};
use crate::clock::Clock;
use crate::store::{Grouping, Reported, Store, StoreError};
use crate::worker::Backoff;
use dauys_config::city::City;
use dauys_events::{Incident, IncidentId, IncidentScope, Ticket};
use dauys_incidents::{Decision, Incidents, Output, Policy, Scope, Standing};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many tickets are decided in one transaction.
const BATCH: u32 = 64;
/// How long the right to decide is held; another process takes over after that.
const LEASE: SignedDuration = SignedDuration::from_secs(10);
/// How often it looks for tickets.
const LOOK: Duration = Duration::from_millis(500);
/// How many reports and incidents are read when a book starts.
const MOST_READ: u32 = 20_000;

struct Book {
    incidents: Incidents,
    epoch: i64,
    forgotten: u64,
}

/// Decides on incidents.
pub struct Grouper {
    store: Arc<dyn Store>,
    city: Arc<City>,
    policy: Policy,
    clock: Clock,
    holder: Uuid,
    /// Until when the right to decide is held.
    held_until: Timestamp,
    book: Option<Book>,
}

impl Grouper {
    /// Prepares it; `holder` names this process among those that share the database.
    pub fn new(store: Arc<dyn Store>, city: Arc<City>, clock: Clock, holder: Uuid) -> Self {
        Self { policy: policy_of(&city), store, city, clock, holder, held_until: Timestamp::MIN, book: None }
    }

    /// Decides until `stop`, then gives the right back.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::default();
        loop {
            match self.step().await {
                Ok(0) => {
                    backoff = Backoff::default();
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = tokio::time::sleep(LOOK) => {}
                    }
                }
                Ok(_) if stop.is_cancelled() => break,
                Ok(_) => backoff = Backoff::default(),
                Err(error) => {
                    tracing::warn!(%error, "incidents wait");
                    if backoff.pause(&stop).await.is_none() {
                        break;
                    }
                }
            }
        }
        if let Err(error) = self.store.lease_incidents(self.holder, (self.clock)(), SignedDuration::ZERO).await {
            tracing::warn!(%error, "another process can decide on incidents in a few seconds only");
        }
    }

    /// Decides on the tickets that have waited longest, and returns how many those were; none where another process has
    /// the right.
    ///
    /// # Errors
    /// [`StoreError`] where the database failed; the same tickets will be decided on again.
    pub async fn step(&mut self) -> Result<usize, StoreError> {
        let now = (self.clock)();
        let Some(mut book) = self.hold(now).await? else { return Ok(0) };
        let waiting = self.store.waiting_reports(BATCH).await?;
        let ended = ended(&mut book.incidents, now);
        if waiting.is_empty() && ended.is_empty() {
            self.book = Some(book);
            return Ok(0);
        }
        let decided = self.decide(&mut book.incidents, waiting, now);
        let (count, sorts) = (decided.len(), sorts(&decided));
        let grouping = Grouping { holder: self.holder, epoch: book.epoch, at: now, decided, ended };
        match self.store.write_grouping(&grouping).await {
            Ok(()) => {
                measure(&mut book, sorts);
                self.book = Some(book);
                Ok(count)
            }
            // The right or the book has changed: the next step reads it anew.
            Err(StoreError::Conflict { .. }) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Takes the book in hand with the right to decide, which is renewed at half its time; then it is read anew where a
    /// person has changed an incident meanwhile. None where another process has the right.
    async fn hold(&mut self, now: Timestamp) -> Result<Option<Book>, StoreError> {
        let held = self.held_until.duration_since(now) > LEASE / 2;
        if let Some(book) = self.book.take_if(|_| held) {
            return Ok(Some(book));
        }
        let Some(epoch) = self.store.lease_incidents(self.holder, now, LEASE).await? else {
            (self.book, self.held_until) = (None, Timestamp::MIN);
            return Ok(None);
        };
        self.held_until = now.checked_add(LEASE).unwrap_or(Timestamp::MAX);
        match self.book.take().filter(|book| book.epoch == epoch) {
            Some(book) => Ok(Some(book)),
            None => Ok(Some(self.read(epoch, now).await?)),
        }
    }

    async fn read(&self, epoch: i64, now: Timestamp) -> Result<Book, StoreError> {
        let since = now.saturating_sub(self.policy.longest()).unwrap_or(Timestamp::MIN);
        let recent = self.store.recent_reports(since, MOST_READ).await?;
        let mut incidents = Incidents::new(self.policy.clone());
        for incident in &recent.incidents {
            incidents.restore(self.standing(incident));
        }
        for Reported { ticket, number, incident } in &recent.reports {
            incidents.restore_report(&report_of(&self.city, ticket, number.as_deref()), *incident);
        }
        let forgotten = incidents.dropped();
        Ok(Book { incidents, epoch, forgotten })
    }

    fn standing(&self, incident: &Incident) -> Standing {
        let area = incident.unit.as_deref().and_then(|unit| area_of(&self.city, unit));
        Standing {
            incident: incident.incident_id,
            category: incident.category.clone(),
            scope: match area {
                Some(area) if incident.scope == IncidentScope::Area => Scope::Area(area),
                _ => Scope::Place,
            },
            first: incident.first_report_at,
            last: incident.last_report_at,
        }
    }

    fn decide(&self, book: &mut Incidents, waiting: Vec<Reported>, now: Timestamp) -> Vec<(Ticket, Decision)> {
        let one = |Reported { ticket, number, .. }: Reported| {
            if ticket.revision > 1 {
                // It was decided before its category was corrected.
                book.forget(ticket.ticket_id);
            }
            let decision = book.handle_report(now, &report_of(&self.city, &ticket, number.as_deref()));
            (ticket, decision)
        };
        waiting.into_iter().map(one).collect()
    }
}

fn ended(book: &mut Incidents, now: Timestamp) -> Vec<IncidentId> {
    book.handle_timeout(now);
    std::iter::from_fn(|| book.poll_output()).map(|Output::Ended(incident)| incident).collect()
}

/// Counts what was decided: on its own, joined, opened.
fn sorts(decided: &[(Ticket, Decision)]) -> [(&'static str, u64); 3] {
    let count = |is: fn(&Decision) -> bool| decided.iter().filter(|(_, decision)| is(decision)).count() as u64;
    [
        ("alone", count(|decision| matches!(decision, Decision::Alone))),
        ("joins", count(|decision| matches!(decision, Decision::Joins { .. }))),
        ("opens", count(|decision| matches!(decision, Decision::Opens { .. }))),
    ]
}

fn measure(book: &mut Book, sorts: [(&'static str, u64); 3]) {
    for (decision, count) in sorts {
        metrics::counter!("dauys_incident_reports_total", "decision" => decision).increment(count);
    }
    let forgotten = book.incidents.dropped();
    metrics::counter!("dauys_incident_reports_forgotten_total").increment(forgotten - book.forgotten);
    book.forgotten = forgotten;
    metrics::gauge!("dauys_incidents_active").set(book.incidents.standing() as f64);
}
