//! The rooms put together: one process that takes calls in, transcribes, understands, assigns and serves the pages.

use crate::gauges::NodeGauges;
use crate::models::Models;
use crate::progress::step;
use crate::second::Second;
use crate::{preflight, telemetry, transcribing};
use anyhow::Context;
use dauys_bus::{Bus, Recordings};
use dauys_config::Settings;
use dauys_config::city::City;
use dauys_gateway::Node;
use dauys_gateway::messengers::whatsapp::{Access, Pace, Parts as WhatsappParts, Whatsapp};
use dauys_router::auth::{FirstStart, ensure_first_account};
use dauys_router::clock::system as system_clock;
use dauys_router::notify::NobodyCarries;
use dauys_router::store::{self, Store};
use dauys_router::web::{self, App, Check, Parts, health_routes};
use dauys_router::worker::CityReader;
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A running dauys.
pub(crate) struct System {
    pub sip: SocketAddr,
    pub http: SocketAddr,
    pub first: FirstStart,
    node: Node,
    /// Stops what takes work in from the pages and the messengers.
    stop_intake: CancellationToken,
    /// Stops the rooms behind the bus, once nothing comes in any more.
    stop_rooms: CancellationToken,
    intake: Vec<JoinHandle<()>>,
    rooms: Vec<JoinHandle<()>>,
}

#[expect(clippy::disallowed_methods, reason = "the process gets its name here, once")]
fn process_name() -> Uuid {
    Uuid::now_v7()
}

impl System {
    /// Starts everything; each step is shown.
    ///
    /// # Errors
    /// One line that says what is wrong and what to do.
    pub async fn start(settings: Settings, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let settings = Arc::new(settings);
        preflight::data_folder(&settings.node.data)?;
        // The ports first: nothing is worse than to load a model for nothing.
        let listener = TcpListener::bind(settings.http.listen).await.with_context(|| {
            format!(
                "http.listen {}: is another program (or dauys) there? choose another with [http] listen",
                settings.http.listen
            )
        })?;
        let http = listener.local_addr()?;
        let shown = step("city");
        let city = Arc::new(preflight::city(&settings.city.pack)?);
        shown.done(&format!("{}, {} categories", settings.city.pack, city.taxonomy.categories.len()));
        let shown = step("tickets and bus");
        let store = store::open(&settings).await.context("the ticket store cannot be opened")?;
        let bus = dauys_bus::connect(&settings.bus, &settings.node.data).await.context("the bus cannot be opened")?;
        let recordings = Recordings::local(&settings.recordings_folder()).context("the folder of recordings")?;
        let first = ensure_first_account(store.as_ref(), &settings.node.data, (system_clock())()).await?;
        shown.done(&format!("{:?}, {:?}", settings.store.kind, settings.bus.kind).to_lowercase());
        let stop_rooms = CancellationToken::new();
        let mut rooms = Vec::new();
        let engine = transcribing::load_engine(&settings, &city).await?;
        let worker = transcribing::worker(&settings, &city, Arc::clone(&engine), &bus, &recordings);
        let board = worker.board();
        rooms.push(tokio::spawn(worker.run(stop_rooms.clone())));
        rooms.push(router(&settings, &city, &bus, &store, &stop_rooms).await?);
        let shown = step("line");
        let node = Node::start(Arc::clone(&settings), &city.source, Arc::clone(&bus), recordings.clone()).await?;
        let transports = if settings.sip.tcp { "UDP, TCP" } else { "UDP" };
        let tls = node.tls_address().map(|address| format!(", {address} (TLS)")).unwrap_or_default();
        shown.done(&format!("SIP on {} ({transports}){tls}", node.address()));
        let stop_intake = CancellationToken::new();
        let mut intake = Vec::new();
        let gauges = NodeGauges::new(node.gauges(), node.store(), Arc::clone(&bus), settings.calls.limit);
        let app = App::new(Parts {
            store: Arc::clone(&store),
            city: Arc::clone(&city),
            recordings,
            http: settings.http.clone(),
            gauges: Arc::new(gauges),
            clock: system_clock(),
        })?;
        rooms.push(tokio::spawn({
            let (app, stop) = (app.clone(), stop_rooms.clone());
            async move { app.run(stop).await }
        }));
        let mut routes =
            web::routes(&app).merge(telemetry::routes(metrics)).merge(health_routes(checks(&store, &bus, &node)));
        if settings.transcriber.serve {
            routes = routes.merge(transcribing::routes(&settings, engine, board, &app));
        }
        if settings.whatsapp.enabled {
            let whatsapp = open_whatsapp(&settings, &node).await?;
            routes = routes.merge(whatsapp.routes());
            intake.push(tokio::spawn(whatsapp.run(stop_intake.clone())));
        }
        intake.push(tokio::spawn(serve(listener, routes, stop_intake.clone())));
        Ok(Self { sip: node.address(), http, first, node, stop_intake, stop_rooms, intake, rooms })
    }

