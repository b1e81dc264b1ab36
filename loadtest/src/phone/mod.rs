//! The test phone: one call to any SIP server, as a person would make it.
//!
//! [`caller`] is the person (pure: frames in, frames out), [`call`] the shell with sockets and a clock, [`speech`] reads what
//! is to be said, [`ticket`] asks dauys what became of it.

pub mod call;
pub mod caller;
pub mod speech;
pub mod target;
pub mod ticket;

pub use call::{CallError, CallReport, place};
pub use caller::{CallPlan, EndBy};
