//! What has changed among the tickets, asked of the store once a second for all who watch, so that every process of a city
//! sees what any of them wrote.
//!
//! A change becomes readable a moment after the time that it bears. So each question reaches back a little, and what was
//! already told is left out.

use crate::store::{Order, Store, StoreError, TicketFilter};
use dauys_events::{AgencyId, Danger, Priority, Ticket, TicketId, TicketStatus};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// How far each question reaches back behind the last one.
const OVERLAP: SignedDuration = SignedDuration::from_secs(5);
/// How many tickets one question reads.
const PAGE: u32 = 500;
/// How many pages are read at once; beyond them everybody is told to look anew.
const PAGES: usize = 4;

/// A ticket has changed. It bears no personal data; who watches asks for the ticket by its right.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct News {
    /// The ticket.
    pub ticket_id: TicketId,
    /// Its revision now.
    pub revision: u32,
    /// Where it stands.
    pub status: TicketStatus,
    /// How soon it must be looked at.
    pub priority: Priority,
    /// How dangerous it is.
    pub danger: Danger,
    /// The agency that has it.
    pub agency: AgencyId,
    /// The SIP Call-ID or message id, for those who wait for it; never sent on.
    #[serde(skip)]
    pub external_id: Option<String>,
    /// The agency that had it before, where that was seen; never sent on.
    #[serde(skip)]
    pub left: Option<AgencyId>,
}

/// What watching came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// What has changed.
    pub news: Vec<News>,
    /// Whether more has changed than was read.
    pub more: bool,
}

/// Remembers what was told.
#[derive(Debug)]
pub struct Changes {
    asked_at: Timestamp,
    told: HashMap<TicketId, (u32, AgencyId)>,
}

impl Changes {
    /// Starts to watch at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { asked_at: now, told: HashMap::new() }
    }

    /// Asks the store what has changed since the last time.
    ///
    /// # Errors
    /// [`StoreError`] where the store could not be read; the next question reaches back to here.
    pub async fn ask(&mut self, store: &Arc<dyn Store>, now: Timestamp) -> Result<Found, StoreError> {
        let since = self.asked_at.saturating_sub(OVERLAP).unwrap_or(self.asked_at);
        let filter = TicketFilter { changed_since: Some(since), ..Default::default() };
        let mut tickets = Vec::new();
        let mut after = None;
        for _ in 0..PAGES {
            let page = store.list(&filter, Order::Newest, after.as_ref(), PAGE).await?;
            tickets.extend(page.tickets);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.asked_at = now;
        Ok(Found { news: self.fresh(tickets), more: after.is_some() })
    }

    /// Returns what of `tickets` was not told yet, and remembers these alone: older ones cannot come again.
    fn fresh(&mut self, tickets: Vec<Ticket>) -> Vec<News> {
        let mut news = Vec::new();
        let mut told = HashMap::with_capacity(tickets.len());
        for ticket in tickets {
            let before = self.told.get(&ticket.ticket_id);
            told.insert(ticket.ticket_id, (ticket.revision, ticket.agency.clone()));
            if before.is_some_and(|(revision, _)| *revision >= ticket.revision) {
                continue;
            }
            let left = before.map(|(_, agency)| agency).filter(|agency| **agency != ticket.agency).cloned();
            news.push(News {
                ticket_id: ticket.ticket_id,
                revision: ticket.revision,
                status: ticket.status,
                priority: ticket.priority,
                danger: ticket.danger,
                agency: ticket.agency,
                external_id: ticket.external_id,
                left,
            });
        }
        self.told = told;
        news
    }
}
