//! Whether the process lives (`/healthz`), and whether it can do its work (`/readyz`): checks given by whoever composes it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use futures::future::{BoxFuture, join_all};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How long a check may take where nothing is said; a longer one counts as failed.
const PATIENCE: Duration = Duration::from_secs(3);

type Probe = dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync;

/// One thing that must work: the store, the bus, the model, the disk.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    probe: Arc<Probe>,
    patience: Duration,
}

impl Check {
    /// Names a check. The probe returns what is wrong, in words for an operator; it is cheap, since it runs at each request.
    pub fn new<F, R>(name: &'static str, probe: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self { name, probe: Arc::new(move || Box::pin(probe())), patience: PATIENCE }
    }

    /// Says how long the check may take.
    #[must_use]
    pub fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    async fn run(&self) -> (&'static str, Result<(), String>) {
        let outcome = tokio::time::timeout(self.patience, (self.probe)()).await;
        (self.name, outcome.unwrap_or_else(|_| Err("no answer in time".to_owned())))
    }
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Check({})", self.name)
    }
}

/// Builds `/healthz` and `/readyz`. The answer names the checks and says `ok` or `failed`; the reasons go to the log, since
/// anybody may ask.
pub fn health_routes(checks: Vec<Check>) -> Router {
    let checks: Arc<[Check]> = checks.into();
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(move || ready(Arc::clone(&checks))))
}

async fn ready(checks: Arc<[Check]>) -> Response {
    let outcomes = join_all(checks.iter().map(Check::run)).await;
    let mut answer = serde_json::Map::new();
    let mut status = StatusCode::OK;
    for (name, outcome) in outcomes {
        if let Err(reason) = &outcome {
            tracing::warn!(check = name, %reason, "not ready");
            status = StatusCode::SERVICE_UNAVAILABLE;
        }
        answer.insert(name.to_owned(), json!(if outcome.is_ok() { "ok" } else { "failed" }));
    }
    (status, Json(json!({ "ready": status == StatusCode::OK, "checks": answer }))).into_response()
}
