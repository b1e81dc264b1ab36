//! The statements that SQLite and PostgreSQL understand alike, compiled once for each: both backends include this module
//! with their own `Db`, `Tx` and `Backend`, so that every statement is checked against the types of its own database.

#![allow(clippy::duplicate_mod, reason = "the same statements are compiled against two databases")]

mod accounts;
mod calls;
mod corrections;
mod figures;
mod grouping;
mod incident_edits;
mod incidents;
mod intake;
mod list;
mod notifications;
mod outbox;
mod store;
mod tickets;
mod value;

use super::{Backend, Db, Tx};
