//! Text to ticket to agency: the worker, the store, the API, the pages, the figures.

pub use dauys_answers as answers;
pub mod api;
pub mod auth;
pub mod clock;
pub mod figures;
pub mod incidents;
pub mod notify;
pub mod outbox;
pub mod store;
pub mod web;
pub mod worker;
