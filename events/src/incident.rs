//! An incident: what several citizens have reported, while each keeps the own ticket, number and right to confirm.

use crate::{Actor, AgencyId, Event, IncidentId, Location, TicketId, Topic};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// It takes further reports.
    Active,
    /// Nobody has reported it for long, or a person has ended it; it takes no more reports by itself.
    Ended,
    /// Its reports belong to another incident now.
    Merged,
    /// A later version's status.
    #[serde(other)]
    Other,
}

impl IncidentStatus {
    /// Returns the name as events and databases write it.
    pub const fn name(self) -> &'static str {
        match self {
            IncidentStatus::Active => "active",
            IncidentStatus::Ended => "ended",
            IncidentStatus::Merged => "merged",
            IncidentStatus::Other => "other",
        }
    }
}

/// What an incident covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentScope {
    /// A house, a street, a spot.
    Place,
    /// A whole unit of the territory.
    Area,
    /// A later version's scope.
    #[serde(other)]
    Other,
}

/// An incident's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// The incident.
    pub incident_id: IncidentId,
    /// Rises by one with every change, from 1.
    pub revision: u32,
    /// Where it stands.
    pub status: IncidentStatus,
    /// The category of the report that opened it.
    pub category: String,
    /// What it covers.
    pub scope: IncidentScope,
    /// The territory unit: the one that is affected as a whole, or the one that the place lies in.
    pub unit: Option<String>,
    /// Where the report that opened it says that it is.
    pub place: Option<Location>,
    /// The agency of the report that opened it.
    pub agency: AgencyId,
    /// How many tickets it has.
    pub tickets: u32,
    /// How many citizens reported it; who gave no number counts once for each ticket.
    pub reporters: u32,
    /// When the first of its citizens spoke.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub first_report_at: Timestamp,
    /// When the last of its citizens spoke.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub last_report_at: Timestamp,
    /// When it was recognised.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub opened_at: Timestamp,
    /// When the last change was made.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub changed_at: Timestamp,
    /// The incident that has its reports now, where it was merged.
    pub merged_into: Option<IncidentId>,
}

/// What was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum IncidentChange {
    /// It was recognised, from these reports.
    Opened {
        /// Its tickets.
        tickets: Vec<TicketId>,
    },
    /// Reports have come to it.
    Joined {
        /// The tickets that came.
        tickets: Vec<TicketId>,
    },
    /// It has taken in another incident, or was taken in by it.
    Merged {
        /// The incident whose reports were taken.
        from: IncidentId,
        /// The incident that has them now.
        into: IncidentId,
        /// The tickets that moved.
        tickets: Vec<TicketId>,
    },
    /// Reports were taken out of it.
    Split {
        /// The incident that they make now; none where they stand on their own.
        into: Option<IncidentId>,
        /// The tickets.
        tickets: Vec<TicketId>,
    },
    /// A merger or a split was taken back.
    Undone {
        /// The tickets that went back.
        tickets: Vec<TicketId>,
    },
    /// It takes no more reports.
    Ended,
    /// A later version's change.
    #[serde(other)]
    Other,
}

/// An incident after a change, with what changed, by whom, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentChanged {
    /// The state after the change.
    pub incident: Incident,
    /// What changed.
    pub change: IncidentChange,
    /// Who changed it.
    pub actor: Actor,
    /// Why, as the one who changed it wrote it.
    pub reason: Option<String>,
}

impl Event for IncidentChanged {
    const NAME: &'static str = "dauys.incident_changed";
    const VERSION: u32 = 1;
    const TOPIC: Topic = Topic::Incidents;
    fn key(&self) -> String {
        self.incident.incident_id.to_string()
    }
}
