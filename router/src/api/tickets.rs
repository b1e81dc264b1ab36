//! Reading tickets: lists, one ticket, its history, its recording, its contact.

use super::ApiError;
use super::act::visible;
use super::extract::{Path, Query};
use super::problem::Problem;
use super::views::{ContactView, HistoryView, TicketList, TicketView, show_ticket, show_tickets};
use crate::auth::Identity;
use crate::store::{Cursor, Order, TicketFilter};
use crate::web::App;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dauys_events::{AgencyId, RequestKind, TicketId, TicketStatus};
use serde::Deserialize;
use uuid::Uuid;

/// How many tickets a page has, where nothing is said.
const PAGE: u32 = 50;
/// How many tickets a page has at most.
const LARGEST_PAGE: u32 = 200;

/// Which tickets, in which order.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// The agency's code.
    agency: Option<String>,
    /// Statuses, separated by commas.
    status: Option<String>,
    /// The category's code.
    category: Option<String>,
    /// The territory unit's code.
    unit: Option<String>,
    /// `request` or `question`.
    kind: Option<String>,
    /// Only questions with an answer from the reference book, or only those without.
    answered: Option<bool>,
    /// Only tickets whose target has passed without the agency's report.
    overdue: Option<bool>,
    /// `newest` (the last received first) or `urgent` (by priority, then by target).
    order: Option<String>,
    /// What the page before gave as `next`.
    cursor: Option<String>,
    /// How many, 1 to 200.
    limit: Option<u32>,
}

/// Reads a status by its name.
pub(crate) fn status_of(name: &str) -> Option<TicketStatus> {
    use TicketStatus::{Assigned, Confirmed, Done, Reopened, Review};
    [Review, Assigned, Done, Confirmed, Reopened].into_iter().find(|status| status.name() == name)
}

fn kind_of(name: &str) -> Result<RequestKind, ApiError> {
    match name {
        "request" => Ok(RequestKind::Request),
        "question" => Ok(RequestKind::Question),
        _ => Err(ApiError::Invalid("the kind is `request` or `question`".to_owned())),
    }
}

/// Limits a filter to what somebody may see.
pub(crate) fn own_filter(identity: &Identity, asked: Option<String>) -> Result<Option<AgencyId>, ApiError> {
    let asked = asked.filter(|code| !code.is_empty()).map(AgencyId);
    match (identity.only_agency(), asked) {
        (Some(own), Some(asked)) if own != asked => {
            Err(ApiError::Forbidden("this account sees its own agency's tickets only".to_owned()))
        }
        (Some(own), _) => Ok(Some(own)),
        (None, asked) => Ok(asked),
    }
}

