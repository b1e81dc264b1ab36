//! The life of a ticket: its states, its clocks, who may do what. Pure: no sockets, no clock, no randomness.
//!
//! Only the citizen closes a case: an agency's "done" waits for the citizen's word.

mod action;
mod clock;
mod life;
mod open;
mod priority;

pub use action::{Action, ActionKind, Role, allowed, needs_reason};
pub use clock::{Clocks, ClocksError, Terms};
pub use life::{Refused, Transition, apply};
pub use open::{Reading, open_ticket, open_tickets};
pub use priority::priority;
