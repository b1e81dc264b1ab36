//! How events and recordings travel between the rooms: one small bus trait with two implementations (an embedded durable
//! log, Kafka), and the store of recordings, since audio never travels inside an event.
//!
//! Contract of every bus: at least once; order is kept per key; no transactions across topics. Consumers deduplicate by id.

mod connect;
mod embedded;
mod folders;
mod kafka;
mod limits;
mod message;
mod recordings;
mod subscription;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;

pub use connect::connect;
pub use embedded::{EmbeddedBus, EmbeddedOptions};
pub use kafka::KafkaBus;
pub use message::{Delivery, Message};
pub use recordings::{RecordingError, Recordings};
pub use subscription::{Bus, BusError, Subscription};
