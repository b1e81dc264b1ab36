//! The media plane: RTP sockets and the few plain threads that own them.
//!
//! A recorder needs no low latency, so a thread does not wake per packet: a 20 ms clock sends what callers hear, and each
//! call's socket is emptied in one system call once per drain interval. A call belongs to one thread wholly, so that no packet
//! meets a lock; the controller's commands come by a bounded queue per thread, and events go back by one bounded queue.
//!
//! Sending costs one `sendmsg` per frame. A datagram must leave from its own call's socket (symmetric RTP), and `sendmmsg`
//! batches within one socket only. What does help is segmentation offload of two or three frames of one call
//! ([`MediaConfig::frames_per_send`]): on loopback, the receiving side included, about 5.1 µs of CPU per packet alone, 2.5 in twos
//! and 1.8 in threes, at the price of 20 or 40 ms of jitter.

mod call;
mod command;
mod config;
mod event;
mod hearing;
mod plane;
mod ports;
mod protection;
mod sink;
mod socket;
pub mod telemetry;
mod worker;

#[cfg(test)]
mod tests;

pub use command::{Busy, Reply};
pub use config::{CallMedia, ConfigError, MAX_FRAMES_PER_SEND, MAX_THREADS, MediaConfig, TICK};
pub use event::{MediaCallId, MediaEvent, MediaEventKind};
pub use plane::{MediaHandle, MediaPlane, StartError};
pub use ports::{Exhausted, MediaSlot};
pub use protection::SrtpKeys;
pub use sink::{Discard, RecordSink, Recorded};
