//! Incidents: what several citizens have reported, and what people do to them.

use super::ApiError;
use super::act::LONGEST_REASON;
use super::extract::{Json as Body, Path, Query};
use super::problem::Problem;
use super::views::{Place, TicketView, show_tickets};
use crate::auth::Identity;
use crate::store::{IncidentAction, IncidentEdit, IncidentEntry, IncidentFilter, StoreError};
use crate::web::App;
use axum::Json;
use axum::extract::State;
use dauys_events::{Actor, AgencyId, Incident, IncidentChange, IncidentId, IncidentScope, IncidentStatus, TicketId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How many incidents a list has at most.
const LONGEST_LIST: u32 = 200;
/// How many of an incident's tickets are shown.
pub(crate) const MOST_TICKETS: u32 = 500;

/// An incident.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Incident)]
pub(crate) struct IncidentView {
    /// The incident's id.
    #[schema(value_type = Uuid)]
    incident_id: IncidentId,
    /// Rises with every change; send it back with an action.
    revision: u32,
    /// `active` (takes further reports), `ended` or `merged`.
    #[schema(value_type = String)]
    status: IncidentStatus,
    /// The category's code.
    category: String,
    /// `place` (a house, a street, a spot) or `area` (a whole unit of the territory).
    #[schema(value_type = String)]
    scope: IncidentScope,
    /// The territory unit's code.
    unit: Option<String>,
    /// Where the report that opened it says that it is.
    place: Option<Place>,
    /// The agency of the report that opened it.
    #[schema(value_type = String)]
    agency: AgencyId,
    /// How many tickets it has.
    tickets: u32,
    /// How many citizens have reported it.
    reporters: u32,
    /// When the first of its citizens spoke.
    #[schema(value_type = String, format = DateTime)]
    first_report_at: Timestamp,
    /// When the last of its citizens spoke.
    #[schema(value_type = String, format = DateTime)]
    last_report_at: Timestamp,
    /// When it was recognised.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// When the last change was made.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
    /// The incident that has its reports now, where it was merged.
    #[schema(value_type = Option<Uuid>)]
    merged_into: Option<IncidentId>,
}

impl From<Incident> for IncidentView {
    fn from(incident: Incident) -> Self {
        Self {
            incident_id: incident.incident_id,
            revision: incident.revision,
            status: incident.status,
            category: incident.category,
            scope: incident.scope,
            unit: incident.unit,
            place: incident.place.map(Into::into),
            agency: incident.agency,
            tickets: incident.tickets,
            reporters: incident.reporters,
            first_report_at: incident.first_report_at,
            last_report_at: incident.last_report_at,
            opened_at: incident.opened_at,
            changed_at: incident.changed_at,
            merged_into: incident.merged_into,
        }
    }
}

/// A ticket of an incident.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct IncidentTicket {
    /// The ticket.
    ticket: TicketView,
    /// When it came to the incident.
    #[schema(value_type = String, format = DateTime)]
    joined_at: Timestamp,
    /// Why: `same_citizen`, `same_house`, `near`, `same_landmark`, `same_street`, `same_words`, `in_area`, `burst`,
    /// `nearly_all` or `person`.
    why: &'static str,
}

/// One thing that happened to an incident.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct IncidentHistory {
    /// Its place in the history, by which a merger or a split is taken back.
    id: i64,
    /// The revision that it led to.
    revision: u32,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What, with its details: an object whose `type` is `opened`, `merged`, `split`, `undone`, `ended` or `other`.
    #[schema(value_type = Object)]
    change: IncidentChange,
    /// Who: an object whose `type` is `system` or `account`.
    #[schema(value_type = Object)]
    actor: Actor,
    /// Why.
    reason: Option<String>,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    undone_at: Option<Timestamp>,
}

impl From<IncidentEntry> for IncidentHistory {
    fn from(entry: IncidentEntry) -> Self {
        let IncidentEntry { id, revision, at, change, actor, reason, undone_at } = entry;
        Self { id, revision, at, change, actor, reason, undone_at }
    }
}

