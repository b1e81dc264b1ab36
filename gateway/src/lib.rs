//! Everything that takes citizens in: the SIP and RTP shell, messengers, and the durable spool to the bus.

mod background;
pub mod calls;
pub mod intake;
pub mod media;
pub mod messengers;
pub mod node;
pub mod recording;
pub mod spool;

pub use node::{Node, NodeError};
