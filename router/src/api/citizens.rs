//! What anybody may ask: where a registration number stands, and which agencies and categories the city has.

use super::ApiError;
use super::extract::Path;
use super::problem::Problem;
use super::views::{AgencyView, CategoryView, RegistrationTicket, RegistrationView, names};
use crate::auth::ClientAddress;
use crate::web::App;
use axum::Json;
use axum::extract::State;
use dauys_events::{NumberError, RegistrationNumber};

/// Reads a number as people write it: with spaces or dashes between the digits.
pub(crate) fn read_number(text: &str) -> Result<RegistrationNumber, NumberError> {
    let digits: String =
        text.chars().filter(|char| !char.is_whitespace() && !"-–—.№".contains(*char)).take(40).collect();
    digits.parse()
}

#[utoipa::path(get, path = "/registrations/{number}", tag = "citizens", security(()),
    params(("number" = String, Path, description = "The ten digits that the citizen was told")),
    responses((status = 200, body = RegistrationView),
        (status = 400, body = Problem, content_type = "application/problem+json",
            description = "Not ten digits, or the check digit does not fit"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json")))]
/// Tells a citizen where a request stands: its status and its agency, nothing else.
pub(super) async fn registration(
    State(app): State<App>,
    ClientAddress(from): ClientAddress,
    Path(number): Path<String>,
) -> Result<Json<RegistrationView>, ApiError> {
    app.gate().look_up(from).map_err(ApiError::TooOften)?;
    let number = read_number(&number).map_err(|error| ApiError::Invalid(error.to_string()))?;
    let tickets = app.store().tickets_by_number(number).await?;
    if tickets.is_empty() {
        return Err(ApiError::NotFound("registration number"));
    }
    let tickets = tickets.into_iter().map(|ticket| RegistrationTicket {
        status: ticket.status,
        agency_name: app.city().agency(&ticket.agency.0).map(|agency| names(&agency.name)).unwrap_or_default(),
        agency: ticket.agency,
    });
    Ok(Json(RegistrationView { registration_number: number, tickets: tickets.collect() }))
}

#[utoipa::path(get, path = "/agencies", tag = "city", security(()), responses((status = 200, body = Vec<AgencyView>)))]
/// Lists the city's agencies.
pub(super) async fn agencies(State(app): State<App>) -> Json<Vec<AgencyView>> {
    let agencies = app.city().agencies.agencies.iter().map(|agency| AgencyView {
        code: agency.code.clone(),
        name: names(&agency.name),
        kind: agency.kind.clone(),
        unit: agency.unit.clone(),
    });
    Json(agencies.collect())
}

#[utoipa::path(get, path = "/categories", tag = "city", security(()),
    responses((status = 200, body = Vec<CategoryView>)))]
/// Lists the city's categories.
pub(super) async fn categories(State(app): State<App>) -> Json<Vec<CategoryView>> {
    let taxonomy = &app.city().taxonomy;
    let section = |code: &str| taxonomy.sections.iter().find(|section| section.code == code);
    let categories = taxonomy.categories.iter().map(|category| CategoryView {
        code: category.code.clone(),
        name: names(&category.name),
        section: category.section.clone(),
        section_name: section(&category.section).map(|section| names(&section.name)).unwrap_or_default(),
        target_hours: category.target_hours,
    });
    Json(categories.collect())
}
