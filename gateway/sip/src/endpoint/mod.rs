//! The endpoint: datagrams and time in, datagrams and events out (RFC 3261 §8, §12–§18).
//!
//! Invariants: a transaction or call has at most one entry in its timer heap; every index entry names a live
//! transaction or call; once all calls have ended and all timers have fired, every table is empty.

mod body;
mod call;
mod challenge;
mod config;
mod counters;
mod event;
mod in_dialog;
mod inbound;
mod refer;
mod reliable;
mod respond;
mod table;
mod timeout;
mod uac;
mod uas;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub use config::Config;
pub use counters::{Counters, Methods};
pub use event::{CallHandle, Cause, CommandError, Event, Input, Output, Private};
pub use uac::InviteParams;
pub use uas::Rejection;

use call::Call;
use table::Transactions;

use crate::auth::Verifier;
use crate::secret::Secret;
use crate::slab::{Key, Slab};
use crate::timers::Timers;
use crate::transaction::Packet;
use crate::transport::Flow;
use crate::wire::{Message, WireError};

/// The methods that this user agent takes.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, NOTIFY";
/// The extensions that this user agent knows.
pub const SUPPORTED: &str = "timer, 100rel";
/// The same, one by one.
const EXTENSIONS: [&str; 2] = ["timer", "100rel"];

/// A SIP user agent without its sockets.
///
/// After each [`Self::handle_input`], [`Self::handle_timeout`] or command, drain [`Self::poll_output`], then ask
/// [`Self::poll_timeout`] when to call [`Self::handle_timeout`].
pub struct Endpoint {
    config: Config,
    secret: Secret,
    transactions: Transactions,
    calls: Slab<Call>,
    call_timers: Timers,
    /// The call that has this local tag.
    by_tag: HashMap<u64, Key>,
    outputs: VecDeque<Output>,
    counters: Counters,
    draining: bool,
    held_back: bool,
    verifier: Verifier,
    /// The first time that this endpoint was told; nonces count from it.
    since: Option<Instant>,
}

impl Endpoint {
    /// Makes an endpoint without calls.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let mut secret = Secret::new(config.seed);
        let verifier = Verifier::new(config.digest.clone(), secret.draw_key());
        Self {
            secret,
            verifier,
            since: None,
            transactions: Transactions::new(config.max_transactions),
            calls: Slab::new(config.max_dialogs),
            call_timers: Timers::default(),
            by_tag: HashMap::new(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
            draining: false,
            held_back: false,
            config,
        }
    }

