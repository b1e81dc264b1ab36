//! Incidents for controllers and agencies: which there are now, who reported them, and what people did to them.

use super::App;
use super::cabinet::{Choice, Row};
use super::chrome::{Chrome, Failure, Signed, explain, render, wants_part};
use super::format::Words;
use super::texts::{Texts, fill};
use super::ticket::Fact;
use crate::api::incidents::{MOST_TICKETS, edit, new_id, visible};
use crate::api::{ApiError, Path, Query};
use crate::store::{IncidentAction, IncidentEntry, IncidentFilter, Member};
use askama::Template;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use dauys_events::{Incident, IncidentChange, IncidentId, IncidentScope, IncidentStatus, TicketId};
use serde::Deserialize;
use std::str::FromStr;
use uuid::Uuid;

/// How many incidents the page shows.
const PAGE: u32 = 100;

/// An incident in a list.
struct IncidentRow {
    id: String,
    category: String,
    place: String,
    reporters: String,
    status: &'static str,
    first: String,
    last: String,
    agency: String,
}

impl IncidentRow {
    fn new(words: &Words<'_>, incident: &Incident) -> Self {
        Self {
            id: incident.incident_id.to_string(),
            category: words.category(&incident.category),
            place: place(words, incident),
            reporters: words.reporters(incident),
            status: match incident.status {
                IncidentStatus::Active => words.t.incident_active,
                IncidentStatus::Merged => words.t.incident_merged,
                IncidentStatus::Ended | IncidentStatus::Other => words.t.incident_ended,
            },
            first: words.time(incident.first_report_at),
            last: words.time(incident.last_report_at),
            agency: words.agency(&incident.agency.0),
        }
    }
}

/// Names what an incident covers: a whole unit, or a place.
fn place(words: &Words<'_>, incident: &Incident) -> String {
    match &incident.unit {
        Some(unit) if incident.scope == IncidentScope::Area => fill(words.t.incident_area, &[&words.unit(unit)]),
        _ => words.place(incident.place.as_ref()),
    }
}

struct Other {
    href: &'static str,
    label: &'static str,
}

