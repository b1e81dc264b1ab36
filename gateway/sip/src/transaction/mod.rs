//! Transactions (RFC 3261 §17, RFC 6026): machines that say what to send and when to wake them. They neither build
//! messages nor match them; the endpoint does.

mod client;
mod server;

use std::sync::Arc;
use std::time::Duration;

pub use client::{ClientStep, ClientTransaction};
pub use server::{ServerStep, ServerTransaction};

/// Bytes of a message, shared between the wire and the transaction that may send them again.
pub type Packet = Arc<[u8]>;

/// The base timers of RFC 3261 §17.1.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The estimate of a round trip; 500 ms by default.
    pub t1: Duration,
    /// The longest gap between repetitions of a non-INVITE request or of a response; 4 s by default.
    pub t2: Duration,
    /// How long a message stays in the network; 5 s by default.
    pub t4: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl Timing {
    /// 64 × T1: how long a transaction waits for its peer.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }
}
