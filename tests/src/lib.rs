//! What whole-system tests share: fixtures of real parts, and sample calls.

pub mod samples;
pub mod whatsapp_stub;