#[utoipa::path(get, path = "/tickets", tag = "tickets", params(ListQuery),
    responses((status = 200, body = TicketList),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
/// Lists tickets; an agency's account gets its own agency's only.
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(query): Query<ListQuery>,
) -> Result<Json<TicketList>, ApiError> {
    let now = app.now();
    let names = query.status.as_deref().unwrap_or_default().split(',').filter(|name| !name.is_empty());
    let unknown = |name: &str| ApiError::Invalid(format!("there is no status `{name}`"));
    let statuses: Result<Vec<_>, _> = names.map(|name| status_of(name).ok_or_else(|| unknown(name))).collect();
    let order = match query.order.as_deref() {
        None | Some("newest") => Order::Newest,
        Some("urgent") => Order::Urgent,
        Some(_) => return Err(ApiError::Invalid("the order is `newest` or `urgent`".to_owned())),
    };
    let filter = TicketFilter {
        agency: own_filter(&identity, query.agency)?,
        statuses: statuses?,
        category: query.category,
        unit: query.unit,
        kind: query.kind.as_deref().map(kind_of).transpose()?,
        answered: query.answered,
        overdue_at: query.overdue.unwrap_or(false).then_some(now),
        ..Default::default()
    };
    let cursor = query.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let page = app.store().list(&filter, order, cursor.as_ref(), limit).await?;
    Ok(Json(TicketList {
        tickets: show_tickets(&app, &identity, page.tickets).await?,
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}

#[utoipa::path(get, path = "/tickets/{id}", tag = "tickets", params(("id" = Uuid, Path, description = "The ticket")),
    responses((status = 200, body = TicketView),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
/// Shows a ticket.
pub(super) async fn one(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<Uuid>,
) -> Result<Json<TicketView>, ApiError> {
    let ticket = visible(&app, &identity, TicketId(id)).await?;
    Ok(Json(show_ticket(&app, &identity, ticket).await?))
}

#[utoipa::path(get, path = "/tickets/{id}/history", tag = "tickets",
    params(("id" = Uuid, Path, description = "The ticket")),
    responses((status = 200, body = Vec<HistoryView>),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
/// Tells everything that happened to a ticket, oldest first.
pub(super) async fn history(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<HistoryView>>, ApiError> {
    let ticket = visible(&app, &identity, TicketId(id)).await?;
    let history = app.store().history(ticket.ticket_id).await?;
    Ok(Json(history.into_iter().map(Into::into).collect()))
}

#[utoipa::path(get, path = "/tickets/{id}/contact", tag = "tickets",
    params(("id" = Uuid, Path, description = "The ticket")),
    responses((status = 200, body = ContactView),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
/// Shows how to reach the citizen. Who looked, and when, is kept.
pub(super) async fn contact(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<Uuid>,
) -> Result<Json<ContactView>, ApiError> {
    Ok(Json(look_at_contact(&app, &identity, TicketId(id)).await?))
}

/// Reads a contact by right, which the store notes.
pub(crate) async fn look_at_contact(app: &App, identity: &Identity, id: TicketId) -> Result<ContactView, ApiError> {
    let ticket = visible(app, identity, id).await?;
    if !identity.may_change() {
        return Err(ApiError::Forbidden("this account sees no contacts".to_owned()));
    }
    let contact = app.store().contact(ticket.ticket_id, &identity.account, app.now()).await?;
    tracing::info!(login = %identity.account.login, ticket = %ticket.ticket_id, "a contact was looked at");
    Ok(contact.into())
}

#[utoipa::path(get, path = "/tickets/{id}/recording", tag = "tickets",
    params(("id" = Uuid, Path, description = "The ticket")),
    responses((status = 200, description = "The audio", content_type = "audio/wav"),
        (status = 206, description = "A range of the audio", content_type = "audio/wav"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "The range lies outside the audio")))]
/// Gives the recording, whole and checked against its SHA-256, or one byte range of it (RFC 9110 section 14).
pub(super) async fn recording(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let ticket = visible(&app, &identity, TicketId(id)).await?;
    let reference = ticket.recording.ok_or(ApiError::NotFound("recording"))?;
    let audio = app.recordings().get(&reference).await?;
    tracing::info!(login = %identity.account.login, ticket = %ticket.ticket_id, "a recording was listened to");
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let mut response = part_of(audio, range);
    let kind = HeaderValue::from_str(&reference.media_type);
    let kind = kind.ok().filter(|kind| kind.as_bytes().starts_with(b"audio/"));
    let unknown = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind.unwrap_or(unknown));
    Ok(response)
}

/// Answers with the whole or with one range.
fn part_of(audio: Bytes, range: Option<&str>) -> Response {
    let length = audio.len();
    let accepts = (header::ACCEPT_RANGES, "bytes".to_owned());
    match range.and_then(|range| byte_range(range, length)) {
        None => (StatusCode::OK, [accepts], Body::from(audio)).into_response(),
        Some(Ok((first, last))) => {
            let says = (header::CONTENT_RANGE, format!("bytes {first}-{last}/{length}"));
            (StatusCode::PARTIAL_CONTENT, [accepts, says], Body::from(audio.slice(first..=last))).into_response()
        }
        Some(Err(())) => {
            let says = (header::CONTENT_RANGE, format!("bytes */{length}"));
            (StatusCode::RANGE_NOT_SATISFIABLE, [accepts, says]).into_response()
        }
    }
}

/// Reads a single byte range as (first, last). None for what is no such range and is to be ignored; an error for one that
/// lies outside.
fn byte_range(range: &str, length: usize) -> Option<Result<(usize, usize), ()>> {
    let (first, last) = range.strip_prefix("bytes=")?.trim().split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return None;
    }
    let end = length.checked_sub(1);
    let span = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first > last => return None,
        (Ok(first), Ok(last)) => end.map(|end| (first, last.min(end))),
        (Ok(first), Err(_)) if last.is_empty() => end.map(|end| (first, end)),
        (Err(_), Ok(count)) if first.is_empty() => {
            end.filter(|_| count > 0).map(|end| (length.saturating_sub(count), end))
        }
        _ => return None,
    };
    Some(span.filter(|(first, last)| first <= last).ok_or(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        assert_eq!(byte_range("bytes=0-499", 1000), Some(Ok((0, 499))));
        assert_eq!(byte_range("bytes=500-", 1000), Some(Ok((500, 999))));
        assert_eq!(byte_range("bytes=-100", 1000), Some(Ok((900, 999))));
        assert_eq!(byte_range("bytes=-5000", 1000), Some(Ok((0, 999))));
        assert_eq!(byte_range("bytes=900-5000", 1000), Some(Ok((900, 999))));
        assert_eq!(byte_range("bytes=1000-", 1000), Some(Err(())));
        assert_eq!(byte_range("bytes=-0", 1000), Some(Err(())));
        for ignored in ["bytes=9-3", "bytes=a-b", "bytes=0-1,5-6", "items=0-1", "bytes=-", "bytes=+1-2", ""] {
            assert_eq!(byte_range(ignored, 1000), None, "{ignored}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_lies_inside(range in "(bytes=)?[0-9]{0,22}-?[0-9]{0,22}.{0,3}", length in 0usize..100) {
            if let Some(Ok((first, last))) = byte_range(&range, length) {
                prop_assert!(first <= last && last < length);
            }
        }
    }
}