struct List {
    t: &'static Texts,
    rows: Vec<IncidentRow>,
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct IncidentsPage {
    c: Chrome,
    other: Other,
    fragment: &'static str,
    list: List,
}

#[derive(Template)]
#[template(path = "incidents_list.html")]
struct IncidentsList {
    list: List,
}

#[derive(Deserialize)]
pub(super) struct ListQuery {
    all: Option<String>,
    part: Option<String>,
}

pub(super) async fn list(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let words = signed.reader.words(&app);
    let active = query.all.is_none();
    let filter = IncidentFilter { agency: signed.identity.only_agency(), active, id: None };
    let incidents = app.store().incidents(&filter, PAGE).await;
    let incidents = incidents.map_err(|error| signed.reader.failure(&app, error.into()))?;
    let rows = incidents.iter().map(|incident| IncidentRow::new(&words, incident)).collect();
    let list = List { t: words.t, rows };
    if wants_part(&headers, query.part.as_deref()) {
        return Ok(render(&IncidentsList { list }).into_response());
    }
    let (other, fragment) = match active {
        true => (Other { href: "/incidents?all=1", label: words.t.all }, "/incidents?part=list"),
        false => (Other { href: "/incidents", label: words.t.incident_active }, "/incidents?all=1&part=list"),
    };
    let c = signed.reader.chrome(&app, words.t.incidents);
    Ok(render(&IncidentsPage { c, other, fragment, list }).into_response())
}

struct MemberRow {
    id: String,
    number: String,
    place: String,
    words: String,
    lang: Option<&'static str>,
    status: &'static str,
    status_code: &'static str,
    received: String,
    why: &'static str,
}

struct Happened {
    id: i64,
    when: String,
    what: String,
    who: String,
    reason: Option<String>,
    undone: bool,
    may_undo: bool,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    c: Chrome,
    row: IncidentRow,
    revision: u32,
    active: bool,
    merged_into: Option<String>,
    message: Option<String>,
    message_class: &'static str,
    may_edit: bool,
    members: Vec<MemberRow>,
    facts: Vec<Fact>,
    others: Vec<Choice>,
    history: Vec<Happened>,
}

#[derive(Deserialize)]
pub(super) struct OneQuery {
    saved: Option<String>,
}

pub(super) async fn one(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<Uuid>,
    Query(query): Query<OneQuery>,
) -> Result<Response, Failure> {
    let saved = query.saved.map(|_| signed.reader.words(&app).t.saved.to_owned());
    show(&app, &signed, IncidentId(id), saved, StatusCode::OK).await
}

async fn show(
    app: &App,
    signed: &Signed,
    id: IncidentId,
    message: Option<String>,
    status: StatusCode,
) -> Result<Response, Failure> {
    match build(app, signed, id, message, status).await {
        Ok(page) => Ok((status, render(&page)).into_response()),
        Err(error) => Err(signed.reader.failure(app, error)),
    }
}

async fn build(
    app: &App,
    signed: &Signed,
    id: IncidentId,
    message: Option<String>,
    status: StatusCode,
) -> Result<IncidentPage, ApiError> {
    let words = signed.reader.words(app);
    let incident = visible(app, &signed.identity, id).await?;
    let own = signed.identity.only_agency();
    let members = app.store().incident_members(id, own.as_ref(), MOST_TICKETS).await?;
    let staff = own.is_none();
    let may_edit = staff && signed.identity.may_change() && incident.status != IncidentStatus::Merged;
    let (others, history) = match staff {
        true => (others(app, &words, &incident).await?, app.store().incident_history(id).await?),
        false => (vec![], vec![]),
    };
    let row = IncidentRow::new(&words, &incident);
    Ok(IncidentPage {
        c: signed.reader.chrome(app, format!("{} · {}", row.category, row.place)),
        revision: incident.revision,
        active: incident.status == IncidentStatus::Active,
        merged_into: incident.merged_into.map(|into| into.to_string()),
        message,
        message_class: if status == StatusCode::OK { "good" } else { "bad" },
        may_edit,
        members: members.iter().map(|member| member_row(&words, member)).collect(),
        facts: facts(&words, &incident),
        others,
        history: history.iter().map(|entry| happened(&words, &incident, entry, may_edit)).collect(),
        row,
    })
}

/// Lists the incidents that this one can take in: others that take reports, its own kind first.
async fn others(app: &App, words: &Words<'_>, incident: &Incident) -> Result<Vec<Choice>, ApiError> {
    let filter = IncidentFilter { active: true, ..Default::default() };
    let mut others = app.store().incidents(&filter, PAGE).await?;
    others.retain(|other| other.incident_id != incident.incident_id);
    others.sort_by_key(|other| other.category != incident.category);
    let name = |other: &Incident| {
        let (what, place) = (words.category(&other.category), place(words, other));
        format!("{what}, {place} ({})", words.reporters(other))
    };
    let choice = |other: &Incident| Choice { code: other.incident_id.to_string(), name: name(other), chosen: false };
    Ok(others.iter().map(choice).collect())
}

fn member_row(words: &Words<'_>, member: &Member) -> MemberRow {
    let row = Row::new(words, &member.ticket, false);
    MemberRow {
        id: row.id,
        number: row.number,
        place: row.place,
        words: row.words,
        lang: row.lang,
        status: row.status,
        status_code: row.status_code,
        received: row.received,
        why: words.why(member.why),
    }
}

fn facts(words: &Words<'_>, incident: &Incident) -> Vec<Fact> {
    let t = words.t;
    let fact = |label, value| Fact { label, value, class: "" };
    vec![
        fact(t.incident_first, words.time(incident.first_report_at)),
        fact(t.incident_last, words.time(incident.last_report_at)),
        fact(t.incident_recognised, words.time(incident.opened_at)),
        fact(t.agency, words.agency(&incident.agency.0)),
    ]
}

fn happened(words: &Words<'_>, incident: &Incident, entry: &IncidentEntry, may_edit: bool) -> Happened {
    let reversible = match &entry.change {
        IncidentChange::Merged { into, .. } => *into == incident.incident_id,
        IncidentChange::Split { .. } => true,
        _ => false,
    };
    Happened {
        id: entry.id,
        when: words.time(entry.at),
        what: words.incident_change(&entry.change),
        who: words.actor(&entry.actor),
        reason: entry.reason.clone(),
        undone: entry.undone_at.is_some(),
        may_undo: may_edit && reversible && entry.undone_at.is_none(),
    }
}

/// What a form on an incident's page says. Read by hand, since several tickets bear the same name.
#[derive(Default)]
struct IncidentForm {
    revision: Option<u32>,
    reason: String,
    from: Option<Uuid>,
    change: Option<i64>,
    tickets: Vec<TicketId>,
}

impl IncidentForm {
    fn read(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_pairs(body) {
            match name.as_str() {
                "revision" => form.revision = value.parse().ok(),
                "reason" => form.reason = value,
                "from" => form.from = Uuid::from_str(&value).ok(),
                "change" => form.change = value.parse().ok(),
                "ticket" => form.tickets.extend(TicketId::from_str(&value).ok()),
                _ => {}
            }
        }
        form
    }

