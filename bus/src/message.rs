//! What the bus carries: a payload under a key on a topic.

use bytes::Bytes;
use dauys_events::{Envelope, EnvelopeError, Event, Topic};
use jiff::Timestamp;

/// A message to publish.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The topic.
    pub topic: Topic,
    /// Orders messages about the same thing, and chooses the partition.
    pub key: String,
    /// The event, as JSON.
    pub payload: Bytes,
    /// The W3C trace context, where there is one.
    pub traceparent: Option<String>,
}

impl Message {
    /// Wraps an event made at `at`.
    ///
    /// # Errors
    /// Where the event cannot be written as JSON.
    pub fn of<T: Event>(at: Timestamp, event: T) -> Result<Self, EnvelopeError> {
        let key = event.key();
        let envelope = Envelope::new(at, event);
        Ok(Self { topic: T::TOPIC, key, payload: envelope.encode()?.into(), traceparent: None })
    }
}

/// A message that arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// The partition that it came from; the embedded log has one.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
}

impl Delivery {
    /// Reads the event.
    ///
    /// # Errors
    /// [`EnvelopeError`] where the payload is no such event.
    pub fn event<T: Event>(&self) -> Result<Envelope<T>, EnvelopeError> {
        Envelope::decode(&self.message.payload)
    }
}
