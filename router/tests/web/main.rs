//! The pages and the API over real HTTP on the loopback, with a SQLite store in a temporary folder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod actions;
mod calls;
mod citizens;
mod editors;
mod health;
mod incidents;
mod isolation;
mod live;
mod openapi;
mod pages;
mod sessions;
mod support;
