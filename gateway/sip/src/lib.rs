//! SIP as pure state machines: wire, transactions, dialogs, offer and answer, and the [`Endpoint`] that ties them
//! together. No sockets, no clock, no randomness: a shell hands in datagrams and the time, and takes out datagrams and
//! events.

pub mod auth;
mod dialog;
pub mod dtmf;
pub mod endpoint;
pub mod sdp;
mod secret;
mod session_timer;
mod slab;
pub mod stream;
mod timers;
pub mod transaction;
mod transport;
pub mod wire;

pub use endpoint::{
    CallHandle, Cause, CommandError, Config, Counters, Endpoint, Event, Input, InviteParams, Output, Private, Rejection,
};
pub use rsip::{Method, StatusCode};
pub use transport::{Flow, Transport};
