//! One ticket: what was said, where, by when, what has happened, and what can be done now.

use super::App;
use super::cabinet::{Choice, Row};
use super::chrome::{Chrome, Failure, Signed, render};
use super::format::Words;
use crate::api::act::visible;
use crate::api::{ApiError, Path, Query};
use crate::auth::Identity;
use crate::store::HistoryEntry;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dauys_events::{Answer, Ticket, TicketId};
use dauys_tickets::{ActionKind, Role, allowed, needs_reason};
use serde::Deserialize;
use uuid::Uuid;

/// A value with its name.
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) class: &'static str,
}

struct Happened {
    when: String,
    what: String,
    who: String,
    reason: Option<String>,
}

/// A form for an action.
struct ActionForm {
    path: &'static str,
    label: &'static str,
    reason_label: &'static str,
    reason_required: bool,
    to_label: &'static str,
    options: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage {
    c: Chrome,
    row: Row,
    revision: u32,
    message: Option<String>,
    message_class: &'static str,
    channel: &'static str,
    kind: &'static str,
    anonymous: bool,
    transcript: String,
    spoken: &'static str,
    has_recording: bool,
    probability: String,
    agency: String,
    why: Vec<String>,
    history: Vec<Happened>,
    actions: Vec<ActionForm>,
    times: Vec<Fact>,
    contact_allowed: bool,
    contact: Option<String>,
    related: Vec<Choice>,
    model: Option<String>,
    answer: Option<Answer>,
}

/// What is said above the ticket.
#[derive(Default)]
pub(super) struct Above {
    pub(super) message: Option<String>,
    pub(super) good: bool,
    pub(super) contact: Option<String>,
    pub(super) status: StatusCode,
}

#[derive(Deserialize)]
pub(super) struct TicketQuery {
    saved: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Query(query): Query<TicketQuery>,
) -> Result<Response, Failure> {
    let saved = query.saved.map(|_| signed.reader.words(&app).t.saved.to_owned());
    show(&app, &signed, TicketId(id), Above { good: true, message: saved, ..Default::default() }).await
}

/// Shows a ticket with something to say about it.
pub(super) async fn show(app: &App, signed: &Signed, id: TicketId, above: Above) -> Result<Response, Failure> {
    let status = above.status;
    match build(app, signed, id, above).await {
        Ok(page) => Ok((status, render(&page)).into_response()),
        Err(error) => Err(signed.reader.failure(app, error)),
    }
}

async fn build(app: &App, signed: &Signed, id: TicketId, above: Above) -> Result<TicketPage, ApiError> {
    let ticket = visible(app, &signed.identity, id).await?;
    let history = app.store().history(id).await?;
    let words = signed.reader.words(app);
    let mut rows = Row::shared(&words, std::slice::from_ref(&ticket), true).await?;
    let row = rows.pop().unwrap_or_else(|| Row::new(&words, &ticket, true));
    let related = related(app, &words, &signed.identity, &ticket).await?;
    Ok(TicketPage {
        c: signed.reader.chrome(app, format!("№ {} · {}", row.number, row.category)),
        revision: ticket.revision,
        message: above.message,
        message_class: if above.good { "good" } else { "bad" },
        channel: words.channel(ticket.channel),
        kind: words.kind(ticket.kind),
        anonymous: ticket.anonymous,
        spoken: words.spoken(ticket.language),
        has_recording: ticket.recording.is_some(),
        probability: words.percent(f64::from(ticket.probability)),
        agency: words.agency(&ticket.agency.0),
        history: history.iter().map(|entry| happened(&words, entry)).collect(),
        actions: actions(&words, &signed.identity, &ticket),
        times: times(&words, &ticket),
        contact_allowed: signed.identity.may_change(),
        contact: above.contact,
        why: ticket.why,
        transcript: ticket.transcript,
        related,
        model: ticket.model,
        answer: ticket.answer,
        row,
    })
}

/// Names the other tickets of the same call that the reader may see.
async fn related(app: &App, words: &Words<'_>, identity: &Identity, ticket: &Ticket) -> Result<Vec<Choice>, ApiError> {
    let mut related = Vec::new();
    for id in &ticket.related {
        if let Some(other) = app.store().ticket(*id).await?.filter(|other| identity.may_see(&other.agency)) {
            let name = words.category(&other.category);
            related.push(Choice { code: other.ticket_id.to_string(), name, chosen: false });
        }
    }
    Ok(related)
}

fn happened(words: &Words<'_>, entry: &HistoryEntry) -> Happened {
    Happened {
        when: words.time(entry.at),
        what: words.change(&entry.change),
        who: words.actor(&entry.actor),
        reason: entry.reason.clone(),
    }
}

fn times(words: &Words<'_>, ticket: &Ticket) -> Vec<Fact> {
    let t = words.t;
    let fact = |label, value| Fact { label, value, class: "" };
    let to_cabinet = words.seconds(ticket.opened_at.duration_since(ticket.last_word_at).as_secs_f64());
    let after = super::texts::fill(t.after_last_word, &[&to_cabinet]);
    let late = crate::api::views::is_overdue(ticket, words.now);
    let mut times = vec![
        fact(t.received, words.time(ticket.received_at)),
        fact(t.in_cabinet, format!("{} ({after})", words.time(ticket.opened_at))),
        Fact { label: t.target, value: words.time(ticket.due_at), class: if late { "bad" } else { "" } },
        fact(t.legal_term, words.time(ticket.legal_due_at)),
    ];
    times.extend(ticket.done_at.map(|at| fact(t.done_at, words.time(at))));
    times.extend(ticket.confirmed_at.map(|at| fact(t.confirmed_at, words.time(at))));
    times
}

fn actions(words: &Words<'_>, identity: &Identity, ticket: &Ticket) -> Vec<ActionForm> {
    if !identity.may_change() {
        return vec![];
    }
    let role = Role::of(&identity.account.actor(), ticket);
    allowed(ticket.status, role).into_iter().map(|kind| form(words, kind, role, ticket)).collect()
}

fn form(words: &Words<'_>, kind: ActionKind, role: Role, ticket: &Ticket) -> ActionForm {
    let t = words.t;
    let city = words.app.city();
    let choice = |code: &str, name| Choice { code: code.to_owned(), name, chosen: false };
    let (label, options) = match kind {
        ActionKind::Done => (t.action_done, vec![]),
        ActionKind::Confirm => (t.action_confirm, vec![]),
        ActionKind::Reopen => (t.action_reopen, vec![]),
        ActionKind::Reassign => {
            let others = city.agencies.agencies.iter().filter(|agency| agency.code != ticket.agency.0);
            (t.action_reassign, others.map(|agency| choice(&agency.code, words.agency(&agency.code))).collect())
        }
        ActionKind::Recategorise => {
            let others = city.taxonomy.categories.iter().filter(|category| category.code != ticket.category);
            (t.action_recategorise, others.map(|c| choice(&c.code, words.category(&c.code))).collect())
        }
    };
    ActionForm {
        path: kind.name(),
        label,
        reason_label: if kind == ActionKind::Done { t.action_done_note } else { t.reason },
        // The agency's note is what the citizen is asked to confirm.
        reason_required: needs_reason(kind, role) || kind == ActionKind::Done,
        to_label: if kind == ActionKind::Reassign { t.agency } else { t.category },
        options,
    }
}
