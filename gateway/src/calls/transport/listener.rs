//! Who may connect: strangers and those for whom there is no room are let go at once.

use super::super::network::Network;
use super::super::telemetry;
use super::connection::{self, Arrival, Limits};
use dauys_sip::{Flow, Transport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

/// How long a peer may take to agree on keys.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long to wait when the system gives no connection: usually too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// What all listeners share.
pub(super) struct Shared {
    pub networks: Vec<Network>,
    pub room: Arc<Semaphore>,
    pub limits: Limits,
    pub arrivals: mpsc::Sender<Arrival>,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

/// Takes connections until told to stop.
pub(super) fn spawn(listener: TcpListener, tls: Option<TlsAcceptor>, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => admit(stream, peer, tls.clone(), &shared),
                    Err(error) => {
                        debug!(%error, "a connection could not be taken");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                () = shared.stop.cancelled() => return,
            }
        }
    });
}

fn admit(stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>, shared: &Arc<Shared>) {
    if !shared.networks.is_empty() && !shared.networks.iter().any(|network| network.contains(peer.ip())) {
        metrics::counter!(telemetry::STRANGERS).increment(1);
        return;
    }
    let Ok(room) = Arc::clone(&shared.room).try_acquire_owned() else {
        metrics::counter!(telemetry::CONNECTIONS_REFUSED).increment(1);
        return;
    };
    let Ok(local) = stream.local_addr() else { return };
    let _ = stream.set_nodelay(true);
    let (arrivals, limits) = (shared.arrivals.clone(), shared.limits);
    shared.tasks.spawn(async move {
        let _room = room;
        match tls {
            None => connection::serve(stream, Flow { local, peer, transport: Transport::Tcp }, limits, arrivals).await,
            Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => {
                    connection::serve(stream, Flow { local, peer, transport: Transport::Tls }, limits, arrivals).await;
                }
                Ok(Err(error)) => debug!(%error, "a peer could not agree on keys"),
                Err(_) => debug!("a peer took too long to agree on keys"),
            },
        }
    });
}