/// Which incidents.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct IncidentQuery {
    /// Only those that take further reports.
    active: Option<bool>,
    /// How many, 1 to 200.
    limit: Option<u32>,
}

/// Taking in another incident.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct MergeBody {
    /// The revision that was looked at.
    revision: u32,
    /// The incident whose reports are taken in.
    from: Uuid,
    /// Why.
    reason: String,
}

/// Taking reports out.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct SplitBody {
    /// The revision that was looked at.
    revision: u32,
    /// The tickets; two or more make an incident of their own.
    tickets: Vec<Uuid>,
    /// Why.
    reason: String,
}

/// Taking a merger or a split back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct UndoBody {
    /// The revision that was looked at.
    revision: u32,
    /// The change's id in the history.
    change: i64,
    /// Why.
    reason: String,
}

/// Ending an incident.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct EndBody {
    /// The revision that was looked at.
    revision: u32,
    /// Why.
    reason: String,
}

/// Finds an incident that somebody may see: an agency those of which it holds a ticket.
pub(crate) async fn visible(app: &App, identity: &Identity, id: IncidentId) -> Result<Incident, ApiError> {
    let filter = IncidentFilter { id: Some(id), agency: identity.only_agency(), active: false };
    app.store().incidents(&filter, 1).await?.pop().ok_or(ApiError::NotFound("incident"))
}

/// Names an incident that a person makes of some reports.
#[expect(clippy::disallowed_methods, reason = "an id that a person's hand makes comes from the shell")]
pub(crate) fn new_id() -> IncidentId {
    IncidentId(Uuid::new_v4())
}

/// Does to an incident what a person wants. Grouping is the city's: agencies look on.
pub(crate) async fn edit(
    app: &App,
    identity: &Identity,
    incident: IncidentId,
    revision: u32,
    action: IncidentAction,
    reason: &str,
) -> Result<Incident, ApiError> {
    if !identity.may_change() || identity.only_agency().is_some() {
        return Err(ApiError::Forbidden("incidents are merged and split by the city's staff".to_owned()));
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(ApiError::ReasonMissing);
    }
    if reason.chars().count() > LONGEST_REASON {
        return Err(ApiError::Invalid(format!("a reason has at most {LONGEST_REASON} characters")));
    }
    let (actor, at) = (identity.account.actor(), app.now());
    let edit = IncidentEdit { incident, revision, action, actor, reason: reason.to_owned(), at };
    app.store().edit_incident(&edit).await.map_err(|error| match error {
        StoreError::NotFound => ApiError::NotFound("incident"),
        other => other.into(),
    })?;
    tracing::info!(login = %identity.account.login, %incident, "an incident was changed by hand");
    visible(app, identity, incident).await
}

#[utoipa::path(get, path = "/incidents", operation_id = "list_incidents", tag = "incidents", params(IncidentQuery),
    responses((status = 200, body = Vec<IncidentView>),
        (status = 401, body = Problem, content_type = "application/problem+json")))]
/// Lists incidents, the last reported first; an agency's account gets those of which it holds a ticket.
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(query): Query<IncidentQuery>,
) -> Result<Json<Vec<IncidentView>>, ApiError> {
    let active = query.active.unwrap_or(false);
    let filter = IncidentFilter { agency: identity.only_agency(), active, id: None };
    let limit = query.limit.unwrap_or(LONGEST_LIST).clamp(1, LONGEST_LIST);
    let incidents = app.store().incidents(&filter, limit).await?;
    Ok(Json(incidents.into_iter().map(Into::into).collect()))
}

