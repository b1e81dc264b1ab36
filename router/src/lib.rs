//! Text to ticket to agency: the worker, the store, the API, the pages, the figures.

pub mod store;
