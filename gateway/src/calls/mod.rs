//! Telephone calls: SIP, media, script and recording brought together.
//!
//! One task (the line) owns the SIP endpoint and the table of calls, so that signalling needs no lock; media threads own the
//! packets. The line turns events of either into inputs of the call's script, and the script's outputs into commands.

mod admission;
mod agreement;
mod call;
mod early;
mod gauges;
mod line;
mod network;
mod prompts;
mod publisher;
mod refusal;
mod sink;
mod start;
pub mod telemetry;
mod transport;

pub(crate) use agreement::codecs;
pub use gauges::LineGauges;
pub use network::Network;
pub use prompts::{PromptError, Prompts};
pub use sink::LogSink;
pub use start::{Line, LineError, Parts, on_interrupted};
pub use transport::CertificateError;
