//! What inspectors corrected, and what others made of it.

use dauys_events::{Language, TicketId};
use jiff::Timestamp;
use std::fmt;

/// Where a correction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionState {
    /// Nobody has looked at it yet.
    Pending,
    /// The model may learn from it.
    Accepted,
    /// The model must not learn from it.
    Rejected,
    /// The same ticket was corrected again later.
    Superseded,
}

impl CorrectionState {
    /// Every state.
    pub const ALL: [CorrectionState; 4] =
        [CorrectionState::Pending, CorrectionState::Accepted, CorrectionState::Rejected, CorrectionState::Superseded];

    /// Returns the name as databases and the API write it.
    pub const fn name(self) -> &'static str {
        match self {
            CorrectionState::Pending => "pending",
            CorrectionState::Accepted => "accepted",
            CorrectionState::Rejected => "rejected",
            CorrectionState::Superseded => "superseded",
        }
    }

    /// Finds a state by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A corrected category.
#[derive(Clone, PartialEq)]
pub struct Correction {
    /// Its place in the list.
    pub id: i64,
    /// The ticket.
    pub ticket_id: TicketId,
    /// The words: personal data.
    pub transcript: String,
    /// Their language.
    pub language: Option<Language>,
    /// The category before.
    pub from: String,
    /// The category that the person chose.
    pub to: String,
    /// The model's best guess, where it was not sure enough to decide.
    pub guess: Option<String>,
    /// The version of the model that decided.
    pub model: Option<String>,
    /// Who corrected it.
    pub login: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Option<String>,
    /// Where it stands.
    pub state: CorrectionState,
    /// Who looked at it, and when.
    pub reviewed: Option<(String, Timestamp)>,
}

impl fmt::Debug for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Correction");
        shown.field("id", &self.id).field("ticket", &self.ticket_id).field("from", &self.from).field("to", &self.to);
        shown.field("login", &self.login).field("state", &self.state).finish_non_exhaustive()
    }
}
