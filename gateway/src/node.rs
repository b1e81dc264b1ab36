//! Everything of one node that takes citizens in, started and stopped in order: recording store, numbers, spool, line.

use crate::background::Background;
use crate::calls::{self, Line, LineError, LineGauges, PromptError, Prompts};
use crate::intake::Delivery;
use crate::recording::{DiskState, Recovery, Settings as RecordingSettings, Store, StoreError};
use crate::spool::numbers::{Numbers, NumbersError};
use crate::spool::{ExportSettings, Exporter};
use dauys_bus::{Bus, Recordings};
use dauys_config::Settings;
use dauys_config::city::{CityError, PackSource};
use dauys_config::script::CallScript;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// How long calls may go on after the node was told to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a node cannot take citizens in.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The call script or a prompt is missing or wrong.
    #[error("call script: {0}")]
    Script(#[from] CityError),
    /// A prompt cannot be played.
    #[error("{0}")]
    Prompts(#[from] PromptError),
    /// The recording store cannot be opened.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The registration numbers cannot be given.
    #[error("registration numbers: {0}")]
    Numbers(#[from] NumbersError),
    /// The line cannot be opened.
    #[error("{0}")]
    Line(#[from] LineError),
    /// The system gives no threads.
    #[error("no threads can be had for hand-overs: {0}")]
    Threads(#[from] std::io::Error),
}

/// A node that takes citizens in.
pub struct Node {
    line: Line,
    store: Store,
    numbers: Arc<Numbers>,
    recovery: Recovery,
    exporter: JoinHandle<()>,
    stop_exporter: CancellationToken,
    _background: Background,
}

impl Node {
    /// Starts the node: recovers what an earlier process left, then opens the line.
    ///
    /// # Errors
    /// [`NodeError`] with what to do.
    pub async fn start(
        settings: Arc<Settings>,
        pack: &PackSource,
        bus: Arc<dyn Bus>,
        recordings: Recordings,
    ) -> Result<Self, NodeError> {
        let script = Arc::new(CallScript::load(pack)?);
        let prompts = Prompts::load_for(pack, &script, &calls::codecs(&settings.media))?;
        let numbers = Arc::new(Numbers::open(&settings.node.data.join("numbers"), settings.node.id)?);
        let on_interrupted = calls::on_interrupted(Arc::clone(&numbers));
        let folder = settings.node.data.join("spool");
        let (store, recovery) =
            Store::open(&folder, recording_settings(&settings), move |cut_short| on_interrupted(cut_short))?;
        if recovery.pending > 0 || recovery.interrupted > 0 {
            info!(
                pending = recovery.pending,
                interrupted = recovery.interrupted,
                "intakes of an earlier run are handed over now"
            );
        }
        let delivery = Arc::new(Delivery { recordings: recordings.clone(), bus: Arc::clone(&bus) });
        let stop_exporter = CancellationToken::new();
        let export = ExportSettings::default();
        let background = Background::start("hand-over", export.at_once)?;
        let exporter = Exporter::new(store.clone(), delivery, export);
        let exporter = background.spawn(exporter.run(stop_exporter.clone()));
        let parts = calls::Parts {
            settings,
            script,
            prompts,
            store: store.clone(),
            numbers: Arc::clone(&numbers),
            bus,
            recordings,
        };
        let line = Line::open(parts).await?;
        Ok(Self { line, store, numbers, recovery, exporter, stop_exporter, _background: background })
    }

    /// Returns the address on which calls are taken.
    pub fn address(&self) -> SocketAddr {
        self.line.address()
    }

    /// Returns every address on which calls are taken without TLS, the main one first.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.line.addresses()
    }

    /// Returns the address on which calls over TLS are taken, where they are.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.line.tls_address()
    }

    /// Returns the line's live numbers.
    pub fn gauges(&self) -> Arc<LineGauges> {
        self.line.gauges()
    }

    /// Returns the recording store, for messengers and for what is pending.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Returns the node's registration numbers.
    pub fn numbers(&self) -> Arc<Numbers> {
        Arc::clone(&self.numbers)
    }

    /// Returns what was recovered at the start.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Returns whether recordings can be taken now.
    pub fn disk_is_healthy(&self) -> bool {
        self.store.disk_state() == DiskState::Healthy
    }

    /// Takes no new calls, lets those inside finish, and stops. What is not handed over yet is, at the next start.
    pub async fn close(self) {
        self.line.close(PATIENCE).await;
        self.stop_exporter.cancel();
        let _ = self.exporter.await;
    }
}

fn recording_settings(settings: &Settings) -> RecordingSettings {
    // The longest recording counts from the first word; the greeting comes before it.
    let longest_seconds = settings.calls.longest_recording_seconds + 600;
    RecordingSettings {
        reserve_bytes: settings.calls.least_free_megabytes * 1024 * 1024,
        longest: longest_seconds * u64::from(dauys_media::SAMPLE_RATE),
        ..RecordingSettings::default()
    }
}
