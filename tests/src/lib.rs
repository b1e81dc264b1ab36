//! Whole-system tests with real parts.

pub mod kafka;
pub mod postgres;
pub mod report;