    fn action(&self, name: &str) -> Option<IncidentAction> {
        Some(match name {
            "merge" => IncidentAction::Merge { from: IncidentId(self.from?) },
            "split" => IncidentAction::Split { tickets: self.tickets.clone(), into: new_id() },
            "undo" => IncidentAction::Undo { change: self.change? },
            "end" => IncidentAction::End,
            _ => return None,
        })
    }
}

/// Reads the pairs of a form (WHATWG URL, section 5.1); what is no UTF-8 is replaced.
fn form_pairs(body: &[u8]) -> Vec<(String, String)> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let halves = pairs.map(|pair| {
        let cut = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(cut);
        (decode(name), decode(value.get(1..).unwrap_or_default()))
    });
    halves.collect()
}

fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let digits = ahead.next().zip(ahead.next()).and_then(|(high, low)| hex_value(high, low));
                match digits {
                    Some(value) => {
                        bytes.push(value);
                        rest = ahead;
                    }
                    None => bytes.push(b'%'),
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_value(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Does to an incident what a person wants. What went wrong is said on its own page, in its state of now.
pub(super) async fn submit(
    State(app): State<App>,
    signed: Signed,
    Path((id, action)): Path<(Uuid, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let id = IncidentId(id);
    let unclear = || ApiError::Invalid("the form does not say what is wanted".to_owned());
    let outcome = async {
        let form = IncidentForm::read(&body.map_err(|_| unclear())?);
        let action = form.action(&action).ok_or_else(unclear)?;
        let revision = form.revision.ok_or_else(unclear)?;
        edit(&app, &signed.identity, id, revision, action, &form.reason).await
    };
    match outcome.await {
        Ok(_) => Ok(Redirect::to(&format!("/incidents/{id}?saved=1")).into_response()),
        Err(error) => {
            let status = error.status();
            if status == StatusCode::NOT_FOUND || status.is_server_error() {
                return Err(signed.reader.failure(&app, error));
            }
            let message = explain(&signed.reader.words(&app), &error);
            show(&app, &signed, id, Some(message), status).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_form_may_name_several_tickets() {
        let id = "01930000-0000-7000-8000-000000010000";
        let body = format!("revision=3&ticket={id}&ticket=no-id&reason=%D0%BD%D0%B5+%D1%82%D0%BE%21&ticket={id}");
        let form = IncidentForm::read(body.as_bytes());
        assert_eq!((form.revision, form.reason.as_str(), form.tickets.len()), (Some(3), "не то!", 2));
        assert!(form.action("merge").is_none(), "the form does not say what to merge");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_form(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = IncidentForm::read(&body);
        }
    }
}
