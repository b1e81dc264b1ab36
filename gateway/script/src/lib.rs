//! What the caller hears and may press: the call script as a pure state machine.
//!
//! Its inputs are keys, speech, played-out prompts, timers, the commit of the recording, and recognised words; its outputs
//! are what to play, when the recording ends, and when to hang up. It has no socket, no clock and no randomness. Two
//! invariants: a registration number is spoken only after [`Input::Committed`], and whoever has spoken, or was asked to
//! speak, ends in exactly one [`Output::Finish`].

mod limits;
mod machine;
mod speech;

pub use limits::Limits;
pub use machine::{End, Input, Machine, Output};
