//! What the API says of a ticket, a call, a citizen's number: plain JSON, without what the reader has no right to.

use crate::auth::Identity;
use crate::store::{Account, AccountRole, ContactDetails, HistoryEntry, StoreError};
use crate::web::App;
use dauys_config::city::Names;
use dauys_events::{
    Actor, AgencyId, Answer, Change, Channel, Danger, Incident, IncidentId, Language, Location, MapPoint, Priority,
    RegistrationNumber, RequestKind, Scored, Ticket, TicketId, TicketStatus,
};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// A ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
pub struct TicketView {
    /// The ticket's id.
    #[schema(value_type = Uuid)]
    pub ticket_id: TicketId,
    /// The number that the citizen knows.
    #[schema(value_type = String, pattern = "^[0-9]{10}$")]
    pub registration_number: RegistrationNumber,
    /// Rises with every change; send it back with an action.
    pub revision: u32,
    /// `call`, `whatsapp`, `telegram` or `other`.
    #[schema(value_type = String)]
    pub channel: Channel,
    /// `review`, `assigned`, `done` (the agency says so), `confirmed` (the citizen says so) or `reopened`.
    #[schema(value_type = String)]
    pub status: TicketStatus,
    /// The category's code.
    pub category: String,
    /// How sure the category is, 0 to 1.
    pub probability: f32,
    /// The next best categories, best first.
    pub alternatives: Vec<Candidate>,
    /// `request` or `question`.
    #[schema(value_type = String)]
    pub kind: RequestKind,
    /// `none`, `elevated`, `urgent` or `emergency`.
    #[schema(value_type = String)]
    pub danger: Danger,
    /// The emergency service that it belongs to, for example `112`.
    pub emergency: Option<String>,
    /// `emergency`, `urgent`, `high` or `normal`.
    #[schema(value_type = String)]
    pub priority: Priority,
    /// Where it is.
    pub place: Option<Place>,
    /// The agency that must act.
    #[schema(value_type = String)]
    pub agency: AgencyId,
    /// Why this category, place and agency, sentence by sentence.
    pub why: Vec<String>,
    /// What the citizen said.
    pub transcript: String,
    /// The language of the words: `kk`, `ru`, `uz` or `en`.
    #[schema(value_type = Option<String>)]
    pub language: Option<Language>,
    /// Whether there is a recording to listen to.
    pub has_recording: bool,
    /// The SIP Call-ID or the messenger's message id; the city's own accounts only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// When the citizen reached the city.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// When the citizen's last word was heard.
    #[schema(value_type = String, format = DateTime)]
    pub last_word_at: Timestamp,
    /// When the ticket first lay in a cabinet.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// When the last change was made.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
    /// The operational target.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// The legal term.
    #[schema(value_type = String, format = DateTime)]
    pub legal_due_at: Timestamp,
    /// When the agency first reported it as done.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub done_at: Option<Timestamp>,
    /// When the citizen confirmed it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub confirmed_at: Option<Timestamp>,
    /// Whether the target has passed without the agency's report.
    pub overdue: bool,
    /// Whether the citizen gave no way to be reached.
    pub anonymous: bool,
    /// The other tickets of what was said in the same call; the city's own accounts only.
    #[schema(value_type = Vec<Uuid>)]
    pub related: Vec<TicketId>,
    /// The version of the model that decided on the category.
    pub model: Option<String>,
    /// The reference book's answer, where a question has one.
    pub answer: Option<AnswerView>,
    /// The incident that it belongs to.
    pub incident: Option<IncidentRef>,
}

/// The reference book's answer to a question.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Answer)]
pub struct AnswerView {
    /// The question's code in the reference book.
    pub question: String,
    /// The answer.
    pub text: String,
    /// Its language.
    #[schema(value_type = String)]
    pub language: Language,
    /// How sure it is that this was asked, 0 to 1.
    pub confidence: f32,
    /// Where the answer comes from.
    pub source: String,
}

impl From<Answer> for AnswerView {
    fn from(answer: Answer) -> Self {
        let Answer { question, text, language, confidence, source } = answer;
        Self { question, text, language, confidence, source }
    }
}

/// The incident that a ticket belongs to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IncidentRef {
    /// The incident.
    #[schema(value_type = Uuid)]
    pub incident_id: IncidentId,
    /// How many tickets it has.
    pub tickets: u32,
    /// How many citizens have reported it.
    pub reporters: u32,
}

impl From<&Incident> for IncidentRef {
    fn from(incident: &Incident) -> Self {
        Self { incident_id: incident.incident_id, tickets: incident.tickets, reporters: incident.reporters }
    }
}

/// Shows tickets to somebody, each with its incident.
///
/// # Errors
/// [`StoreError`] where the store could not be read.
pub(crate) async fn show_tickets(
    app: &App,
    reader: &Identity,
    tickets: Vec<Ticket>,
) -> Result<Vec<TicketView>, StoreError> {
    let ids: Vec<TicketId> = tickets.iter().map(|ticket| ticket.ticket_id).collect();
    let incidents: HashMap<TicketId, Incident> = app.store().incidents_of(&ids).await?.into_iter().collect();
    let show = |ticket: Ticket| {
        let incident = incidents.get(&ticket.ticket_id).map(Into::into);
        TicketView { incident, ..TicketView::new(ticket, reader, app.now()) }
    };
    Ok(tickets.into_iter().map(show).collect())
}

