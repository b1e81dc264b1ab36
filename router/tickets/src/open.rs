//! How a ticket opens: from what was heard, what it was understood as, and who answers for it.

use crate::{Clocks, Terms, Transition, priority};
use dauys_events::{
    Actor, AgencyAction, AgencyId, AgencyNotice, Answer, Change, Danger, Language, Location, Priority, RequestKind,
    Scored, Ticket, TicketChanged, TicketId, TicketStatus, Transcribed,
};
use jiff::Timestamp;

/// What was understood of one issue, and who answers for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The category's code in the city pack.
    pub category: String,
    /// How sure the category is, 0 to 1.
    pub probability: f32,
    /// The next best categories, best first.
    pub alternatives: Vec<Scored>,
    /// Something to be done, or something to be known.
    pub kind: RequestKind,
    /// How dangerous it is, by the words and by the category.
    pub danger: Danger,
    /// The emergency service that it belongs to.
    pub emergency: Option<String>,
    /// The category's own place in the order of work, before any danger.
    pub priority: Priority,
    /// Where it is.
    pub place: Option<Location>,
    /// The language of the words.
    pub language: Option<Language>,
    /// The agency whose cabinet it goes to; the inspector's where a person must decide.
    pub agency: AgencyId,
    /// Whether a person must decide what it is and whose.
    pub review: bool,
    /// Why this category, place and agency, sentence by sentence.
    pub why: Vec<String>,
    /// The category's terms.
    pub terms: Terms,
    /// The version of the model that decided.
    pub model: Option<String>,
    /// The reference book's answer to a question.
    pub answer: Option<Answer>,
}

/// Opens the `index`-th ticket of an intake. The same intake and index give the same ticket id, whenever it is done.
pub fn open_ticket(
    transcribed: &Transcribed,
    index: u16,
    reading: Reading,
    clocks: &Clocks,
    now: Timestamp,
) -> Transition {
    let recorded = &transcribed.recorded;
    let status = if reading.review { TicketStatus::Review } else { TicketStatus::Assigned };
    let ticket = Ticket {
        ticket_id: TicketId::of(transcribed.intake_id, index),
        intake_id: transcribed.intake_id,
        registration_number: recorded.registration_number,
        revision: 1,
        channel: recorded.channel,
        status,
        category: reading.category,
        probability: reading.probability,
        alternatives: reading.alternatives,
        kind: reading.kind,
        danger: reading.danger,
        emergency: reading.emergency,
        priority: priority(reading.danger, reading.priority),
        place: reading.place,
        agency: reading.agency.clone(),
        why: reading.why,
        transcript: words(transcribed),
        language: reading.language,
        recording: recorded.recording.clone(),
        external_id: recorded.external_id.clone(),
        received_at: recorded.received_at,
        last_word_at: recorded.last_word_at,
        opened_at: now,
        changed_at: now,
        due_at: clocks.due_at(recorded.last_word_at, reading.terms.target_hours),
        legal_due_at: clocks.legal_due_at(recorded.received_at, reading.terms.legal_working_days),
        done_at: None,
        confirmed_at: None,
        anonymous: recorded.contact.number.is_none(),
        related: Vec::new(),
        model: reading.model,
        answer: reading.answer,
    };
    let notice = AgencyNotice { agency: reading.agency, action: AgencyAction::Assigned, ticket: ticket.clone() };
    let changed = TicketChanged { ticket, change: Change::Opened, actor: Actor::System, reason: None };
    Transition { changed, notices: vec![notice], guess: None }
}

/// Opens a ticket for each issue of an intake, in the order of what was said, and links them. `reachable` tells that the
/// citizen said how to be reached, where the network did not.
pub fn open_tickets(
    transcribed: &Transcribed,
    readings: Vec<Reading>,
    reachable: bool,
    clocks: &Clocks,
    now: Timestamp,
) -> Vec<Transition> {
    let issues = (0_u16..).zip(readings);
    let mut openings: Vec<_> =
        issues.map(|(index, reading)| open_ticket(transcribed, index, reading, clocks, now)).collect();
    let ids: Vec<TicketId> = openings.iter().map(|opening| opening.ticket().ticket_id).collect();
    for opening in &mut openings {
        let own = opening.ticket().ticket_id;
        let ticket = &mut opening.changed.ticket;
        ticket.related = ids.iter().copied().filter(|id| *id != own).collect();
        ticket.anonymous &= !reachable;
        for notice in &mut opening.notices {
            notice.ticket = ticket.clone();
        }
    }
    openings
}

/// Returns what the citizen said, or wrote, without the character NUL, which no PostgreSQL text can hold.
fn words(transcribed: &Transcribed) -> String {
    let heard = transcribed.text();
    let words = match &transcribed.recorded.text {
        Some(written) if heard.trim().is_empty() => written,
        _ => &heard,
    };
    words.replace('\0', "")
}
