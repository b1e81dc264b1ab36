//! What became of a call, by its SIP Call-ID; a test phone waits for it here.

use super::ApiError;
use super::extract::{Path, Query};
use super::problem::Problem;
use super::views::CallView;
use crate::auth::Identity;
use crate::store::StoreError;
use crate::web::App;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// The longest wait in seconds.
const LONGEST_WAIT: u64 = 30;

/// How long to wait.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// Seconds to wait for the ticket where it is not there yet, at most 30.
    wait: Option<u64>,
}

#[utoipa::path(get, path = "/calls/{sip_call_id}", tag = "calls",
    params(("sip_call_id" = String, Path, description = "The SIP Call-ID, percent-encoded"), WaitQuery),
    responses((status = 200, body = CallView),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Not there yet"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
/// Tells which ticket a call has led to.
pub(super) async fn call(
    State(app): State<App>,
    identity: Identity,
    Path(call_id): Path<String>,
    Query(query): Query<WaitQuery>,
) -> Result<Json<CallView>, ApiError> {
    let wait = query.wait.unwrap_or(0).min(LONGEST_WAIT);
    if wait == 0 {
        return find(&app, &identity, &call_id).await?.map(Json).ok_or(ApiError::NotFound("call with a ticket"));
    }
    let _place = app.waiters().try_acquire().map_err(|_| ApiError::Busy)?;
    let found = tokio::time::timeout(Duration::from_secs(wait), wait_for(&app, &identity, &call_id)).await;
    match found {
        Ok(found) => Ok(Json(found?)),
        Err(_) => find(&app, &identity, &call_id).await?.map(Json).ok_or(ApiError::NotFound("call with a ticket")),
    }
}

/// Waits for the ticket by the shared stream of changes, so that no waiter asks the store again and again.
async fn wait_for(app: &App, identity: &Identity, call_id: &str) -> Result<CallView, ApiError> {
    let mut news = app.board().news();
    loop {
        if let Some(found) = find(app, identity, call_id).await? {
            return Ok(found);
        }
        loop {
            match news.recv().await {
                Ok(Some(one)) if one.external_id.as_deref() != Some(call_id) => {}
                Ok(_) | Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return Err(ApiError::Busy),
            }
        }
    }
}

async fn find(app: &App, identity: &Identity, call_id: &str) -> Result<Option<CallView>, StoreError> {
    let tickets = app.store().tickets_by_external_id(call_id).await?;
    let count = tickets.len();
    let seen = tickets.into_iter().find(|ticket| identity.may_see(&ticket.agency));
    Ok(seen.map(|ticket| CallView::new(call_id.to_owned(), ticket, count)))
}
