//! Messengers: citizens who write or send voice notes instead of calling.

pub mod telemetry;
pub mod whatsapp;
