//! A ticket: what the city owes a citizen, with who must act, by when, and why.

use crate::{AgencyId, Channel, Event, IntakeId, Language, RecordingRef, RegistrationNumber, TicketId, Topic};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a ticket stands. Only the citizen closes a case: an agency's "done" waits for the citizen's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    /// With the inspector, who decides what it is and whose.
    Review,
    /// In the cabinet of the responsible agency.
    Assigned,
    /// Reported as done by the agency; the citizen has not confirmed yet.
    Done,
    /// Confirmed as solved by the citizen.
    Confirmed,
    /// Sent back by the citizen: it was not solved.
    Reopened,
    /// A later version's status.
    #[serde(other)]
    Other,
}

impl TicketStatus {
    /// Returns the name as events and databases write it.
    pub const fn name(self) -> &'static str {
        match self {
            TicketStatus::Review => "review",
            TicketStatus::Assigned => "assigned",
            TicketStatus::Done => "done",
            TicketStatus::Confirmed => "confirmed",
            TicketStatus::Reopened => "reopened",
            TicketStatus::Other => "other",
        }
    }
}

/// How soon a ticket must be looked at; the first is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Life or health is in danger.
    Emergency,
    /// Somebody can be hurt soon.
    Urgent,
    /// Sooner than usual.
    High,
    /// As the category's target says.
    Normal,
}

/// How dangerous what was said is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Danger {
    /// No danger was heard.
    None,
    /// It can become dangerous.
    Elevated,
    /// Somebody can be hurt soon.
    Urgent,
    /// Life or health is in danger now.
    Emergency,
}

/// Whether the citizen asks for something to be done or for something to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// Something must be done.
    Request,
    /// Something must be answered.
    Question,
}

/// A candidate with its probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scored {
    /// The candidate's code.
    pub code: String,
    /// Its probability, 0 to 1.
    pub probability: f32,
}

/// A spot on the map in degrees (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MapPoint {
    /// Latitude.
    pub lat: f64,
    /// Longitude.
    pub lon: f64,
    /// Whether it is the spot itself; else it is the rough middle of what was named.
    pub exact: bool,
}

/// The answer that the city's reference book has to a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// The question's code in the reference book.
    pub question: String,
    /// The answer, in the citizen's language.
    pub text: String,
    /// The language that it is written in.
    pub language: Language,
    /// How sure it is that this was asked, 0 to 1.
    pub confidence: f32,
    /// Where the answer comes from.
    pub source: String,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// The territory unit of the city pack, for example `karatau`.
    pub unit: Option<String>,
    /// The place as a person reads it, in the ticket's language.
    pub name: String,
    /// The street, where one was named.
    pub street: Option<String>,
    /// The house number, where one was named.
    pub house: Option<String>,
    /// The landmark, where one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landmark: Option<String>,
    /// Where that is on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<MapPoint>,
    /// How sure the place is, 0 to 1.
    pub confidence: f32,
}

/// A ticket's full state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ticket {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The intake that it came from.
    pub intake_id: IntakeId,
    /// The number that the citizen knows.
    pub registration_number: RegistrationNumber,
    /// Rises by one with every change, from 1.
    pub revision: u32,
    /// How the citizen reached the city.
    pub channel: Channel,
    /// Where it stands.
    pub status: TicketStatus,
    /// The category's code in the city pack.
    pub category: String,
    /// How sure the category is, 0 to 1.
    pub probability: f32,
    /// The next best categories, best first.
    pub alternatives: Vec<Scored>,
    /// Something to be done, or something to be known.
    pub kind: RequestKind,
    /// How dangerous it is.
    pub danger: Danger,
    /// The emergency service that it belongs to, for example `112`.
    pub emergency: Option<String>,
    /// How soon it must be looked at.
    pub priority: Priority,
    /// Where it is, where a place was named.
    pub place: Option<Location>,
    /// The agency that must act.
    pub agency: AgencyId,
    /// Why this category, place and agency, sentence by sentence.
    pub why: Vec<String>,
    /// What the citizen said: personal data.
    pub transcript: String,
    /// The language of the transcript.
    pub language: Option<Language>,
    /// The recording.
    pub recording: Option<RecordingRef>,
    /// The SIP Call-ID or the messenger's message id.
    pub external_id: Option<String>,
    /// When the citizen reached the city.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub received_at: Timestamp,
    /// When the citizen's last word was heard.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub last_word_at: Timestamp,
    /// When the ticket first lay in a cabinet.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub opened_at: Timestamp,
    /// When the last change was made.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub changed_at: Timestamp,
    /// The operational target.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub due_at: Timestamp,
    /// The legal term.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub legal_due_at: Timestamp,
    /// When the agency first reported it as done.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub done_at: Option<Timestamp>,
    /// When the citizen confirmed it.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub confirmed_at: Option<Timestamp>,
    /// Whether the citizen gave no way to be reached.
    pub anonymous: bool,
    /// The other tickets of what was said in the same breath.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<TicketId>,
    /// The version of the model that decided on the category; none where no model did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The reference book's answer, where a question has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// Who made a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    /// The system itself.
    System,
    /// The citizen.
    Citizen,
    /// Somebody signed in.
    Account {
        /// The account's login.
        login: String,
        /// The agency that the account belongs to; none for the city's own staff.
        agency: Option<AgencyId>,
    },
}

/// What was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Change {
    /// The ticket was opened.
    Opened,
    /// It went to another agency.
    Reassigned {
        /// The agency that had it.
        from: AgencyId,
        /// The agency that has it now.
        to: AgencyId,
    },
    /// Its category was corrected.
    Recategorised {
        /// The category before.
        from: String,
        /// The category now.
        to: String,
    },
    /// The agency reported it as done.
    Done,
    /// The citizen confirmed it.
    Confirmed,
    /// The citizen sent it back.
    Reopened,
    /// A later version's change.
    #[serde(other)]
    Other,
}

/// A ticket after a change, with what changed, by whom, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TicketChanged {
    /// The full state after the change.
    pub ticket: Ticket,
    /// What changed.
    pub change: Change,
    /// Who changed it.
    pub actor: Actor,
    /// Why, as the one who changed it wrote it.
    pub reason: Option<String>,
}

impl Event for TicketChanged {
    const NAME: &'static str = "dauys.ticket_changed";
    const VERSION: u32 = 1;
    const TOPIC: Topic = Topic::Tickets;
    fn key(&self) -> String {
        self.ticket.ticket_id.to_string()
    }
}
