//! What was committed and must still be told to others.

use bytes::Bytes;
use dauys_events::Topic;
use jiff::Timestamp;

/// A message that was written in the same transaction as what it tells of.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// Its place in the order.
    pub id: i64,
    /// The topic.
    pub topic: Topic,
    /// The key.
    pub key: String,
    /// The event in its envelope, as JSON.
    pub payload: Bytes,
    /// The W3C trace context, where there is one.
    pub traceparent: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// How much waits in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxBacklog {
    /// Rows that were not published yet.
    pub pending: u64,
    /// When the oldest of them was written.
    pub oldest: Option<Timestamp>,
}
