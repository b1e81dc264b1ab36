//! For editors: questions that the reference book has no answer to, and corrections that nobody has looked at.

use super::App;
use super::cabinet::Row;
use super::chrome::{Chrome, Failure, Signed, encode, render};
use crate::api::corrections::{corrections, judge};
use crate::api::{ApiError, Path, Query};
use crate::store::{Correction, CorrectionState, Cursor, Order, TicketFilter};
use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use dauys_events::{RequestKind, TicketStatus};
use serde::Deserialize;

/// How many questions and corrections a page shows.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "questions.html")]
struct QuestionsPage {
    c: Chrome,
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct QuestionsQuery {
    cursor: Option<String>,
}

pub(super) async fn questions(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<QuestionsQuery>,
) -> Result<Response, Failure> {
    match unanswered(&app, &signed, query.cursor.as_deref()).await {
        Ok(page) => Ok(render(&page).into_response()),
        Err(error) => Err(signed.reader.failure(&app, error)),
    }
}

async fn unanswered(app: &App, signed: &Signed, cursor: Option<&str>) -> Result<QuestionsPage, ApiError> {
    if signed.identity.only_agency().is_some() {
        return Err(ApiError::Forbidden("the reference book is the city's".to_owned()));
    }
    let words = signed.reader.words(app);
    let filter = TicketFilter {
        kind: Some(RequestKind::Question),
        answered: Some(false),
        statuses: vec![TicketStatus::Review, TicketStatus::Assigned, TicketStatus::Reopened],
        ..Default::default()
    };
    let cursor = cursor.map(str::parse::<Cursor>).transpose()?;
    let page = app.store().list(&filter, Order::Newest, cursor.as_ref(), PAGE).await?;
    Ok(QuestionsPage {
        c: signed.reader.chrome(app, words.t.questions),
        rows: page.tickets.iter().map(|ticket| Row::new(&words, ticket, false)).collect(),
        next: page.next.map(|cursor| format!("/questions?cursor={}", encode(&cursor.to_string()))),
    })
}

struct CorrectionRow {
    id: i64,
    ticket: String,
    from: String,
    to: String,
    words: String,
    lang: Option<&'static str>,
    reason: Option<String>,
    when: String,
    who: String,
    model: Option<String>,
}

#[derive(Template)]
#[template(path = "corrections.html")]
struct CorrectionsPage {
    c: Chrome,
    message: Option<&'static str>,
    may_edit: bool,
    rows: Vec<CorrectionRow>,
}

#[derive(Deserialize)]
pub(super) struct CorrectionsQuery {
    saved: Option<String>,
}

pub(super) async fn corrections_page(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<CorrectionsQuery>,
) -> Result<Response, Failure> {
    let found = corrections(&app, &signed.identity, Some(CorrectionState::Pending), 0, PAGE).await;
    let found = found.map_err(|error| signed.reader.failure(&app, error))?;
    let words = signed.reader.words(&app);
    let row = |one: Correction| CorrectionRow {
        id: one.id,
        ticket: one.ticket_id.to_string(),
        // What the model took it for says more than that nobody knew.
        from: words.category(one.guess.as_deref().unwrap_or(&one.from)),
        to: words.category(&one.to),
        words: one.transcript,
        lang: one.language.map(|language| language.code()),
        reason: one.reason,
        when: words.time(one.at),
        who: one.login,
        model: one.model,
    };
    let page = CorrectionsPage {
        c: signed.reader.chrome(&app, words.t.corrections),
        message: query.saved.map(|_| words.t.saved),
        may_edit: signed.identity.may_change(),
        rows: found.into_iter().map(row).collect(),
    };
    Ok(render(&page).into_response())
}

#[derive(Deserialize)]
pub(super) struct JudgeForm {
    state: String,
}

pub(super) async fn judge_correction(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<i64>,
    form: Result<Form<JudgeForm>, FormRejection>,
) -> Result<Response, Failure> {
    let unclear = |_| ApiError::Invalid("the form does not say what is wanted".to_owned());
    let outcome = async {
        let Form(form) = form.map_err(unclear)?;
        judge(&app, &signed.identity, id, &form.state).await
    };
    match outcome.await {
        Ok(()) => Ok(Redirect::to("/corrections?saved=1").into_response()),
        Err(error) => Err(signed.reader.failure(&app, error)),
    }
}
