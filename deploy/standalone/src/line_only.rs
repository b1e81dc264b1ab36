//! `dauys run --line-only`: the line alone, which takes calls in and hands them over to the bus. For a node beside others that
//! transcribe and keep tickets, and for measuring what the line costs.

use crate::progress::step;
use crate::{preflight, telemetry};
use anyhow::Context;
use dauys_bus::Recordings;
use dauys_config::Settings;
use dauys_gateway::Node;
use dauys_router::web::{Check, health_routes};
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A running line.
pub(crate) struct LineOnly {
    pub sip: SocketAddr,
    pub http: SocketAddr,
    node: Node,
    stop: CancellationToken,
    pages: JoinHandle<()>,
}

impl LineOnly {
    /// Starts the line, and health and metrics over HTTP.
    ///
    /// # Errors
    /// One line that says what is wrong and what to do.
    pub async fn start(settings: Settings, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let settings = Arc::new(settings);
        preflight::data_folder(&settings.node.data)?;
        let listener = TcpListener::bind(settings.http.listen)
            .await
            .with_context(|| format!("http.listen {}: is another program there?", settings.http.listen))?;
        let http = listener.local_addr()?;
        let city = preflight::city(&settings.city.pack)?;
        let bus = dauys_bus::connect(&settings.bus, &settings.node.data).await.context("the bus cannot be opened")?;
        let recordings = Recordings::local(&settings.recordings_folder()).context("the folder of recordings")?;
        let shown = step("line");
        let node = Node::start(Arc::clone(&settings), &city.source, bus, recordings).await?;
        shown.done(&format!("SIP on {} (UDP)", node.address()));
        let stop = CancellationToken::new();
        let routes = telemetry::routes(metrics).merge(health_routes(vec![disk_check(&node)]));
        let served = axum::serve(listener, routes).with_graceful_shutdown(stop.clone().cancelled_owned());
        let pages = tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::error!(%error, "metrics are no longer served");
            }
        });
        Ok(Self { sip: node.address(), http, node, stop, pages })
    }

    /// Takes no new calls, lets those inside finish, and stops.
    pub async fn stop(self) {
        self.node.close().await;
        self.stop.cancel();
        let _ = self.pages.await;
    }
}

fn disk_check(node: &Node) -> Check {
    let spool = node.store();
    Check::new("recording_disk", move || {
        let state = spool.disk_state();
        async move {
            match state {
                dauys_gateway::recording::DiskState::Healthy => Ok(()),
                other => Err(format!("{other:?}")),
            }
        }
    })
}
