//! What is asked of tickets and what is answered: intakes, filters, pages, history.

use super::StoreError;
use dauys_events::{
    Actor, AgencyId, CallId, Change, Contact, IntakeId, Language, Priority, RegistrationNumber, RequestKind, Ticket,
    TicketId, TicketStatus,
};
use dauys_tickets::Transition;
use jiff::Timestamp;
use std::fmt;
use std::str::FromStr;

/// What one thing that a citizen said leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Intake {
    /// The intake.
    pub intake_id: IntakeId,
    /// The number that the citizen knows.
    pub registration_number: RegistrationNumber,
    /// The gateway's call, for calls.
    pub call_id: Option<CallId>,
    /// How to reach the citizen; kept apart from the tickets.
    pub contact: Contact,
    /// What the citizen said of it; kept with the contact.
    pub spoken: SpokenContact,
    /// The W3C trace context that the intake came with.
    pub traceparent: Option<String>,
    /// The tickets as they open, at least one.
    pub tickets: Vec<Transition>,
}

/// What a citizen said of who calls and how to call back: personal data, which `Debug` does not show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SpokenContact {
    /// The name, as it was said.
    pub name: Option<String>,
    /// The number to call back.
    pub number: Option<String>,
    /// The language that the citizen wants to be spoken to in.
    pub language: Option<Language>,
}

impl fmt::Debug for SpokenContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SpokenContact");
        shown.field("name", &self.name.is_some()).field("number", &self.number.is_some());
        shown.field("language", &self.language).finish()
    }
}

/// How a citizen can be reached, for those with the right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactDetails {
    /// As the network or the messenger gave it.
    pub network: Contact,
    /// As the citizen said it.
    pub spoken: SpokenContact,
}

/// What opening an intake came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Its tickets lie in their cabinets now.
    New,
    /// They were there already; nothing was changed.
    Already,
}

/// Which tickets; everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TicketFilter {
    /// The agency that must act.
    pub agency: Option<AgencyId>,
    /// Any of these statuses; empty for all.
    pub statuses: Vec<TicketStatus>,
    /// The category's code.
    pub category: Option<String>,
    /// The territory unit's code.
    pub unit: Option<String>,
    /// Something to be done, or something to be known.
    pub kind: Option<RequestKind>,
    /// Whether the reference book had an answer.
    pub answered: Option<bool>,
    /// Received from here on.
    pub since: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
    /// Changed from here on.
    pub changed_since: Option<Timestamp>,
    /// Not reported as done by their operational target, at this time.
    pub overdue_at: Option<Timestamp>,
}

/// In which order tickets are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The last received first.
    #[default]
    Newest,
    /// The highest priority first, then the one that is due soonest.
    Urgent,
}

/// A place in a list, to go on from; opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(super) order: Order,
    /// The priority's rank, 0 for [`Order::Newest`].
    pub(super) rank: i64,
    /// The time in microseconds of the Unix epoch.
    pub(super) micros: i64,
    pub(super) id: TicketId,
}

impl Cursor {
    /// Returns the place behind a ticket.
    pub fn after(order: Order, ticket: &Ticket) -> Self {
        match order {
            Order::Newest => Self { order, rank: 0, micros: ticket.received_at.as_microsecond(), id: ticket.ticket_id },
            Order::Urgent => Self {
                order,
                rank: rank(ticket.priority),
                micros: ticket.due_at.as_microsecond(),
                id: ticket.ticket_id,
            },
        }
    }
}

/// Returns a priority's place in the order of work, 0 for the first.
pub(super) fn rank(priority: Priority) -> i64 {
    match priority {
        Priority::Emergency => 0,
        Priority::Urgent => 1,
        Priority::High => 2,
        Priority::Normal => 3,
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            Order::Newest => 'n',
            Order::Urgent => 'u',
        };
        write!(f, "{order}.{}.{}.{}", self.rank, self.micros, self.id.0.simple())
    }
}

impl FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let invalid = || StoreError::Invalid("the cursor is not one that a list returned".to_owned());
        let mut parts = text.split('.');
        let mut part = || parts.next().ok_or_else(invalid);
        let order = match part()? {
            "n" => Order::Newest,
            "u" => Order::Urgent,
            _ => return Err(invalid()),
        };
        let rank = part()?.parse().map_err(|_| invalid())?;
        let micros = part()?.parse().map_err(|_| invalid())?;
        let id = part()?.parse().map_err(|_| invalid())?;
        if parts.next().is_some() { Err(invalid()) } else { Ok(Self { order, rank, micros, id }) }
    }
}

/// A page of tickets.
#[derive(Clone, Debug, PartialEq)]
pub struct TicketPage {
    /// The tickets.
    pub tickets: Vec<Ticket>,
    /// Where the next page starts; none on the last page.
    pub next: Option<Cursor>,
}

/// How many tickets stand somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusCount {
    /// The status.
    pub status: TicketStatus,
    /// How many tickets.
    pub tickets: u64,
}

/// One thing that happened to a ticket.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// The revision that it led to.
    pub revision: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    pub change: Change,
    /// Who.
    pub actor: Actor,
    /// Why, as the one who did it wrote it.
    pub reason: Option<String>,
    /// Where the ticket stood after it.
    pub status: TicketStatus,
    /// The agency that had it after it.
    pub agency: AgencyId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cursors_read_back_and_other_texts_are_refused(
            urgent: bool, rank: i64, micros: i64, id: u128, text in ".{0,60}"
        ) {
            let order = if urgent { Order::Urgent } else { Order::Newest };
            let cursor = Cursor { order, rank, micros, id: TicketId(uuid::Uuid::from_u128(id)) };
            prop_assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
            let _ = text.parse::<Cursor>();
        }
    }
}
