//! What one agency must act on.

use crate::{AgencyId, Event, Ticket, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happened to a ticket, as the agency sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgencyAction {
    /// A ticket came into the cabinet.
    Assigned,
    /// A ticket went to somebody else.
    Withdrawn,
    /// The citizen sent a ticket back.
    Reopened,
    /// The citizen confirmed a ticket.
    Confirmed,
    /// A later version's action.
    #[serde(other)]
    Other,
}

/// A notice to one agency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgencyNotice {
    /// The agency.
    pub agency: AgencyId,
    /// What happened.
    pub action: AgencyAction,
    /// The ticket.
    pub ticket: Ticket,
}

impl Event for AgencyNotice {
    const NAME: &'static str = "dauys.agency_notice";
    const VERSION: u32 = 1;
    const TOPIC: Topic = Topic::Agencies;
    fn key(&self) -> String {
        self.agency.to_string()
    }
}
