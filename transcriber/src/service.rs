//! The transcriber as a service that speaks OpenAI's protocol: `/v1/audio/transcriptions` and `/v1/models`, so that any
//! client of that API can use it, another dauys among them. Who may ask is decided where the routes are mounted.
//!
//! Memory is bounded: as many requests are taken in as are heard and as many again; others are told when to come back before
//! anything of theirs is read.

mod answer;
mod form;
mod problem;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use dauys_events::Language;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::engine::{Engine, Hint};
use crate::load::LoadBoard;
use crate::telemetry;
use crate::transcribe::Pipeline;
use form::Upload;
pub use problem::{ServiceError, unauthorised};

/// The largest request: what the API that this one follows allows.
const MAX_BODY: usize = 25 << 20;
/// The name that every client of the API knows.
const COMMON_NAME: &str = "whisper-1";

/// Returns the English name of a language in lower case, as the API writes it.
#[must_use]
pub const fn language_name(language: Language) -> &'static str {
    match language {
        Language::Kk => "kazakh",
        Language::Ru => "russian",
        Language::Uz => "uzbek",
        Language::En => "english",
    }
}

/// What the service needs.
struct Service {
    engine: Arc<dyn Engine>,
    pipeline: Pipeline,
    board: Arc<LoadBoard>,
    /// Requests inside: heard or about to be.
    inside: Arc<Semaphore>,
    /// Requests that are heard.
    heard: Semaphore,
}

/// Builds the routes. `board` is the worker's, whose load is published with them.
pub fn routes(engine: Arc<dyn Engine>, pipeline: Pipeline, board: Arc<LoadBoard>) -> Router {
    let parallel = engine.describe().parallel.max(1);
    let service = Service {
        inside: Arc::new(Semaphore::new(2 * parallel)),
        heard: Semaphore::new(parallel),
        engine,
        pipeline,
        board,
    };
    Router::new()
        .route("/v1/audio/transcriptions", post(transcribe))
        .route("/v1/models", get(models))
        .route("/v1/models/{id}", get(model))
        .route("/v1/load", get(load))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(service))
}

async fn transcribe(State(service): State<Arc<Service>>, request: Request) -> Response {
    let answered = service.transcribe(request).await;
    match answered {
        Ok(response) => {
            telemetry::served("ok");
            response
        }
        Err(error) => {
            telemetry::served(if matches!(error, ServiceError::Busy { .. }) { "busy" } else { "refused" });
            error.into_response()
        }
    }
}

impl Service {
    async fn transcribe(self: &Arc<Self>, request: Request) -> Result<Response, ServiceError> {
        let busy = || ServiceError::Busy { seconds: self.board.read().waiting_seconds.ceil().clamp(1.0, 60.0) as u64 };
        let inside = Arc::clone(&self.inside).try_acquire_owned().map_err(|_| busy())?;
        let multipart = Multipart::from_request(request, &()).await.map_err(|_| {
            ServiceError::Invalid("the request must be multipart/form-data with a `file`".to_owned(), None)
        })?;
        let upload = Upload::read(multipart).await?;
        if upload.model != COMMON_NAME && upload.model != self.engine.describe().model {
            return Err(ServiceError::NoSuchModel(upload.model));
        }
        let _heard = self.heard.acquire().await.map_err(|_| ServiceError::Stopping)?;
        let (own, file, hint) = (Arc::clone(self), upload.file, Hint::pressed(upload.language));
        let heard = tokio::task::spawn_blocking(move || {
            let _inside = inside;
            own.pipeline.transcribe(&file, &*own.engine, hint)
        });
        let transcript = heard
            .await
            .map_err(|_| ServiceError::Failed)?
            .map_err(|error| ServiceError::Invalid(error.to_string(), Some("file")))?;
        Ok(answer::write(&transcript, upload.format))
    }

    fn models(&self) -> Vec<Value> {
        let own = self.engine.describe();
        [own.model.as_str(), COMMON_NAME]
            .iter()
            .map(|id| json!({"id": id, "object": "model", "created": 0, "owned_by": "dauys"}))
            .collect()
    }
}

async fn models(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({"object": "list", "data": service.models()}))
}

async fn model(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Response {
    let found = service.models().into_iter().find(|model| model.get("id").and_then(Value::as_str) == Some(id.as_str()));
    found.map_or_else(|| ServiceError::NoSuchModel(id).into_response(), |model| Json(model).into_response())
}

async fn load(State(service): State<Arc<Service>>) -> Response {
    Json(service.board.read()).into_response()
}