    /// Stops in order: no new calls, those inside finish; then the pages; then the rooms, which finish what they hold.
    pub async fn stop(self) {
        self.node.close().await;
        self.stop_intake.cancel();
        for task in self.intake {
            let _ = task.await;
        }
        self.stop_rooms.cancel();
        for task in self.rooms {
            let _ = task.await;
        }
    }
}

async fn router(
    settings: &Arc<Settings>,
    city: &Arc<City>,
    bus: &Arc<dyn Bus>,
    store: &Arc<dyn Store>,
    stop: &CancellationToken,
) -> anyhow::Result<JoinHandle<()>> {
    let shown = step("understanding");
    let (settings, city, bus, store) = (Arc::clone(settings), Arc::clone(city), Arc::clone(bus), Arc::clone(store));
    let phrases: usize =
        city.phrases.iter().map(|(_, book)| book.by_category.values().map(Vec::len).sum::<usize>()).sum();
    let clock = dauys_router::clock::system();
    let trained = tokio::task::spawn_blocking(move || {
        let second = Second::load(&settings)?;
        let model = Models::of(&settings.node.data, &city).for_start(&city, second.as_ref())?;
        let version = model.version().to_owned();
        let reader = Arc::new(CityReader::with_model(Arc::clone(&city), model));
        let notifier = Arc::new(NobodyCarries);
        let router =
            dauys_router::worker::Router::with_reader(bus, store, &city, reader, notifier, clock, process_name());
        anyhow::Ok((router.context("the city's calendar")?, version))
    });
    let (router, version) = trained.await??;
    shown.done(&format!("model {version}, {phrases} phrases"));
    Ok(tokio::spawn(router.run(stop.clone())))
}

async fn open_whatsapp(settings: &Settings, node: &Node) -> anyhow::Result<Whatsapp> {
    let shown = step("WhatsApp");
    let access = Access::from_settings(&settings.whatsapp).map_err(|reason| anyhow::anyhow!("[whatsapp] {reason}"))?;
    let parts = WhatsappParts {
        access,
        pace: Pace::default(),
        http: reqwest::Client::builder().build()?,
        store: node.store(),
        numbers: node.numbers(),
    };
    let whatsapp = Whatsapp::open(&settings.node.data, parts).await.context("the WhatsApp inbox cannot be opened")?;
    shown.done("webhook at /webhooks/whatsapp");
    Ok(whatsapp)
}

fn checks(store: &Arc<dyn Store>, bus: &Arc<dyn Bus>, node: &Node) -> Vec<Check> {
    let (store, bus, spool) = (Arc::clone(store), Arc::clone(bus), node.store());
    vec![
        Check::new("store", move || {
            let store = Arc::clone(&store);
            async move { store.check().await.map_err(|error| error.to_string()) }
        }),
        Check::new("bus", move || {
            let bus = Arc::clone(&bus);
            async move { bus.check().await.map_err(|error| error.to_string()) }
        }),
        Check::new("recording_disk", move || {
            let state = spool.disk_state();
            async move {
                match state {
                    dauys_gateway::recording::DiskState::Healthy => Ok(()),
                    other => Err(format!("{other:?}")),
                }
            }
        }),
    ]
}

async fn serve(listener: TcpListener, routes: axum::Router, stop: CancellationToken) {
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    // Streams of live figures never end by themselves: the server waits for requests a moment, not for streams.
    let served = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    };
    tokio::select! {
        outcome = async { served.await } => if let Err(error) = outcome {
            tracing::error!(%error, "the pages are no longer served");
        },
        () = patience => {}
    }
}
