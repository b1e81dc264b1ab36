//! The envelope around every event: which kind and version it is, when it was made, and under which trace.

use crate::Topic;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An event that can travel: its name, version, topic and key.
pub trait Event: Serialize + DeserializeOwned + JsonSchema {
    /// The kind, for example `dauys.recorded`.
    const NAME: &'static str;
    /// The version of the shape; it rises when a consumer of the old shape would misread the new one.
    const VERSION: u32;
    /// The topic that the event is published on.
    const TOPIC: Topic;

    /// Returns the key that orders events about the same thing.
    fn key(&self) -> String;
}

/// An event with what every consumer needs before it reads the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound(deserialize = "T: serde::de::DeserializeOwned"))]
pub struct Envelope<T> {
    /// The kind of event, for example `dauys.recorded`.
    pub event: String,
    /// The version of the data's shape.
    pub version: u32,
    /// When the event was made, in UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// W3C trace context (`traceparent`), so that one trace runs from the call to the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The event itself.
    pub data: T,
}

/// Why bytes from the bus are not the event that was expected.
#[derive(Debug, Error)]
pub enum EnvelopeError {
    /// The bytes are not JSON of the event's shape.
    #[error("not an event of this shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// The envelope names another kind.
    #[error("expected {expected}, found {found}")]
    Kind {
        /// The kind that the consumer reads.
        expected: &'static str,
        /// The kind that arrived.
        found: String,
    },
    /// The event is newer than the consumer.
    #[error("{event} has version {found}, this consumer reads up to {known}")]
    Version {
        /// The kind.
        event: &'static str,
        /// The version that arrived.
        found: u32,
        /// The newest version that the consumer reads.
        known: u32,
    },
}

impl<T: Event> Envelope<T> {
    /// Wraps an event made at `at`.
    pub fn new(at: Timestamp, data: T) -> Self {
        Self { event: T::NAME.to_owned(), version: T::VERSION, at, traceparent: None, data }
    }

    /// Writes the envelope as JSON.
    ///
    /// # Errors
    /// Where the data cannot be written as JSON, which the events of this crate always can.
    pub fn encode(&self) -> Result<Vec<u8>, EnvelopeError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Reads an envelope, checking kind and version before the data.
    ///
    /// # Errors
    /// [`EnvelopeError`] for other bytes, another kind, or a newer version.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        #[derive(Deserialize)]
        struct Head {
            event: String,
            version: u32,
        }
        let head: Head = serde_json::from_slice(bytes)?;
        if head.event != T::NAME {
            return Err(EnvelopeError::Kind { expected: T::NAME, found: head.event });
        }
        if head.version > T::VERSION {
            return Err(EnvelopeError::Version { event: T::NAME, found: head.version, known: T::VERSION });
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CallEvent, DeadLetter};
    use proptest::prelude::*;

    fn dead() -> Envelope<DeadLetter> {
        Envelope::new(
            Timestamp::UNIX_EPOCH,
            DeadLetter {
                topic: "dauys.recordings".into(),
                key: "k".into(),
                reason: "unreadable".into(),
                stage: "transcriber".into(),
                payload: "{}".into(),
            },
        )
    }

    #[test]
    fn unknown_fields_are_ignored_and_versions_kept() {
        let mut value: serde_json::Value = serde_json::from_slice(&dead().encode().unwrap()).unwrap();
        value["data"]["later"] = 1.into();
        value["later"] = true.into();
        let bytes = serde_json::to_vec(&value).unwrap();
        assert_eq!(Envelope::<DeadLetter>::decode(&bytes).unwrap(), dead());
        value["version"] = 99.into();
        let bytes = serde_json::to_vec(&value).unwrap();
        assert!(matches!(Envelope::<DeadLetter>::decode(&bytes), Err(EnvelopeError::Version { found: 99, .. })));
        let bytes = dead().encode().unwrap();
        assert!(matches!(Envelope::<CallEvent>::decode(&bytes), Err(EnvelopeError::Kind { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_an_event(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = Envelope::<DeadLetter>::decode(&bytes);
        }
    }
}