    /// Takes one message. While too many outputs wait, messages are dropped and counted: peers repeat them.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        if self.outputs.len() >= self.config.max_outputs {
            self.counters.dropped_inputs += 1;
            return;
        }
        let (flow, bytes) = match input {
            Input::Datagram { local, peer, transport, bytes } => (Flow { local, peer, transport }, bytes),
            Input::Unframed { local, peer, transport, head, error } => {
                return self.on_unframed(Flow { local, peer, transport }, head, error.status());
            }
        };
        match Message::parse(bytes) {
            Ok(message) if message.is_request() => {
                self.counters.received.count(message.method_token());
                self.on_request(now, message, flow);
            }
            Ok(message) => {
                counters::count_class(&mut self.counters.responses_received, message.status().unwrap_or_default());
                self.on_response(now, &message);
            }
            Err(rejected) if rejected.error == WireError::Empty => self.counters.keep_alives += 1,
            Err(rejected) => {
                self.counters.parse_errors += 1;
                if let Some(request) = rejected.request.filter(|r| r.method_token() != "ACK") {
                    self.refuse(&request, flow, rejected.error.status(), &[]);
                }
            }
        }
    }

    /// A stream has lost its borders: the request that did it is refused, if it can be told.
    fn on_unframed(&mut self, flow: Flow, head: &[u8], status: u16) {
        self.counters.parse_errors += 1;
        let request = match Message::parse(head) {
            Ok(message) => Some(Box::new(message)),
            Err(rejected) => rejected.request,
        };
        if let Some(request) = request.filter(|r| r.is_request() && r.method_token() != "ACK") {
            self.refuse(&request, flow, status, &[]);
        }
    }

    /// Does what is due. May leave some of it due when too many outputs wait; then [`Self::poll_timeout`] yields a time
    /// in the past.
    pub fn handle_timeout(&mut self, now: Instant) {
        while self.outputs.len() < self.config.max_outputs {
            let Some(key) = self.transactions.pop_due(now) else { break };
            self.on_transaction_timeout(now, key);
        }
        while self.outputs.len() < self.config.max_outputs {
            let Some(slot) = self.call_timers.pop_due(now) else { break };
            if let Some(key) = self.calls.key_of(slot) {
                self.on_call_timeout(now, key);
            }
        }
    }

    /// When to call [`Self::handle_timeout`]; `None` while nothing is under way.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.transactions.next_timeout().into_iter().chain(self.call_timers.next()).min()
    }

    /// The next message to send or event to handle; `None` when there is nothing more.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Starts or stops draining: new calls and OPTIONS get 503, calls that are up go on.
    pub fn drain(&mut self, draining: bool) {
        self.draining = draining;
    }

    /// Refuses new calls and OPTIONS with 503 before anything is kept of them, or takes them again: for a user that has as many
    /// calls as it can bear.
    pub fn hold_back(&mut self, held_back: bool) {
        self.held_back = held_back;
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How many calls there are.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// The Call-ID of a call.
    #[must_use]
    pub fn call_id(&self, call: CallHandle) -> Option<&str> {
        Some(&self.calls.get(Self::key_of(call))?.dialog.call_id)
    }

    /// Between which addresses, and by what transport, a call's messages travel.
    #[must_use]
    pub fn flow(&self, call: CallHandle) -> Option<Flow> {
        Some(self.calls.get(Self::key_of(call))?.dialog.flow)
    }

    /// How many transactions there are.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.transactions.len()
    }

    /// How many nonces are remembered because somebody has signed in with them.
    #[must_use]
    pub fn remembered_nonces(&self) -> usize {
        self.verifier.remembered()
    }

    /// Whether every table is empty.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.calls.len() == 0
            && self.by_tag.is_empty()
            && self.call_timers.is_empty()
            && self.transactions.is_empty()
            && self.outputs.is_empty()
    }

    /// How long this endpoint has run.
    fn uptime(&mut self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.since.get_or_insert(now))
    }

    fn send(&mut self, flow: Flow, bytes: Packet) {
        let Flow { local, peer, transport } = flow;
        self.outputs.push_back(Output::Send { local, peer, transport, bytes });
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn handle_of(key: Key) -> CallHandle {
        CallHandle(u64::from(key.generation) << 32 | u64::from(key.slot))
    }

    fn key_of(call: CallHandle) -> Key {
        Key { slot: call.0 as u32, generation: (call.0 >> 32) as u32 }
    }

    fn call_mut(&mut self, call: CallHandle) -> Result<(Key, &mut Call), CommandError> {
        let key = Self::key_of(call);
        self.calls.get_mut(key).map(|c| (key, c)).ok_or(CommandError::UnknownCall)
    }

    /// Brings the timer heap in line with a call.
    fn reschedule(&mut self, key: Key) {
        if let Some(call) = self.calls.get(key) {
            self.call_timers.set(key.slot, call.poll_timeout());
        }
    }

    /// Forgets a call; its transactions live on by themselves.
    fn remove_call(&mut self, key: Key) {
        if let Some(call) = self.calls.remove(key) {
            self.by_tag.remove(&call.dialog.local_tag);
            self.call_timers.set(key.slot, None);
        }
    }

    /// Forgets a call and says why, unless the user was told already.
    fn end_call(&mut self, key: Key, cause: Cause, sip_status: Option<u16>) {
        let told = self.calls.get(key).is_none_or(|c| c.phase == call::Phase::Closing);
        self.remove_call(key);
        if !told {
            self.emit(Event::Ended { call: Self::handle_of(key), cause, sip_status });
        }
    }

    /// The `host:port` that peers reach this side at.
    fn own_address(&self, flow: Flow) -> SocketAddr {
        let seen = self.config.advertise.filter(|ip| ip.is_ipv4() == flow.local.is_ipv4());
        seen.map_or(flow.local, |ip| SocketAddr::new(ip, flow.local.port()))
    }

    /// This side's Contact. In a dialog that a `sips` URI has made it must be one itself (RFC 3261 §12.1.1).
    fn contact(&self, flow: Flow, secure: bool) -> String {
        let (user, address) = (&self.config.contact_user, self.own_address(flow));
        if secure {
            return format!("<sips:{user}@{address}>");
        }
        format!("<sip:{user}@{address}{}>", flow.transport.uri_suffix())
    }

    fn own_via(&self, flow: Flow, branch: u64) -> String {
        let name = flow.transport.via_name();
        format!("SIP/2.0/{name} {};branch=z9hG4bK{branch:016x};rport", self.own_address(flow))
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("calls", &self.calls.len())
            .field("transactions", &self.transactions.len())
            .field("draining", &self.draining)
            .finish()
    }
}
