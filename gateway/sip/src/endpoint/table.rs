//! The transaction table: who is matched by what (RFC 3261 §17.1.3, §17.2.3), and who wakes when.

use std::collections::HashMap;
use std::time::Instant;

use crate::slab::{Key, Slab};
use crate::timers::Timers;
use crate::transaction::{ClientTransaction, ServerTransaction};
use crate::transport::Flow;
use crate::wire::Message;

/// Why a request was sent, which decides what its failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The INVITE that starts a call.
    Invite,
    /// A re-INVITE or UPDATE that changes media.
    Change,
    /// An UPDATE that refreshes the session timer.
    Refresh,
    /// A REFER.
    Transfer,
    /// Anything whose failure changes nothing: BYE, CANCEL, INFO.
    Other,
}

pub(super) enum Machine {
    Server(ServerTransaction),
    Client { machine: ClientTransaction, branch: u64, method: &'static str, purpose: Purpose },
}

pub(super) struct Transaction {
    pub(super) machine: Machine,
    pub(super) flow: Flow,
    /// The call that it belongs to, if it is still there.
    pub(super) owner: Option<Key>,
    /// The keys under which a server transaction is found.
    server_key: Vec<u8>,
    merge_key: Option<u64>,
}

/// All transactions and their indexes.
pub(super) struct Transactions {
    slab: Slab<Transaction>,
    timers: Timers,
    server: HashMap<Vec<u8>, Key>,
    /// By branch, and whether it is the CANCEL that shares its INVITE's branch.
    client: HashMap<(u64, bool), Key>,
    /// Initial INVITEs by a hash of Call-ID, From tag and CSeq, to tell merged requests (§8.2.2.2).
    merged: HashMap<u64, Key>,
}

/// What names a request's server transaction: branch, sent-by and method, with ACK counted as INVITE. `method` stands in
/// for the request's own. A peer from before RFC 3261 has no such branch: there Call-ID, From tag and sequence number do
/// (§17.2.3). `None` for a branch that claims to be one and is empty.
pub(super) fn server_key(request: &Message, method: &str) -> Option<Vec<u8>> {
    let via = request.via()?;
    let mut key = Vec::with_capacity(96);
    match via.branch() {
        Some(branch) => key.extend_from_slice(branch.as_bytes()),
        None if via.params.text("branch").is_some_and(|b| b.eq_ignore_ascii_case("z9hG4bK")) => return None,
        None => {
            let tag = request.from().and_then(|from| from.tag()).unwrap_or_default();
            // No branch has a blank in it, so that neither kind of key is ever taken for the other.
            key.extend_from_slice(request.call_id()?.as_bytes());
            key.push(b' ');
            key.extend_from_slice(tag.as_bytes());
            key.extend_from_slice(&request.cseq()?.number.to_be_bytes());
        }
    }
    key.push(b' ');
    key.extend(via.host.bytes().map(|b| b.to_ascii_lowercase()));
    key.extend_from_slice(&via.port.unwrap_or_default().to_be_bytes());
    key.extend_from_slice(if method == "ACK" { b"INVITE" } else { method.as_bytes() });
    Some(key)
}

impl Transactions {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            slab: Slab::new(capacity),
            timers: Timers::default(),
            server: HashMap::new(),
            client: HashMap::new(),
            merged: HashMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slab.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.slab.is_full()
    }

    pub(super) fn is_empty(&self) -> bool {
        let indexes = self.server.is_empty() && self.client.is_empty() && self.merged.is_empty();
        self.slab.len() == 0 && self.timers.is_empty() && indexes
    }

    pub(super) fn find_server(&self, key: &[u8]) -> Option<Key> {
        self.server.get(key).copied()
    }

    pub(super) fn find_client(&self, branch: u64, cancel: bool) -> Option<Key> {
        self.client.get(&(branch, cancel)).copied()
    }

    pub(super) fn find_merged(&self, merge_key: u64) -> bool {
        self.merged.contains_key(&merge_key)
    }

    pub(super) fn insert_server(
        &mut self,
        server_key: Vec<u8>,
        merge_key: Option<u64>,
        machine: ServerTransaction,
        flow: Flow,
    ) -> Option<Key> {
        let machine = Machine::Server(machine);
        let stored = Transaction { machine, flow, owner: None, server_key: server_key.clone(), merge_key };
        let key = self.slab.insert(stored)?;
        self.server.insert(server_key, key);
        if let Some(merge_key) = merge_key {
            self.merged.insert(merge_key, key);
        }
        Some(key)
    }

    pub(super) fn insert_client(&mut self, machine: Machine, flow: Flow, owner: Option<Key>) -> Option<Key> {
        let Machine::Client { branch, method, .. } = machine else { return None };
        let key = self.slab.insert(Transaction { machine, flow, owner, server_key: Vec::new(), merge_key: None })?;
        self.client.insert((branch, method == "CANCEL"), key);
        self.reschedule(key);
        Some(key)
    }

    pub(super) fn get(&self, key: Key) -> Option<&Transaction> {
        self.slab.get(key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Transaction> {
        self.slab.get_mut(key)
    }

    pub(super) fn remove(&mut self, key: Key) {
        let Some(gone) = self.slab.remove(key) else { return };
        self.timers.set(key.slot, None);
        match gone.machine {
            Machine::Client { branch, method, .. } => {
                self.client.remove(&(branch, method == "CANCEL"));
            }
            Machine::Server(_) => {
                self.server.remove(&gone.server_key);
                if let Some(merge_key) = gone.merge_key {
                    self.merged.remove(&merge_key);
                }
            }
        }
    }

    /// Brings the timer heap in line with a transaction.
    pub(super) fn reschedule(&mut self, key: Key) {
        let Some(transaction) = self.slab.get(key) else { return };
        let at = match &transaction.machine {
            Machine::Server(machine) => machine.poll_timeout(),
            Machine::Client { machine, .. } => machine.poll_timeout(),
        };
        self.timers.set(key.slot, at);
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Key> {
        let slot = self.timers.pop_due(now)?;
        self.slab.key_of(slot)
    }
}
