//! Where a citizen's request stands, by its registration number; slips of the pen are told kindly.

use super::App;
use super::chrome::{Chrome, Reader, render};
use crate::api::citizens::read_number;
use crate::api::{ApiError, Query};
use crate::auth::ClientAddress;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dauys_events::NumberError;
use serde::Deserialize;

struct Found {
    status: &'static str,
    status_code: &'static str,
    words: &'static str,
    agency: String,
}

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    c: Chrome,
    number: String,
    message: Option<&'static str>,
    results: Vec<Found>,
}

#[derive(Deserialize)]
pub(super) struct StatusQuery {
    number: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    reader: Reader,
    ClientAddress(from): ClientAddress,
    Query(query): Query<StatusQuery>,
) -> Response {
    let words = reader.words(&app);
    let number: String = query.number.unwrap_or_default().trim().chars().take(40).collect();
    let (status, message, results) = if number.is_empty() {
        (StatusCode::OK, None, vec![])
    } else {
        match look_up(&app, &reader, from, &number).await {
            Ok(found) => (StatusCode::OK, None, found),
            Err(Missed::Said(status, message)) => (status, Some(message), vec![]),
            Err(Missed::Failed(error)) => return reader.failure(&app, error).into_response(),
        }
    };
    let c = reader.chrome(&app, words.t.citizen_status);
    (status, render(&StatusPage { c, number, message, results })).into_response()
}

enum Missed {
    Said(StatusCode, &'static str),
    Failed(ApiError),
}

async fn look_up(app: &App, reader: &Reader, from: std::net::IpAddr, number: &str) -> Result<Vec<Found>, Missed> {
    let words = reader.words(app);
    let t = words.t;
    let number = read_number(number).map_err(|error| {
        let kind = if error == NumberError::Check { t.status_check } else { t.status_form };
        Missed::Said(StatusCode::BAD_REQUEST, kind)
    })?;
    app.gate().look_up(from).map_err(|_| Missed::Said(StatusCode::TOO_MANY_REQUESTS, t.status_often))?;
    let tickets = app.store().tickets_by_number(number).await.map_err(|error| Missed::Failed(error.into()))?;
    if tickets.is_empty() {
        return Err(Missed::Said(StatusCode::NOT_FOUND, t.status_unknown));
    }
    let found = tickets.iter().map(|ticket| Found {
        status: words.status(ticket.status),
        status_code: ticket.status.name(),
        words: words.for_citizen(ticket.status),
        agency: words.agency(&ticket.agency.0),
    });
    Ok(found.collect())
}
