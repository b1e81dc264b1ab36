//! The inspector's desk: tickets of which the machine is not sure, each with its best guesses as buttons.

use super::App;
use super::cabinet::{Choice, Row};
use super::chrome::{Chrome, Failure, Signed, render, wants_part};
use super::format::Words;
use super::texts::Texts;
use crate::api::{ApiError, Query};
use crate::store::{Order, TicketFilter};
use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use dauys_events::{Ticket, TicketStatus};
use serde::Deserialize;

/// How many tickets the desk shows; the others follow as these are settled.
const PAGE: u32 = 30;
/// How many guesses are offered as buttons.
const GUESSES: usize = 3;

struct Guess {
    code: String,
    name: String,
    probability: String,
}

struct Item {
    row: Row,
    revision: u32,
    words: String,
    has_recording: bool,
    choices: Vec<Guess>,
}

struct List {
    t: &'static Texts,
    rows: Vec<Item>,
    categories: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    c: Chrome,
    message: Option<&'static str>,
    message_class: &'static str,
    list: List,
}

#[derive(Template)]
#[template(path = "desk_list.html")]
struct DeskList {
    list: List,
}

#[derive(Deserialize)]
pub(super) struct DeskQuery {
    part: Option<String>,
    saved: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    Query(query): Query<DeskQuery>,
) -> Result<Response, Failure> {
    let words = signed.reader.words(&app);
    match list(&app, &signed, &words).await {
        Err(error) => Err(signed.reader.failure(&app, error)),
        Ok(list) if wants_part(&headers, query.part.as_deref()) => Ok(render(&DeskList { list }).into_response()),
        Ok(list) => {
            let message = query.saved.map(|_| words.t.saved);
            let c = signed.reader.chrome(&app, words.t.desk);
            Ok(render(&DeskPage { c, message, message_class: "good", list }).into_response())
        }
    }
}

async fn list(app: &App, signed: &Signed, words: &Words<'_>) -> Result<List, ApiError> {
    if signed.identity.only_agency().is_some() {
        return Err(ApiError::Forbidden("the desk is the city's".to_owned()));
    }
    let filter = TicketFilter { statuses: vec![TicketStatus::Review], ..Default::default() };
    let page = app.store().list(&filter, Order::Urgent, None, PAGE).await?;
    let categories = app.city().taxonomy.categories.iter();
    let choice = |code: &str| Choice { code: code.to_owned(), name: words.category(code), chosen: false };
    Ok(List {
        t: words.t,
        rows: page.tickets.iter().map(|ticket| item(app, words, ticket)).collect(),
        categories: categories.map(|category| choice(&category.code)).collect(),
    })
}

fn item(app: &App, words: &Words<'_>, ticket: &Ticket) -> Item {
    let unclear = &app.city().settings.inspector.unclear_category;
    let first = std::iter::once((ticket.category.as_str(), ticket.probability));
    let others = ticket.alternatives.iter().map(|other| (other.code.as_str(), other.probability));
    let mut guesses: Vec<Guess> = Vec::new();
    for (code, probability) in first.chain(others) {
        if code != unclear && guesses.len() < GUESSES && guesses.iter().all(|guess| guess.code != code) {
            let probability = words.percent(f64::from(probability));
            guesses.push(Guess { code: code.to_owned(), name: words.category(code), probability });
        }
    }
    let heard = ticket.transcript.trim();
    Item {
        row: Row::new(words, ticket, false),
        revision: ticket.revision,
        words: if heard.is_empty() { words.t.transcript_none.to_owned() } else { heard.to_owned() },
        has_recording: ticket.recording.is_some(),
        choices: guesses,
    }
}
