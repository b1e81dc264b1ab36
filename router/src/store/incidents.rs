//! What is asked of incidents and what is answered.

use dauys_events::{Actor, AgencyId, Incident, IncidentChange, IncidentId, Ticket, TicketId};
use dauys_incidents::{Decision, Why};
use jiff::Timestamp;
use std::fmt;
use uuid::Uuid;

/// A ticket as the book of incidents reads it.
#[derive(Clone, PartialEq)]
pub struct Reported {
    /// The ticket.
    pub ticket: Ticket,
    /// The citizen's number, by which somebody who calls again is known; personal data.
    pub number: Option<String>,
    /// The incident that it belongs to.
    pub incident: Option<IncidentId>,
}

impl fmt::Debug for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ticket, incident) = (&self.ticket.ticket_id, &self.incident);
        f.debug_struct("Reported").field("ticket", ticket).field("incident", incident).finish_non_exhaustive()
    }
}

/// What was decided before, for a book that starts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recent {
    /// The incidents that take reports.
    pub incidents: Vec<Incident>,
    /// The reports, in the order of their times.
    pub reports: Vec<Reported>,
}

/// What the book decided, to be written in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Grouping {
    /// The process that holds the book.
    pub holder: Uuid,
    /// How often people had changed incidents when the book was read.
    pub epoch: i64,
    /// When it was decided.
    pub at: Timestamp,
    /// What was decided of each ticket, in order.
    pub decided: Vec<(Ticket, Decision)>,
    /// Incidents that nobody has reported for long.
    pub ended: Vec<IncidentId>,
}

/// What a person does to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncidentAction {
    /// Takes in another incident's reports.
    Merge {
        /// The other incident.
        from: IncidentId,
    },
    /// Takes reports out.
    Split {
        /// The tickets.
        tickets: Vec<TicketId>,
        /// The incident that two or more of them make; one alone stands on its own.
        into: IncidentId,
    },
    /// Takes a merger or a split back.
    Undo {
        /// The change, by its place in the history.
        change: i64,
    },
    /// Lets it take no more reports.
    End,
}

/// A change of an incident by a person.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentEdit {
    /// The incident.
    pub incident: IncidentId,
    /// The revision that was looked at.
    pub revision: u32,
    /// What is done.
    pub action: IncidentAction,
    /// Who does it.
    pub actor: Actor,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Which incidents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncidentFilter {
    /// This one alone, wherever it stands.
    pub id: Option<IncidentId>,
    /// Those of which this agency has a ticket.
    pub agency: Option<AgencyId>,
    /// Only those that take reports.
    pub active: bool,
}

/// A ticket of an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The ticket.
    pub ticket: Ticket,
    /// When it came to the incident.
    pub joined_at: Timestamp,
    /// Why.
    pub why: Why,
}

/// One thing that happened to an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentEntry {
    /// Its place in the history.
    pub id: i64,
    /// The revision that it led to.
    pub revision: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    pub change: IncidentChange,
    /// Who.
    pub actor: Actor,
    /// Why, as the one who did it wrote it.
    pub reason: Option<String>,
    /// When it was taken back.
    pub undone_at: Option<Timestamp>,
}
