//! The cabinet: an agency's tickets, the most urgent first. The city's staff see every agency's.

use super::App;
use super::chrome::{Chrome, Failure, Signed, encode, render, wants_part};
use super::format::Words;
use super::texts::{Texts, fill};
use crate::api::tickets::{own_filter, status_of};
use crate::api::views::is_overdue;
use crate::api::{ApiError, Query};
use crate::store::{Cursor, Order, StatusCount, StoreError, TicketFilter};
use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use dauys_events::{Danger, Incident, Priority, Ticket, TicketId, TicketStatus};
use serde::Deserialize;
use std::collections::HashMap;

/// How many tickets a page shows.
const PAGE: u32 = 50;

/// A choice in a list.
pub(super) struct Choice {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) chosen: bool,
}

/// A ticket in a list.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) class: String,
    pub(super) category: String,
    pub(super) place: String,
    pub(super) words: String,
    pub(super) lang: Option<&'static str>,
    pub(super) priority: &'static str,
    pub(super) danger: Option<&'static str>,
    pub(super) danger_code: &'static str,
    pub(super) emergency: Option<String>,
    pub(super) status: &'static str,
    pub(super) status_code: &'static str,
    pub(super) due: String,
    pub(super) received: String,
    pub(super) number: String,
    pub(super) agency: Option<String>,
    pub(super) incident: Option<Shared>,
}

/// The incident that a ticket belongs to.
pub(super) struct Shared {
    pub(super) id: String,
    pub(super) reporters: String,
}

impl Row {
    pub(super) fn new(words: &Words<'_>, ticket: &Ticket, with_agency: bool) -> Self {
        let priority = match ticket.priority {
            Priority::Emergency => "p-emergency",
            Priority::Urgent => "p-urgent",
            Priority::High => "p-high",
            Priority::Normal => "p-normal",
        };
        let late = if is_overdue(ticket, words.now) { " overdue" } else { "" };
        let heard: String = ticket.transcript.chars().take(280).collect();
        Self {
            id: ticket.ticket_id.to_string(),
            class: format!("{priority}{late}"),
            category: words.category(&ticket.category),
            place: words.place(ticket.place.as_ref()),
            words: if heard.trim().is_empty() { words.t.transcript_none.to_owned() } else { heard },
            lang: ticket.language.map(|language| language.code()),
            priority: words.priority(ticket.priority),
            danger: words.danger(ticket.danger),
            danger_code: match ticket.danger {
                Danger::None => "none",
                Danger::Elevated => "elevated",
                Danger::Urgent => "urgent",
                Danger::Emergency => "emergency",
            },
            emergency: ticket.emergency.as_ref().map(|service| fill(words.t.emergency_service, &[service])),
            status: words.status(ticket.status),
            status_code: ticket.status.name(),
            due: words.due(ticket),
            received: words.time(ticket.received_at),
            number: ticket.registration_number.to_string(),
            agency: with_agency.then(|| words.agency(&ticket.agency.0)),
            incident: None,
        }
    }

    /// Shows tickets, each with its incident.
    pub(super) async fn shared(
        words: &Words<'_>,
        tickets: &[Ticket],
        with_agency: bool,
    ) -> Result<Vec<Self>, StoreError> {
        let ids: Vec<TicketId> = tickets.iter().map(|ticket| ticket.ticket_id).collect();
        let incidents: HashMap<TicketId, Incident> = words.app.store().incidents_of(&ids).await?.into_iter().collect();
        let incident = |ticket: &Ticket| {
            let found = incidents.get(&ticket.ticket_id)?;
            Some(Shared { id: found.incident_id.to_string(), reporters: words.reporters(found) })
        };
        let row = |ticket| Self { incident: incident(ticket), ..Self::new(words, ticket, with_agency) };
        Ok(tickets.iter().map(row).collect())
    }
}

struct Count {
    class: &'static str,
    value: String,
    label: &'static str,
}

struct List {
    t: &'static Texts,
    counts: Vec<Count>,
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "cabinet.html")]
struct CabinetPage {
    c: Chrome,
    agencies: Vec<Choice>,
    statuses: Vec<Choice>,
    categories: Vec<Choice>,
    fragment: String,
    list: List,
}

#[derive(Template)]
#[template(path = "cabinet_list.html")]
struct CabinetList {
    list: List,
}

#[derive(Clone, Default, Deserialize)]
pub(super) struct CabinetQuery {
    agency: Option<String>,
    status: Option<String>,
    category: Option<String>,
    cursor: Option<String>,
    part: Option<String>,
}