/// Shows one ticket to somebody, with its incident.
///
/// # Errors
/// [`StoreError`] where the store could not be read.
pub(crate) async fn show_ticket(app: &App, reader: &Identity, ticket: Ticket) -> Result<TicketView, StoreError> {
    let incident = app.store().incidents_of(&[ticket.ticket_id]).await?;
    let incident = incident.first().map(|(_, incident)| incident.into());
    Ok(TicketView { incident, ..TicketView::new(ticket, reader, app.now()) })
}

/// A candidate with its probability.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Candidate {
    /// The candidate's code.
    pub code: String,
    /// Its probability, 0 to 1.
    pub probability: f32,
}

impl From<Scored> for Candidate {
    fn from(scored: Scored) -> Self {
        Self { code: scored.code, probability: scored.probability }
    }
}

/// A place.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Place {
    /// The territory unit's code.
    pub unit: Option<String>,
    /// The place as a person reads it.
    pub name: String,
    /// The street.
    pub street: Option<String>,
    /// The house number.
    pub house: Option<String>,
    /// The landmark.
    pub landmark: Option<String>,
    /// Where that is on the map.
    pub point: Option<PointView>,
    /// How sure the place is, 0 to 1.
    pub confidence: f32,
}

/// A spot on the map in degrees (WGS 84).
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Point)]
pub struct PointView {
    /// Latitude.
    pub lat: f64,
    /// Longitude.
    pub lon: f64,
    /// Whether it is the spot itself; else it is the rough middle of what was named.
    pub exact: bool,
}

impl From<MapPoint> for PointView {
    fn from(MapPoint { lat, lon, exact }: MapPoint) -> Self {
        Self { lat, lon, exact }
    }
}

impl From<Location> for Place {
    fn from(place: Location) -> Self {
        let Location { unit, name, street, house, landmark, point, confidence } = place;
        Self { unit, name, street, house, landmark, point: point.map(Into::into), confidence }
    }
}

/// Returns whether the target has passed without the agency's report.
pub(crate) fn is_overdue(ticket: &Ticket, now: Timestamp) -> bool {
    let waits = !matches!(ticket.status, TicketStatus::Done | TicketStatus::Confirmed);
    waits && now > ticket.due_at
}

impl TicketView {
    /// Shows a ticket to somebody.
    pub fn new(ticket: Ticket, reader: &Identity, now: Timestamp) -> Self {
        Self {
            overdue: is_overdue(&ticket, now),
            ticket_id: ticket.ticket_id,
            registration_number: ticket.registration_number,
            revision: ticket.revision,
            channel: ticket.channel,
            status: ticket.status,
            category: ticket.category,
            probability: ticket.probability,
            alternatives: ticket.alternatives.into_iter().map(Into::into).collect(),
            kind: ticket.kind,
            danger: ticket.danger,
            emergency: ticket.emergency,
            priority: ticket.priority,
            place: ticket.place.map(Into::into),
            agency: ticket.agency,
            why: ticket.why,
            transcript: ticket.transcript,
            language: ticket.language,
            has_recording: ticket.recording.is_some(),
            external_id: ticket.external_id.filter(|_| reader.only_agency().is_none()),
            received_at: ticket.received_at,
            last_word_at: ticket.last_word_at,
            opened_at: ticket.opened_at,
            changed_at: ticket.changed_at,
            due_at: ticket.due_at,
            legal_due_at: ticket.legal_due_at,
            done_at: ticket.done_at,
            confirmed_at: ticket.confirmed_at,
            anonymous: ticket.anonymous,
            related: if reader.only_agency().is_none() { ticket.related } else { Vec::new() },
            model: ticket.model,
            answer: ticket.answer.map(Into::into),
            incident: None,
        }
    }
}

/// A page of tickets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketList {
    /// The tickets.
    pub tickets: Vec<TicketView>,
    /// Send it as `cursor` for the next page; none on the last.
    pub next: Option<String>,
}

/// One thing that happened to a ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryView {
    /// The revision that it led to.
    pub revision: u32,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What, with its details: an object whose `type` is `opened`, `reassigned`, `recategorised`, `done`, `confirmed`,
    /// `reopened` or `other`.
    #[schema(value_type = Object)]
    pub change: Change,
    /// Who: an object whose `type` is `system`, `citizen` or `account`.
    #[schema(value_type = Object)]
    pub actor: Actor,
    /// Why.
    pub reason: Option<String>,
    /// Where the ticket stood after it.
    #[schema(value_type = String)]
    pub status: TicketStatus,
    /// The agency that had it after it.
    #[schema(value_type = String)]
    pub agency: AgencyId,
}

impl From<HistoryEntry> for HistoryView {
    fn from(entry: HistoryEntry) -> Self {
        let HistoryEntry { revision, at, change, actor, reason, status, agency } = entry;
        Self { revision, at, change, actor, reason, status, agency }
    }
}

