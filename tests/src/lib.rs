//! What whole-system tests share: fixtures of real parts, sample calls, and dauys itself as a process.

pub mod city;
pub mod dauys;
pub mod kafka;
pub mod postgres;
pub mod report;
pub mod samples;
pub mod whatsapp_stub;
