//! Text to ticket to agency: the worker, the store, the API, the pages, the figures.

pub mod api;
pub mod auth;
pub mod figures;
pub mod store;
pub mod web;
