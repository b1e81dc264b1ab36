//! Starting and stopping the line.

use super::gauges::LineGauges;
use super::line::{self, Shared};
use super::prompts::Prompts;
use super::sink::LogSink;
use super::transport::{self, CertificateError, Transports};
use crate::intake::{self, SpooledEvent};
use crate::media::{MediaConfig, MediaPlane, StartError};
use crate::recording::{Interrupted, OnInterrupted, Store};
use crate::spool::numbers::Numbers;
use dauys_bus::{Bus, Recordings};
use dauys_config::Settings;
use dauys_config::script::CallScript;
use dauys_script::Limits;
use dauys_sip::auth::{Algorithm, DigestUsers};
use dauys_sip::{Config, Endpoint, Private};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Why the line cannot be opened.
#[derive(Debug, Error)]
pub enum LineError {
    /// A SIP port cannot be had.
    #[error(
        "the SIP address {address}: {error}; is another SIP server (or dauys) running there? choose another with [sip] listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
    /// TLS cannot be served.
    #[error("{0}")]
    Certificate(#[from] CertificateError),
    /// A password cannot be read.
    #[error("sip.digest.users: {0}")]
    Password(String),
    /// The media plane cannot start.
    #[error("media: {0}")]
    Media(#[from] StartError),
}

/// What the line is made of.
pub struct Parts {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The city's call script.
    pub script: Arc<CallScript>,
    /// Its prompts.
    pub prompts: Prompts,
    /// The recording store.
    pub store: Store,
    /// The node's registration numbers.
    pub numbers: Arc<Numbers>,
    /// How call events travel.
    pub bus: Arc<dyn Bus>,
    /// Where parts of calls lie until they are heard.
    pub recordings: Recordings,
}

/// The open line.
pub struct Line {
    address: SocketAddr,
    addresses: Vec<SocketAddr>,
    tls_address: Option<SocketAddr>,
    gauges: Arc<LineGauges>,
    drain: CancellationToken,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Makes the event of a recording that nobody finished; the recording store needs it before the line starts.
pub fn on_interrupted(numbers: Arc<Numbers>) -> Arc<OnInterrupted> {
    Arc::new(move |cut_short: &Interrupted| {
        let number = numbers.next().ok();
        if number.is_none() {
            warn!(intake_id = %cut_short.intake, "no registration number is left for an interrupted recording");
        }
        let event: SpooledEvent = intake::interrupted(number, cut_short, line::wall());
        event.to_bytes()
    })
}

impl Line {
    /// Opens the line: binds the SIP port, starts the media threads, answers from now on.
    ///
    /// # Errors
    /// [`LineError`] with what to do.
    pub async fn open(parts: Parts) -> Result<Self, LineError> {
        let settings = Arc::clone(&parts.settings);
        let acceptor = transport::acceptor(&settings.sip.tls)?;
        let transports = Transports::open(&settings, acceptor)
            .await
            .map_err(|(address, error)| LineError::Listen { address, error })?;
        let addresses = transports.addresses();
        let address = addresses.first().copied().unwrap_or(settings.sip.listen);
        let tls_address = transports.tls_address();
        let all: Vec<IpAddr> = addresses.iter().chain(&settings.sip.tls.listen).map(SocketAddr::ip).collect();
        let sip = sip_config(&settings)?;
        let on_interrupted = on_interrupted(Arc::clone(&parts.numbers));
        let store = parts.store.clone();
        let (media, media_events) = MediaPlane::start(media_config(&settings, media_ip(&all)), |_| {
            Ok(LogSink::new(store.writer(), Arc::clone(&on_interrupted)))
        })?;
        let gauges = Arc::new(LineGauges::default());
        let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
        let shared = Shared {
            endpoint: Endpoint::new(sip),
            limits: limits(&settings),
            transports,
            both_families: media_ip(&all).is_ipv6() && all.iter().any(IpAddr::is_ipv4),
            media,
            media_events,
            gauges: Arc::clone(&gauges),
            drain: drain.clone(),
            stop: stop.clone(),
            parts,
        };
        let task = tokio::spawn(line::run(shared));
        Ok(Self { address, addresses, tls_address, gauges, drain, stop, task })
    }

    /// Returns the address on which calls are taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns every address on which calls are taken without TLS, the main one first.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Returns the address on which calls over TLS are taken, where they are.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls_address
    }

    /// Returns the line's live numbers.
    pub fn gauges(&self) -> Arc<LineGauges> {
        Arc::clone(&self.gauges)
    }

    /// Takes no new calls; those inside finish, for at most `patience`, then are hung up and registered as far as they came.
    pub async fn close(mut self, patience: Duration) {
        self.drain.cancel();
        if tokio::time::timeout(patience, &mut self.task).await.is_err() {
            self.stop.cancel();
            let _ = self.task.await;
        }
    }
}

fn sip_config(settings: &Settings) -> Result<Config, LineError> {
    let mut config = Config::new(rand::random());
    config.user_agent = concat!("dauys/", env!("CARGO_PKG_VERSION")).to_owned();
    config.contact_user = "109".to_owned();
    config.advertise = settings.sip.public_address;
    config.digest = digest_users(settings)?;
    // The line itself refuses above its limit, with the reason; the endpoint's own bound is what refusing needs at once.
    config.max_dialogs = settings.calls.limit + settings.calls.limit / 4 + 64;
    config.max_transactions = (settings.calls.limit * 8).max(50_000);
    config.retry_after_s = settings.calls.retry_after_seconds;
    Ok(config)
}

/// Who must sign in, with the passwords read.
fn digest_users(settings: &Settings) -> Result<DigestUsers, LineError> {
    let digest = &settings.sip.digest;
    let mut users = Vec::with_capacity(digest.users.len());
    for user in &digest.users {
        let password = user.password.read().map_err(LineError::Password)?.unwrap_or_default();
        users.push((user.name.clone(), Private::new(password)));
    }
    let networks = digest.networks.iter().filter_map(|text| {
        let (address, bits) = text.split_once('/').unwrap_or((text, "128"));
        Some((address.parse().ok()?, bits.parse().ok()?))
    });
    let algorithms = digest.algorithms.iter().filter_map(|name| Algorithm::named(name)).collect();
    Ok(DigestUsers { realm: digest.realm.clone(), users, networks: networks.collect(), algorithms })
}

/// The address that media sockets are bound to: the one that all callers reach, or every address.
fn media_ip(addresses: &[IpAddr]) -> IpAddr {
    let first = addresses.first().copied().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    if addresses.iter().all(|address| *address == first) {
        first
    } else if addresses.iter().all(IpAddr::is_ipv4) {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        // Sockets on it take IPv4 as well.
        Ipv6Addr::UNSPECIFIED.into()
    }
}

fn media_config(settings: &Settings, bind_ip: IpAddr) -> MediaConfig {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if settings.media.threads == 0 { cores.min(4) } else { settings.media.threads };
    MediaConfig {
        threads,
        bind_ip,
        first_port: settings.media.first_port,
        last_port: settings.media.last_port,
        rtcp_port: Some(0),
        drain_interval: Duration::from_millis(settings.media.drain_ms),
        no_media_after: Duration::from_secs(settings.media.no_media_seconds),
        ..MediaConfig::default()
    }
}

fn limits(settings: &Settings) -> Limits {
    let hangover = u64::from(super::call::HANGOVER_MS);
    Limits {
        end_silence: Duration::from_millis(settings.calls.end_silence_ms.saturating_sub(hangover)),
        start_silence: Duration::from_millis(settings.calls.start_silence_ms),
        longest: Duration::from_secs(settings.calls.longest_recording_seconds),
        ..Limits::default()
    }
}