/// How to reach a citizen.
#[derive(Clone, Serialize, ToSchema)]
pub struct ContactView {
    /// The telephone number.
    pub number: Option<String>,
    /// The name that a messenger's profile gives.
    pub name: Option<String>,
    /// The name that the citizen said.
    pub spoken_name: Option<String>,
    /// The number that the citizen wants to be called back at.
    pub callback_number: Option<String>,
    /// The language that the citizen wants to be spoken to in.
    #[schema(value_type = Option<String>)]
    pub preferred_language: Option<Language>,
}

impl From<ContactDetails> for ContactView {
    fn from(details: ContactDetails) -> Self {
        Self {
            number: details.network.number,
            name: details.network.name,
            spoken_name: details.spoken.name,
            callback_number: details.spoken.number,
            preferred_language: details.spoken.language,
        }
    }
}

/// What became of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CallTicket)]
pub struct CallView {
    /// The SIP Call-ID.
    pub call_id: String,
    /// The ticket's id.
    #[schema(value_type = Uuid)]
    pub ticket_id: TicketId,
    /// The number that the citizen heard.
    #[schema(value_type = String, pattern = "^[0-9]{10}$")]
    pub registration_number: RegistrationNumber,
    /// The language that was heard.
    #[schema(value_type = Option<String>)]
    pub language: Option<Language>,
    /// What was heard.
    pub transcript: String,
    /// The category's code.
    pub category: String,
    /// Where it is, as a person reads it.
    pub place: Option<String>,
    /// The territory unit's code.
    pub unit: Option<String>,
    /// The agency that must act.
    #[schema(value_type = String)]
    pub agency: AgencyId,
    /// Where the ticket stands.
    #[schema(value_type = String)]
    pub status: TicketStatus,
    /// How dangerous it is.
    #[schema(value_type = String)]
    pub danger: Danger,
    /// When the last word was heard.
    #[schema(value_type = String, format = DateTime)]
    pub last_word_at: Timestamp,
    /// When the ticket lay in the cabinet.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// The seconds between them.
    pub seconds_to_cabinet: f64,
    /// How many tickets the call has led to; this is the first.
    pub tickets: usize,
}

impl CallView {
    /// Shows the first of a call's tickets.
    pub fn new(call_id: String, ticket: Ticket, tickets: usize) -> Self {
        Self {
            call_id,
            ticket_id: ticket.ticket_id,
            registration_number: ticket.registration_number,
            language: ticket.language,
            transcript: ticket.transcript,
            category: ticket.category,
            unit: ticket.place.as_ref().and_then(|place| place.unit.clone()),
            place: ticket.place.map(|place| place.name),
            agency: ticket.agency,
            status: ticket.status,
            danger: ticket.danger,
            seconds_to_cabinet: ticket.opened_at.duration_since(ticket.last_word_at).as_secs_f64(),
            last_word_at: ticket.last_word_at,
            opened_at: ticket.opened_at,
            tickets,
        }
    }
}

/// A name in each language, by its ISO 639-1 code.
pub type NamesView = BTreeMap<&'static str, String>;

/// Shows a name in each language.
pub(crate) fn names(names: &Names) -> NamesView {
    names.iter().map(|(language, name)| (language.code(), name.clone())).collect()
}

/// Where a citizen's request stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Registration)]
pub struct RegistrationView {
    /// The number.
    #[schema(value_type = String, pattern = "^[0-9]{10}$")]
    pub registration_number: RegistrationNumber,
    /// What was asked under the number; mostly one thing.
    pub tickets: Vec<RegistrationTicket>,
}

/// One thing that a citizen asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RegistrationTicket {
    /// Where it stands.
    #[schema(value_type = String)]
    pub status: TicketStatus,
    /// The agency that must act.
    #[schema(value_type = String)]
    pub agency: AgencyId,
    /// The agency's name in each language.
    #[schema(value_type = Object)]
    pub agency_name: NamesView,
}

/// An agency.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Agency)]
pub struct AgencyView {
    /// The code.
    pub code: String,
    /// The name in each language.
    #[schema(value_type = Object)]
    pub name: NamesView,
    /// What it does.
    pub kind: String,
    /// The territory unit that it works in.
    pub unit: String,
}

/// A category.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Category)]
pub struct CategoryView {
    /// The code.
    pub code: String,
    /// The name in each language.
    #[schema(value_type = Object)]
    pub name: NamesView,
    /// The section's code.
    pub section: String,
    /// The section's name in each language.
    #[schema(value_type = Object)]
    pub section_name: NamesView,
    /// Hours within which the city aims to solve it.
    pub target_hours: u32,
}

/// Who is signed in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    /// The login.
    pub login: String,
    /// The name.
    pub name: String,
    /// `admin`, `staff`, `agency` or `reader`.
    #[schema(value_type = String)]
    pub role: AccountRole,
    /// The agency, for an agency's account.
    #[schema(value_type = Option<String>)]
    pub agency: Option<AgencyId>,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self { login: account.login, name: account.name, role: account.role, agency: account.agency }
    }
}
