//! The transcriber's room put together: the engine that the settings name, the worker behind the bus, and the service that
//! others may use with a token.

use crate::progress::step;
use anyhow::Context;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use dauys_bus::{Bus, Recordings};
use dauys_config::Settings;
use dauys_config::city::{City, Level};
use dauys_events::Language;
use dauys_router::web::App;
use dauys_transcriber::engine::Engine;
use dauys_transcriber::load::LoadBoard;
use dauys_transcriber::service::{self, ServiceError};
use dauys_transcriber::urgency::Urgency;
use dauys_transcriber::words::CityWords;
use dauys_transcriber::worker::{Worker, WorkerSettings};
use std::sync::Arc;
use tokio::runtime::Handle;

/// Starts the engine that the settings name, and warms it.
pub(crate) async fn load_engine(settings: &Settings, city: &City) -> anyhow::Result<Arc<dyn Engine>> {
    let shown = step("speech model");
    let (own, data) = (settings.transcriber.clone(), settings.node.data.clone());
    let client = reqwest::Client::builder().build()?;
    let runtime = Handle::current();
    let words = if own.city_words { city_words(city, &own.languages) } else { CityWords::default() };
    let load = move || dauys_transcriber::settings::engine(&own, &data, &words, client, runtime);
    let engine = tokio::task::spawn_blocking(load).await?.context("[transcriber] model")?;
    let about = engine.describe();
    let demo = settings.transcriber.engine.loads_model() && settings.transcriber.model == "demo";
    let demo = if demo { " (a demonstration: synthetic voices only)" } else { "" };
    shown.done(&format!("{}, {} at once{demo}", about.model, about.parallel));
    Ok(engine)
}

/// The names that a model reads before it listens: districts, smaller places, streets, then agencies. Everyday words are left out:
/// the model can spell them.
fn city_words(city: &City, expected: &[Language]) -> CityWords {
    let mut units: Vec<_> = city.territory.units.iter().filter(|unit| !unit.ambiguous).collect();
    units.sort_by_key(|unit| unit.level);
    let names = |language: Language| {
        let places = units.iter().filter(|unit| unit.level > Level::City).map(|unit| unit.name.get(language));
        let agencies = city.agencies.agencies.iter().map(|agency| agency.name.get(language));
        (language, places.chain(agencies).map(String::as_str).collect())
    };
    let spoken = city.settings.languages.iter().filter(|language| expected.contains(language));
    CityWords::new(&spoken.map(|&language| names(language)).collect::<Vec<_>>())
}

/// Makes the worker: what the city pack calls dangerous is heard first.
pub(crate) fn worker(
    settings: &Settings,
    city: &City,
    engine: Arc<dyn Engine>,
    bus: &Arc<dyn Bus>,
    recordings: &Recordings,
) -> Worker {
    let dangers = city.lexicon.dangers.iter().flat_map(|danger| danger.patterns.iter().flat_map(|(_, list)| list));
    let pace = WorkerSettings {
        room: settings.transcriber.waiting_room,
        urgency: Urgency::new(dangers.map(String::as_str)),
        ..WorkerSettings::default()
    };
    let pipeline = dauys_transcriber::settings::pipeline(&settings.transcriber);
    Worker::new(Arc::clone(bus), recordings.clone(), engine, pipeline, pace)
}

/// Builds the service's routes, for whoever shows the token of staff or of a program.
pub(crate) fn routes(settings: &Settings, engine: Arc<dyn Engine>, board: Arc<LoadBoard>, app: &App) -> axum::Router {
    let pipeline = dauys_transcriber::settings::pipeline(&settings.transcriber);
    let gate = axum::middleware::from_fn_with_state(app.clone(), admit);
    service::routes(engine, pipeline, board).layer(gate)
}

/// Lets accounts in that belong to no agency: the city's own. A cookie is not enough: another site could send it.
async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    use dauys_router::auth::Carrier;
    match app.gate().who(request.headers()).await {
        Ok(Some(identity)) if identity.carrier == Carrier::Bearer => {
            if identity.only_agency().is_none() {
                next.run(request).await
            } else {
                ServiceError::Forbidden.into_response()
            }
        }
        Ok(_) => service::unauthorised(),
        Err(error) => {
            tracing::warn!(%error, "a token could not be looked up");
            ServiceError::Stopping.into_response()
        }
    }
}

#[cfg(test)]
mod tests;