#[utoipa::path(get, path = "/incidents/{id}", operation_id = "incident", tag = "incidents",
    params(("id" = Uuid, Path, description = "The incident")),
    responses((status = 200, body = IncidentView),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
/// Shows an incident.
pub(super) async fn one(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<Uuid>,
) -> Result<Json<IncidentView>, ApiError> {
    Ok(Json(visible(&app, &identity, IncidentId(id)).await?.into()))
}

#[utoipa::path(get, path = "/incidents/{id}/tickets", operation_id = "incident_tickets", tag = "incidents",
    params(("id" = Uuid, Path, description = "The incident")),
    responses((status = 200, body = Vec<IncidentTicket>),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
/// Lists an incident's tickets, the first received first, at most 500; an agency's account gets its own.
pub(super) async fn tickets(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<IncidentTicket>>, ApiError> {
    let incident = visible(&app, &identity, IncidentId(id)).await?.incident_id;
    let own = identity.only_agency();
    let members = app.store().incident_members(incident, own.as_ref(), MOST_TICKETS).await?;
    let joined: Vec<_> = members.iter().map(|member| (member.joined_at, member.why.name())).collect();
    let tickets = members.into_iter().map(|member| member.ticket).collect();
    let shown = show_tickets(&app, &identity, tickets).await?;
    let join = |(ticket, (joined_at, why))| IncidentTicket { ticket, joined_at, why };
    Ok(Json(shown.into_iter().zip(joined).map(join).collect()))
}

#[utoipa::path(get, path = "/incidents/{id}/history", operation_id = "incident_history", tag = "incidents",
    params(("id" = Uuid, Path, description = "The incident")),
    responses((status = 200, body = Vec<IncidentHistory>),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
/// Tells what happened to an incident, oldest first; the city's own accounts only.
pub(super) async fn history(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<IncidentHistory>>, ApiError> {
    if identity.only_agency().is_some() {
        return Err(ApiError::Forbidden("the history of incidents is the city's".to_owned()));
    }
    let incident = visible(&app, &identity, IncidentId(id)).await?.incident_id;
    let history = app.store().incident_history(incident).await?;
    Ok(Json(history.into_iter().map(Into::into).collect()))
}

macro_rules! action {
    ($(#[$doc:meta])* $name:ident, $id:literal, $path:literal, $body:ident, |$given:ident| $action:expr) => {
        #[utoipa::path(post, path = $path, operation_id = $id, tag = "incidents",
            params(("id" = Uuid, Path, description = "The incident")), request_body = $body,
            responses((status = 200, body = IncidentView),
                (status = 400, body = Problem, content_type = "application/problem+json"),
                (status = 401, body = Problem, content_type = "application/problem+json"),
                (status = 403, body = Problem, content_type = "application/problem+json"),
                (status = 404, body = Problem, content_type = "application/problem+json"),
                (status = 409, body = Problem, content_type = "application/problem+json",
                    description = "The incident has been changed since it was looked at"),
                (status = 422, body = Problem, content_type = "application/problem+json")))]
        $(#[$doc])*
        pub(super) async fn $name(
            State(app): State<App>,
            identity: Identity,
            Path(id): Path<Uuid>,
            Body($given): Body<$body>,
        ) -> Result<Json<IncidentView>, ApiError> {
            let (revision, reason) = ($given.revision, $given.reason.clone());
            Ok(Json(edit(&app, &identity, IncidentId(id), revision, $action, &reason).await?.into()))
        }
    };
}

action! {
    /// Takes in another incident's reports; its tickets stay with their citizens.
    merge, "merge_incident", "/incidents/{id}/merge", MergeBody,
    |given| IncidentAction::Merge { from: IncidentId(given.from) }
}
action! {
    /// Takes reports out that are about something else.
    split, "split_incident", "/incidents/{id}/split", SplitBody,
    |given| IncidentAction::Split { tickets: given.tickets.iter().copied().map(TicketId).collect(), into: new_id() }
}
action! {
    /// Takes a merger or a split back.
    undo, "undo_incident", "/incidents/{id}/undo", UndoBody, |given| IncidentAction::Undo { change: given.change }
}
action! {
    /// Ends an incident: it takes no more reports by itself.
    end, "end_incident", "/incidents/{id}/end", EndBody, |_given| IncidentAction::End
}
