//! What citizens should hear, and whether they have.

use dauys_events::{Channel, Language, TicketId};
use jiff::Timestamp;

/// What a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// The agency reported it as done: is it?
    AskConfirmation,
    /// The ticket went to another agency.
    Reassigned,
    /// The citizen's "not solved" was taken.
    Reopened,
}

impl NotificationKind {
    /// Returns the name as databases write it.
    pub const fn name(self) -> &'static str {
        match self {
            NotificationKind::AskConfirmation => "ask_confirmation",
            NotificationKind::Reassigned => "reassigned",
            NotificationKind::Reopened => "reopened",
        }
    }

    /// Finds a kind by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::AskConfirmation, Self::Reassigned, Self::Reopened].into_iter().find(|kind| kind.name() == name)
    }
}

/// Where a notification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationState {
    /// It waits to be sent.
    Pending,
    /// It was handed to whoever carries it.
    Sent,
    /// Nobody carries this channel yet: staff see it and may call.
    Held,
    /// It could not be sent and will not be tried again.
    Failed,
}

impl NotificationState {
    /// Returns the name as databases write it.
    pub const fn name(self) -> &'static str {
        match self {
            NotificationState::Pending => "pending",
            NotificationState::Sent => "sent",
            NotificationState::Held => "held",
            NotificationState::Failed => "failed",
        }
    }

    /// Finds a state by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Sent, Self::Held, Self::Failed].into_iter().find(|state| state.name() == name)
    }
}

/// Something to tell a citizen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotification {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The revision of the ticket that it is about.
    pub revision: u32,
    /// What it is about.
    pub kind: NotificationKind,
    /// How the citizen reached the city, and is reached.
    pub channel: Channel,
    /// The language of the text.
    pub language: Language,
    /// The words.
    pub text: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A notification that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Its id.
    pub id: i64,
    /// What it says, and about what.
    pub content: NewNotification,
    /// Where it stands.
    pub state: NotificationState,
    /// What the sender said of it.
    pub detail: Option<String>,
    /// When it came to stand there.
    pub changed_at: Timestamp,
}
