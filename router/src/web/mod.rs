//! The pages: rendered here, without a build step and without a request to another host.

mod actions;
mod assets;
mod cabinet;
mod chrome;
mod desk;
mod editors;
mod format;
mod guard;
mod health;
mod incidents;
mod language;
mod operations;
mod sign_in;
mod state;
mod status;
mod texts;
mod ticket;

pub use health::{Check, health_routes};
pub use state::{App, Parts};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

/// The largest body of a request, in bytes: forms and small JSON.
const LARGEST_BODY: usize = 64 * 1024;

/// Builds the pages and the API, with their guards. Serve it with the peer's address
/// (`into_make_service_with_connect_info::<SocketAddr>()`), by which tries are counted.
pub fn routes(app: &App) -> Router {
    let pages = Router::new()
        .route("/", get(sign_in::home))
        .route("/sign-in", get(sign_in::page).post(sign_in::submit))
        .route("/sign-out", post(sign_in::leave))
        .route("/language/{code}", get(language::choose))
        .route("/cabinet", get(cabinet::page))
        .route("/desk", get(desk::page))
        .route("/operations", get(operations::page))
        .route("/incidents", get(incidents::list))
        .route("/incidents/{id}", get(incidents::one))
        .route("/incidents/{id}/{action}", post(incidents::submit))
        .route("/questions", get(editors::questions))
        .route("/corrections", get(editors::corrections_page))
        .route("/corrections/{id}", post(editors::judge_correction))
        .route("/tickets/{id}", get(ticket::page))
        .route("/tickets/{id}/contact", post(actions::contact))
        .route("/tickets/{id}/{action}", post(actions::submit))
        .route("/status", get(status::page))
        .route("/assets/{name}", get(assets::asset))
        .fallback(chrome::not_found);
    pages
        .merge(crate::api::api_routes())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(guard::in_time))
        .layer(from_fn_with_state(app.clone(), guard::headers))
        .with_state(app.clone())
}
