//! Logs and metrics of the process.

use anyhow::Context;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use dauys_config::settings::Log;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Buckets for durations of seconds, fine around the promises (0.25 s, 1 s, 10 s).
const SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0, 300.0, 1800.0];
/// Buckets for mean opinion scores.
const SCORES: &[f64] = &[1.5, 2.0, 2.5, 3.0, 3.5, 3.75, 4.0, 4.25, 4.5];
/// How often the recorder folds what it gathered.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts the log on standard error.
///
/// # Errors
/// Where the filter cannot be read.
pub(crate) fn log(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter).with_context(|| format!("log.filter `{}`", log.filter))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = if log.json { builder.json().try_init() } else { builder.with_target(false).try_init() };
    started.map_err(|error| anyhow::anyhow!("the log cannot start: {error}"))
}

/// Starts gathering metrics.
///
/// # Errors
/// Where they are gathered already.
pub(crate) fn metrics(stop: CancellationToken) -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_mos".to_owned()), SCORES)?
        .install_recorder()?;
    dauys_gateway::media::telemetry::describe();
    dauys_bus::telemetry::describe();
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut clock = tokio::time::interval(UPKEEP);
        while tokio::select! { _ = clock.tick() => true, () = stop.cancelled() => false } {
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

/// Serves `/metrics` in Prometheus' text format.
pub(crate) fn routes(handle: PrometheusHandle) -> Router {
    let render = move || async move { ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()) };
    Router::new().route("/metrics", get(render))
}