impl CabinetQuery {
    fn address(&self, cursor: Option<&Cursor>) -> String {
        let cursor = cursor.map(ToString::to_string);
        let pairs = [
            ("agency", self.agency.as_deref()),
            ("status", self.status.as_deref()),
            ("category", self.category.as_deref()),
            ("cursor", cursor.as_deref()),
        ];
        let given = pairs.iter().filter_map(|(name, value)| value.filter(|value| !value.is_empty()).map(|v| (name, v)));
        let query: Vec<String> = given.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        format!("/cabinet?{}", query.join("&"))
    }

    /// Reads the filter; an unknown status means the open ones.
    fn filter(&self, signed: &Signed, words: &Words<'_>) -> Result<TicketFilter, ApiError> {
        use TicketStatus::{Assigned, Reopened, Review};
        let open = vec![Review, Assigned, Reopened];
        let (statuses, overdue) = match self.status.as_deref() {
            Some("all") => (vec![], false),
            Some("overdue") => (open, true),
            Some(name) => (status_of(name).map_or(open, |status| vec![status]), false),
            None => (open, false),
        };
        Ok(TicketFilter {
            agency: own_filter(&signed.identity, self.agency.clone())?,
            statuses,
            category: self.category.clone().filter(|code| !code.is_empty()),
            overdue_at: overdue.then_some(words.now),
            ..Default::default()
        })
    }
}

pub(super) async fn page(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    Query(query): Query<CabinetQuery>,
) -> Result<Response, Failure> {
    let words = signed.reader.words(&app);
    match list(&app, &signed, &words, &query).await {
        Err(error) => Err(signed.reader.failure(&app, error)),
        Ok(list) if wants_part(&headers, query.part.as_deref()) => Ok(render(&CabinetList { list }).into_response()),
        Ok(list) => Ok(render(&full(&app, &signed, &words, &query, list)).into_response()),
    }
}

fn full(app: &App, signed: &Signed, words: &Words<'_>, query: &CabinetQuery, list: List) -> CabinetPage {
    let staff = signed.identity.only_agency().is_none();
    let choice = |code: &str, name: String, chosen: Option<&str>| Choice {
        code: code.to_owned(),
        name,
        chosen: chosen == Some(code),
    };
    let city = app.city();
    let agencies = city.agencies.agencies.iter().filter(|_| staff);
    let status = query.status.as_deref().unwrap_or("open");
    let statuses = [
        ("open", words.t.open),
        ("overdue", words.t.overdue),
        ("done", words.t.status_done),
        ("confirmed", words.t.status_confirmed),
        ("reopened", words.t.status_reopened),
        ("all", words.t.all),
    ];
    let categories = city.taxonomy.categories.iter();
    CabinetPage {
        c: signed.reader.chrome(app, words.t.cabinet),
        agencies: agencies.map(|a| choice(&a.code, words.agency(&a.code), query.agency.as_deref())).collect(),
        statuses: statuses.map(|(code, name)| choice(code, name.to_owned(), Some(status))).into(),
        categories: categories.map(|c| choice(&c.code, words.category(&c.code), query.category.as_deref())).collect(),
        fragment: query.address(query.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).as_ref()),
        list,
    }
}

async fn list(app: &App, signed: &Signed, words: &Words<'_>, query: &CabinetQuery) -> Result<List, ApiError> {
    let filter = query.filter(signed, words)?;
    let cursor = query.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
    let page = app.store().list(&filter, Order::Urgent, cursor.as_ref(), PAGE).await?;
    let with_agency = signed.identity.only_agency().is_none();
    Ok(List {
        t: words.t,
        counts: counts(app, words, &filter).await?,
        rows: Row::shared(words, &page.tickets, with_agency).await?,
        next: page.next.map(|cursor| query.address(Some(&cursor))),
    })
}

/// Counts the agency's tickets, whatever else is filtered.
async fn counts(app: &App, words: &Words<'_>, filter: &TicketFilter) -> Result<Vec<Count>, StoreError> {
    use TicketStatus::{Assigned, Confirmed, Done, Reopened, Review};
    let all = TicketFilter { agency: filter.agency.clone(), ..Default::default() };
    let late = TicketFilter { overdue_at: Some(words.now), ..all.clone() };
    let by_status = app.store().count(&all).await?;
    let late: u64 = app.store().count(&late).await?.iter().map(|count| count.tickets).sum();
    let sum = |statuses: &[TicketStatus]| -> u64 {
        let of = |count: &&StatusCount| statuses.contains(&count.status);
        by_status.iter().filter(of).map(|count| count.tickets).sum()
    };
    let count = |class, value, label| Count { class, value: words.count(value), label };
    Ok(vec![
        count("", sum(&[Review, Assigned, Reopened]), words.t.opens),
        count(if late > 0 { "bad" } else { "" }, late, words.t.overdue),
        count("", sum(&[Done]), words.t.awaiting),
        count("", sum(&[Confirmed]), words.t.confirmed),
    ])
}
