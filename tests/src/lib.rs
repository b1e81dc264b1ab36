//! Whole-system tests with real parts.

pub mod whatsapp_stub;
