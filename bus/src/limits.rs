//! How much one message and one batch may hold, the same on every bus, so that what one takes the other takes too.

use crate::{BusError, Message};

/// The largest payload, in bytes.
pub(crate) const PAYLOAD: usize = 4 << 20;
/// The most payload that one call of `next` returns, in bytes; a single larger message comes alone.
pub(crate) const BATCH: usize = 16 << 20;

/// Refuses what no bus would take.
pub(crate) fn check(messages: &[Message]) -> Result<(), BusError> {
    match messages.iter().find(|message| message.payload.len() > PAYLOAD) {
        Some(message) => Err(BusError::Refused(format!(
            "a message on {} has {} bytes; {PAYLOAD} is the most",
            message.topic,
            message.payload.len()
        ))),
        None => Ok(()),
    }
}
