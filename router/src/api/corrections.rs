//! What inspectors corrected: for others to look at, and for the model to learn from once they have.

use super::ApiError;
use super::extract::{Json as Body, Path, Query};
use super::problem::Problem;
use crate::auth::Identity;
use crate::store::{Correction, CorrectionState, StoreError};
use crate::web::App;
use axum::Json;
use axum::extract::State;
use dauys_events::{Language, TicketId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many corrections a page has at most.
const LONGEST_PAGE: u32 = 500;

/// A corrected category.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Correction)]
pub(crate) struct CorrectionView {
    /// Its id; send the last one as `after` for the next page.
    id: i64,
    /// The ticket.
    #[schema(value_type = Uuid)]
    ticket_id: TicketId,
    /// The words.
    text: String,
    /// Their language.
    #[schema(value_type = Option<String>)]
    language: Option<Language>,
    /// The category before.
    from: String,
    /// The category that the person chose.
    to: String,
    /// The model's best guess, where it was not sure enough to decide.
    guess: Option<String>,
    /// The version of the model that decided.
    model: Option<String>,
    /// Who corrected it.
    by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Why.
    reason: Option<String>,
    /// `pending`, `accepted`, `rejected` or `superseded` (corrected again later).
    #[schema(value_type = String)]
    state: CorrectionState,
    /// Who looked at it.
    reviewed_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    reviewed_at: Option<Timestamp>,
}

impl From<Correction> for CorrectionView {
    fn from(correction: Correction) -> Self {
        let (reviewed_by, reviewed_at) = correction.reviewed.unzip();
        Self {
            id: correction.id,
            ticket_id: correction.ticket_id,
            text: correction.transcript,
            language: correction.language,
            from: correction.from,
            to: correction.to,
            guess: correction.guess,
            model: correction.model,
            by: correction.login,
            at: correction.at,
            reason: correction.reason,
            state: correction.state,
            reviewed_by,
            reviewed_at,
        }
    }
}

/// A phrase to learn from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TrainingPhrase {
    /// The words.
    text: String,
    /// Their language.
    #[schema(value_type = Option<String>)]
    language: Option<Language>,
    /// The category that people say it is.
    category: String,
    /// Who corrected it.
    by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// Which corrections.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CorrectionQuery {
    /// `pending`, `accepted`, `rejected` or `superseded`.
    state: Option<String>,
    /// The last id of the page before.
    after: Option<i64>,
    /// How many, 1 to 500.
    limit: Option<u32>,
}

/// What somebody makes of a correction.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct ReviewBody {
    /// `accepted` (the model may learn from it) or `rejected`.
    state: String,
}

/// Reads corrections by right: they hold citizens' words from every agency.
pub(crate) async fn corrections(
    app: &App,
    identity: &Identity,
    state: Option<CorrectionState>,
    after: i64,
    limit: u32,
) -> Result<Vec<Correction>, ApiError> {
    if identity.only_agency().is_some() {
        return Err(ApiError::Forbidden("corrections are the city's".to_owned()));
    }
    Ok(app.store().corrections(state, after, limit).await?)
}

/// Keeps what somebody made of a correction.
pub(crate) async fn judge(app: &App, identity: &Identity, id: i64, state: &str) -> Result<(), ApiError> {
    if !identity.may_change() || identity.only_agency().is_some() {
        return Err(ApiError::Forbidden("corrections are looked at by the city's staff".to_owned()));
    }
    let state = match CorrectionState::from_name(state) {
        Some(state @ (CorrectionState::Accepted | CorrectionState::Rejected)) => state,
        _ => return Err(ApiError::Invalid("a correction is `accepted` or `rejected`".to_owned())),
    };
    let kept = app.store().review_correction(id, state, &identity.account.login, app.now()).await;
    kept.map_err(|error| match error {
        StoreError::NotFound => ApiError::NotFound("correction"),
        other => other.into(),
    })
}

#[utoipa::path(get, path = "/corrections", operation_id = "list_corrections", tag = "corrections",
    params(CorrectionQuery),
    responses((status = 200, body = Vec<CorrectionView>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
/// Lists corrected categories in the order in which they were made.
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(query): Query<CorrectionQuery>,
) -> Result<Json<Vec<CorrectionView>>, ApiError> {
    let unknown = || ApiError::Invalid("there is no such state of a correction".to_owned());
    let state = query.state.as_deref().map(|name| CorrectionState::from_name(name).ok_or_else(unknown)).transpose()?;
    let limit = query.limit.unwrap_or(LONGEST_PAGE).clamp(1, LONGEST_PAGE);
    let found = corrections(&app, &identity, state, query.after.unwrap_or(0), limit).await?;
    Ok(Json(found.into_iter().map(Into::into).collect()))
}

#[utoipa::path(post, path = "/corrections/{id}/review", operation_id = "review_correction", tag = "corrections",
    params(("id" = i64, Path, description = "The correction")), request_body = ReviewBody,
    responses((status = 204, description = "Kept, with who and when"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
/// Says whether the model may learn from a correction.
pub(super) async fn review(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<i64>,
    Body(body): Body<ReviewBody>,
) -> Result<axum::http::StatusCode, ApiError> {
    judge(&app, &identity, id, &body.state).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

#[utoipa::path(get, path = "/corrections/training", operation_id = "training_phrases", tag = "corrections",
    params(CorrectionQuery),
    responses((status = 200, body = Vec<TrainingPhrase>),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json")))]
/// Lists the accepted corrections as phrases to learn from; `state` is ignored.
pub(super) async fn training(
    State(app): State<App>,
    identity: Identity,
    Query(query): Query<CorrectionQuery>,
) -> Result<Json<Vec<TrainingPhrase>>, ApiError> {
    let limit = query.limit.unwrap_or(LONGEST_PAGE).clamp(1, LONGEST_PAGE);
    let accepted = Some(CorrectionState::Accepted);
    let found = corrections(&app, &identity, accepted, query.after.unwrap_or(0), limit).await?;
    let phrase = |one: Correction| TrainingPhrase {
        text: one.transcript,
        language: one.language,
        category: one.to,
        by: one.login,
        at: one.at,
    };
    Ok(Json(found.into_iter().map(phrase).collect()))
}
