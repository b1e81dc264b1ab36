//! The API: JSON under `/api/v1`, described by the OpenAPI document at `/api/openapi.json`.

pub(crate) mod act;
mod actions;
mod calls;
pub(crate) mod citizens;
pub(crate) mod corrections;
mod extract;
pub(crate) mod incidents;
mod live;
mod problem;
mod session;
pub(crate) mod tickets;
pub(crate) mod views;

pub(crate) use extract::{Path, Query};
pub use problem::{ApiError, Problem};

use crate::web::App;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(title = "dauys", description = "Tickets of a city's line, for its staff, its agencies and its citizens."),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Api;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

fn described() -> OpenApiRouter<App> {
    let v1 = OpenApiRouter::new()
        .routes(routes!(session::sign_in))
        .routes(routes!(session::sign_out))
        .routes(routes!(session::account))
        .routes(routes!(tickets::list))
        .routes(routes!(tickets::one))
        .routes(routes!(tickets::history))
        .routes(routes!(tickets::contact))
        .routes(routes!(tickets::recording))
        .routes(routes!(actions::done))
        .routes(routes!(actions::confirm))
        .routes(routes!(actions::reopen))
        .routes(routes!(actions::reassign))
        .routes(routes!(actions::recategorise))
        .routes(routes!(incidents::list))
        .routes(routes!(incidents::one))
        .routes(routes!(incidents::tickets))
        .routes(routes!(incidents::history))
        .routes(routes!(incidents::merge))
        .routes(routes!(incidents::split))
        .routes(routes!(incidents::undo))
        .routes(routes!(incidents::end))
        .routes(routes!(corrections::list))
        .routes(routes!(corrections::review))
        .routes(routes!(corrections::training))
        .routes(routes!(calls::call))
        .routes(routes!(citizens::registration))
        .routes(routes!(citizens::agencies))
        .routes(routes!(citizens::categories))
        .routes(routes!(live::figures))
        .routes(routes!(live::live));
    OpenApiRouter::with_openapi(Api::openapi()).nest("/api/v1", v1)
}

/// Returns the OpenAPI document as it is kept in `router/openapi.json`.
pub fn openapi() -> String {
    let document = described().into_openapi();
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Builds `/api/v1/…` and `/api/openapi.json`.
pub(crate) fn api_routes() -> Router<App> {
    let (router, document) = described().split_for_parts();
    router
        .route("/api/openapi.json", get(move || std::future::ready(Json(document.clone()))))
        .route("/api/{*rest}", axum::routing::any(|| async { ApiError::NotFound("address in the API") }))
}
