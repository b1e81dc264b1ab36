//! How SIP messages reach the line and leave it: datagram sockets, which the line reads itself, and streams, whose tasks
//! cut messages out and queue them here. It all belongs to the line's task: no lock.

mod connection;
mod datagrams;
mod listener;
mod tls;

pub use tls::CertificateError;
pub(super) use tls::acceptor;

use self::connection::{Arrival, Limits, What};
use self::datagrams::Datagrams;
use super::network::Network;
use super::telemetry;
use dauys_config::Settings;
use dauys_sip::transaction::Packet;
use dauys_sip::{Flow, Input, Transport};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::debug;

/// How many messages are taken from each source before everything else gets its turn.
const AT_ONCE: usize = 64;
/// How many messages of all streams wait for the line; then their peers wait.
const ARRIVALS: usize = 1_024;
/// How long streams may take to send what they hold when the line closes.
const GOODBYE: Duration = Duration::from_secs(2);

/// Every socket and connection of the line.
pub(super) struct Transports {
    datagrams: Vec<Datagrams>,
    networks: Vec<Network>,
    connections: HashMap<Flow, mpsc::Sender<Packet>>,
    arrivals: mpsc::Receiver<Arrival>,
    waiting: Option<Arrival>,
    buffer: Vec<u8>,
    tls: Option<SocketAddr>,
    tasks: TaskTracker,
    _listeners: DropGuard,
}

impl Transports {
    /// Opens every address of the settings: the main one first.
    ///
    /// # Errors
    /// The address that cannot be had, and what the system said.
    pub async fn open(settings: &Settings, tls: Option<TlsAcceptor>) -> Result<Self, (SocketAddr, io::Error)> {
        let sip = &settings.sip;
        let networks: Vec<Network> = sip.allow.iter().filter_map(|text| text.parse().ok()).collect();
        let (sender, arrivals) = mpsc::channel(ARRIVALS);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shared = Arc::new(listener::Shared {
            networks: networks.clone(),
            room: Arc::new(Semaphore::new(sip.connections)),
            limits: Limits::with_idle(Duration::from_secs(sip.idle_seconds)),
            arrivals: sender,
            stop: stop.clone(),
            tasks: tasks.clone(),
        });
        let mut datagrams = Vec::new();
        for address in std::iter::once(sip.listen).chain(sip.also_listen.iter().copied()) {
            let (socket, stream) = datagrams::bind(address, sip.tcp).await.map_err(|error| (address, error))?;
            if let Some(stream) = stream {
                listener::spawn(stream, None, &shared);
            }
            datagrams.push(socket);
        }
        let mut first_tls = None;
        if let Some(acceptor) = tls {
            for address in sip.tls.listen.iter().copied() {
                let stream = datagrams::listen(address).map_err(|error| (address, error))?;
                first_tls = first_tls.or(stream.local_addr().ok());
                listener::spawn(stream, Some(acceptor.clone()), &shared);
            }
        }
        Ok(Self {
            datagrams,
            networks,
            connections: HashMap::new(),
            arrivals,
            waiting: None,
            buffer: vec![0; 65_535],
            tls: first_tls,
            tasks,
            _listeners: stop.drop_guard(),
        })
    }

    /// The addresses on which datagrams are taken, the main one first.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.datagrams.iter().map(|socket| socket.address).collect()
    }

    /// The first address on which calls over TLS are taken.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls
    }

    /// Waits until [`Transports::receive`] has something.
    pub async fn ready(&mut self) {
        std::future::poll_fn(|context| self.poll_ready(context)).await;
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut ready = self.waiting.is_some();
        if !ready && let Poll::Ready(Some(arrival)) = self.arrivals.poll_recv(context) {
            self.waiting = Some(arrival);
            ready = true;
        }
        for datagrams in &self.datagrams {
            ready |= datagrams.socket.poll_recv_ready(context).is_ready();
        }
        if ready { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Hands over what has come, up to a bound.
    pub fn receive(&mut self, mut take: impl FnMut(Input<'_>)) {
        for datagrams in &mut self.datagrams {
            for _ in 0..AT_ONCE {
                let Ok((length, peer)) = datagrams.socket.try_recv_from(&mut self.buffer) else { break };
                if !self.networks.is_empty() && !self.networks.iter().any(|network| network.contains(peer.ip())) {
                    metrics::counter!(telemetry::STRANGERS).increment(1);
                    continue;
                }
                let local = datagrams.local_for(peer);
                let bytes = self.buffer.get(..length).unwrap_or_default();
                take(Input::Datagram { local, peer, transport: Transport::Udp, bytes });
            }
        }
        for _ in 0..AT_ONCE {
            let Some(arrival) = self.waiting.take().or_else(|| self.arrivals.try_recv().ok()) else { break };
            self.arrived(arrival, &mut take);
        }
    }

    fn arrived(&mut self, arrival: Arrival, take: &mut impl FnMut(Input<'_>)) {
        let Flow { local, peer, transport } = arrival.flow;
        match arrival.what {
            What::Opened(sender) => {
                self.connections.insert(arrival.flow, sender);
                self.show();
            }
            What::Message(bytes) => take(Input::Datagram { local, peer, transport, bytes: &bytes }),
            What::Unframed(head, error) => take(Input::Unframed { local, peer, transport, head: &head, error }),
            What::Closed(sender) => {
                // The peer may have come back from the same port before this was read.
                let sender = sender.upgrade();
                let current = self.connections.get(&arrival.flow);
                if current.zip(sender).is_some_and(|(current, sender)| current.same_channel(&sender)) {
                    self.connections.remove(&arrival.flow);
                }
                self.show();
            }
        }
    }

    fn show(&self) {
        metrics::gauge!(telemetry::CONNECTIONS).set(self.connections.len() as f64);
    }

    /// Sends one message. What cannot be sent is a lost message: a transaction's timers decide what that means.
    pub async fn send(&mut self, flow: Flow, bytes: Packet) {
        if flow.transport == Transport::Udp {
            let Some(datagrams) = self.datagrams.iter().find(|datagrams| datagrams.is(flow.local)) else { return };
            if let Err(error) = datagrams.socket.send_to(&bytes, flow.peer).await {
                debug!(%error, "a SIP message could not be sent; its timer sends it again");
            }
            return;
        }
        // A peer that has closed its connection, or reads nothing, cannot be told anything more. Connections are never
        // opened from here: behind its own translator the peer could not be reached.
        let sent = self.connections.get(&flow).is_some_and(|connection| connection.try_send(bytes).is_ok());
        if !sent {
            metrics::counter!(telemetry::UNSENDABLE).increment(1);
            self.connections.remove(&flow);
        }
    }

    /// Closes everything, after what is queued has been sent or a short time has passed.
    pub async fn close(self) {
        let Self { connections, arrivals, tasks, _listeners, .. } = self;
        drop((connections, arrivals, _listeners));
        tasks.close();
        let _ = tokio::time::timeout(GOODBYE, tasks.wait()).await;
    }
}
