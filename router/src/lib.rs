//! Text to ticket to agency: the worker, the store, the API, the pages, the figures.

pub mod clock;
pub mod notify;
pub mod outbox;
pub mod store;
pub mod worker;
