//! Changing tickets: done, confirmed, sent back, passed on, another category.

use super::ApiError;
use super::act::{Want, act};
use super::extract::{Json as Body, Path};
use super::problem::Problem;
use super::views::{TicketView, show_ticket};
use crate::auth::Identity;
use crate::web::App;
use axum::Json;
use axum::extract::State;
use dauys_events::{AgencyId, TicketId};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An action on a ticket.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct ActionBody {
    /// The revision that was looked at.
    revision: u32,
    /// Why; needed where staff write down the citizen's word.
    reason: Option<String>,
}

/// Passing a ticket on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct ReassignBody {
    /// The revision that was looked at.
    revision: u32,
    /// The agency's code.
    to: String,
    /// Why.
    reason: Option<String>,
}

/// Correcting a category.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct RecategoriseBody {
    /// The revision that was looked at.
    revision: u32,
    /// The category's code.
    to: String,
    /// Why.
    reason: Option<String>,
}

macro_rules! action {
    ($(#[$doc:meta])* $name:ident, $path:literal, $body:ident, |$given:ident| $want:expr) => {
        #[utoipa::path(post, path = $path, tag = "actions", params(("id" = Uuid, Path, description = "The ticket")),
            request_body = $body,
            responses((status = 200, body = TicketView),
                (status = 400, body = Problem, content_type = "application/problem+json"),
                (status = 401, body = Problem, content_type = "application/problem+json"),
                (status = 403, body = Problem, content_type = "application/problem+json"),
                (status = 404, body = Problem, content_type = "application/problem+json"),
                (status = 409, body = Problem, content_type = "application/problem+json",
                    description = "Somebody has changed the ticket, or its status does not allow this"),
                (status = 422, body = Problem, content_type = "application/problem+json")))]
        $(#[$doc])*
        pub(super) async fn $name(
            State(app): State<App>,
            identity: Identity,
            Path(id): Path<Uuid>,
            Body($given): Body<$body>,
        ) -> Result<Json<TicketView>, ApiError> {
            let (revision, reason) = ($given.revision, $given.reason.clone());
            let ticket = act(&app, &identity, TicketId(id), revision, $want, reason.as_deref()).await?;
            Ok(Json(show_ticket(&app, &identity, ticket).await?))
        }
    };
}

action! {
    /// Reports a ticket as done: the agency's word, which the citizen has still to confirm.
    done, "/tickets/{id}/done", ActionBody, |_given| Want::Done
}
action! {
    /// Writes down the citizen's word that it is solved.
    confirm, "/tickets/{id}/confirm", ActionBody, |_given| Want::Confirm
}
action! {
    /// Writes down the citizen's word that it is not solved.
    reopen, "/tickets/{id}/reopen", ActionBody, |_given| Want::Reopen
}
action! {
    /// Gives a ticket to another agency.
    reassign, "/tickets/{id}/reassign", ReassignBody, |given| Want::Reassign(AgencyId(given.to))
}
action! {
    /// Corrects the category; the ticket goes to the agency that answers for it there.
    recategorise, "/tickets/{id}/recategorise", RecategoriseBody, |given| Want::Recategorise(given.to)
}
