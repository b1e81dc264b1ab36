//! Signing in and out of the API.

use super::ApiError;
use super::extract::Json as Body;
use super::problem::Problem;
use super::views::AccountView;
use crate::auth::{ClientAddress, Identity, is_foreign};
use crate::web::App;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who wants to come in.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SignInBody {
    /// The login.
    login: String,
    /// The password.
    password: String,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Send it as `Authorization: Bearer …`.
    token: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Who is signed in.
    account: AccountView,
}

#[utoipa::path(post, path = "/sign-in", tag = "session", security(()), request_body = SignInBody,
    responses((status = 200, body = SessionView),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json")))]
/// Signs somebody in.
pub(super) async fn sign_in(
    State(app): State<App>,
    ClientAddress(from): ClientAddress,
    headers: HeaderMap,
    Body(body): Body<SignInBody>,
) -> Result<Json<SessionView>, ApiError> {
    if is_foreign(&headers, app.gate().public_url()) {
        return Err(ApiError::Foreign);
    }
    let signed_in = app.gate().sign_in(&body.login, body.password, from).await?;
    Ok(Json(SessionView {
        token: signed_in.token.text().to_owned(),
        expires_at: signed_in.session.expires_at,
        account: signed_in.account.into(),
    }))
}

#[utoipa::path(post, path = "/sign-out", tag = "session",
    responses((status = 204), (status = 401, body = Problem, content_type = "application/problem+json")))]
/// Ends the session.
pub(super) async fn sign_out(State(app): State<App>, identity: Identity) -> Result<StatusCode, ApiError> {
    app.gate().sign_out(&identity).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(get, path = "/account", tag = "session",
    responses((status = 200, body = AccountView),
        (status = 401, body = Problem, content_type = "application/problem+json")))]
/// Tells who is signed in.
pub(super) async fn account(identity: Identity) -> Json<AccountView> {
    Json(identity.account.into())
}
