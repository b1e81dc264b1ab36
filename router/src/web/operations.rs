//! The operations page: calls against capacity, how far behind the line is, and how the organisations do.

use super::App;
use super::chrome::{Chrome, Failure, Signed, encode, render, wants_part};
use super::format::Words;
use super::texts::{Texts, fill};
use super::ticket::Fact;
use crate::api::{ApiError, Query};
use crate::figures::{OrganisationRow, Snapshot};
use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// What the city promises from the last word to the cabinet, in seconds.
const PROMISE: f64 = 10.0;

struct Tiles {
    calls_now: String,
    calls_now_value: u64,
    of_capacity: String,
    capacity: u64,
    high: u64,
    per_second: String,
    answered: String,
    refused: String,
    waiting: String,
    oldest: String,
    median: String,
    p99: String,
    promise: String,
}

struct Organisation {
    total: bool,
    href: Option<String>,
    name: String,
    open: String,
    overdue: String,
    late: bool,
    done: String,
    confirmed: String,
    on_time: String,
    median: String,
}

struct CategoryRow {
    name: String,
    count: String,
    width: String,
    share: String,
}

struct StageRow {
    name: &'static str,
    waiting: String,
    oldest: String,
}

struct Tables {
    t: &'static Texts,
    organisations: Vec<Organisation>,
    categories: Vec<CategoryRow>,
    stages: Vec<StageRow>,
    calls: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "operations.html")]
struct OperationsPage {
    c: Chrome,
    tiles: Tiles,
    tables: Tables,
}

#[derive(Template)]
#[template(path = "operations_tables.html")]
struct OperationsTables {
    tables: Tables,
}

#[derive(Deserialize)]
pub(super) struct OperationsQuery {
    part: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    Query(query): Query<OperationsQuery>,
) -> Result<Response, Failure> {
    if signed.identity.only_agency().is_some() {
        let error = ApiError::Forbidden("the operations page is the city's".to_owned());
        return Err(signed.reader.failure(&app, error));
    }
    let words = signed.reader.words(&app);
    let latest = app.board().latest();
    let tables = tables(&words, &latest.snapshot);
    if wants_part(&headers, query.part.as_deref()) {
        return Ok(render(&OperationsTables { tables }).into_response());
    }
    let c = signed.reader.chrome(&app, words.t.operations);
    Ok(render(&OperationsPage { c, tiles: tiles(&words, &latest.snapshot), tables }).into_response())
}

fn tiles(words: &Words<'_>, snapshot: &Snapshot) -> Tiles {
    let none = || words.t.no_data.to_owned();
    let calls = snapshot.calls.as_ref();
    let pipeline = snapshot.pipeline.as_ref();
    let to_cabinet = snapshot.to_cabinet.as_ref();
    let capacity = calls.map_or(0, |calls| calls.capacity);
    Tiles {
        calls_now: calls.map_or_else(none, |calls| words.count(calls.now)),
        calls_now_value: calls.map_or(0, |calls| calls.now),
        of_capacity: fill(words.t.of_capacity, &[&words.count(capacity)]),
        capacity: capacity.max(1),
        high: capacity * 9 / 10,
        per_second: calls.map_or_else(none, |calls| words.decimal(calls.per_second)),
        answered: calls.map_or_else(none, |calls| words.count(calls.answered)),
        refused: calls.map_or_else(none, |calls| words.count(calls.refused)),
        waiting: pipeline.and_then(|pipeline| pipeline.waiting).map_or_else(none, |waiting| words.count(waiting)),
        oldest: words.maybe_seconds(pipeline.and_then(|pipeline| pipeline.oldest_waiting_seconds)),
        median: words.maybe_seconds(to_cabinet.and_then(|times| times.median_seconds)),
        p99: words.maybe_seconds(to_cabinet.and_then(|times| times.p99_seconds)),
        promise: fill(words.t.promise, &[&format!("{PROMISE:.0}")]),
    }
}

fn tables(words: &Words<'_>, snapshot: &Snapshot) -> Tables {
    let city = &snapshot.city;
    let mut rows: Vec<&OrganisationRow> = city.organisations.iter().collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.overdue), std::cmp::Reverse(row.open)));
    let mut organisations = vec![organisation(words, &city.all)];
    organisations.extend(rows.into_iter().map(|row| organisation(words, row)));
    let all: u64 = city.categories.iter().map(|row| row.tickets).sum::<u64>() + city.other_categories;
    let category = |name: String, tickets: u64| {
        let share = if all == 0 { 0.0 } else { tickets as f64 / all as f64 };
        let width = format!("{:.1}", share * 100.0);
        CategoryRow { name, count: words.count(tickets), width, share: words.percent(share) }
    };
    let mut categories: Vec<CategoryRow> =
        city.categories.iter().map(|row| category(words.category(&row.category), row.tickets)).collect();
    categories.push(category(words.t.category_rest.to_owned(), city.other_categories));
    let stages = snapshot.pipeline.iter().flat_map(|pipeline| &pipeline.stages).map(|stage| StageRow {
        name: match stage.stage {
            "transcription" => words.t.stage_transcription,
            "understanding" => words.t.stage_understanding,
            _ => words.t.stage_outbox,
        },
        waiting: stage.waiting.map_or_else(|| words.t.no_data.to_owned(), |waiting| words.count(waiting)),
        oldest: stage.oldest_seconds.map_or_else(|| "–".to_owned(), |seconds| words.seconds(seconds)),
    });
    Tables { t: words.t, organisations, categories, stages: stages.collect(), calls: calls(words, snapshot) }
}

fn organisation(words: &Words<'_>, row: &OrganisationRow) -> Organisation {
    let total = row.agency.is_none();
    Organisation {
        total,
        href: row.agency.as_ref().map(|code| format!("/cabinet?agency={}", encode(code))),
        name: row.agency.as_ref().map_or_else(|| words.t.all_agencies.to_owned(), |code| words.agency(code)),
        open: words.count(row.open),
        overdue: words.count(row.overdue),
        late: row.overdue > 0,
        done: words.count(row.done),
        confirmed: words.count(row.confirmed),
        on_time: row.on_time.map_or_else(|| "–".to_owned(), |share| words.percent(share)),
        median: row.to_cabinet_median_seconds.map_or_else(|| "–".to_owned(), |seconds| words.seconds(seconds)),
    }
}

fn calls(words: &Words<'_>, snapshot: &Snapshot) -> Vec<Fact> {
    let Some(calls) = &snapshot.calls else { return vec![] };
    let t = words.t;
    let fact = |label, value| Fact { label, value, class: "" };
    let none = || t.no_data.to_owned();
    let lost = |share: f64| format!("{}\u{a0}%", words.decimal(share * 100.0));
    vec![
        fact(t.answered, words.count(calls.day_answered)),
        fact(t.recorded, words.count(calls.day_recorded)),
        fact(t.call_length, words.maybe_seconds(calls.mean_seconds)),
        fact(t.voice_quality, calls.mos_p05.map_or_else(none, |mos| words.decimal(mos))),
        fact(t.packets_lost, calls.loss.map_or_else(none, lost)),
        Fact {
            label: t.packets_dropped,
            value: words.count(calls.dropped),
            class: if calls.dropped > 0 { "bad" } else { "" },
        },
    ]
}
