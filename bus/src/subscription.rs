//! The contract that every bus keeps.

use crate::{Delivery, Message};
use async_trait::async_trait;
use dauys_events::Topic;
use thiserror::Error;

/// Why the bus could not do what was asked.
#[derive(Debug, Error)]
pub enum BusError {
    /// It may work later: the broker or the disk is not to be had now.
    #[error("the bus is not available: {0}")]
    Unavailable(String),
    /// It will not work without a person: settings, rights, a corrupt file.
    #[error("the bus refused: {0}")]
    Refused(String),
}

/// A durable way for events from one room to the next.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Appends messages; returns once all are durable (on disk, or acknowledged by all in-sync replicas).
    ///
    /// # Errors
    /// [`BusError`] where any of them may not be durable: publish all of them again.
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError>;

    /// Joins a consumer group on topics. A new group starts at the oldest message.
    ///
    /// # Errors
    /// [`BusError`] where the topics cannot be read.
    async fn subscribe(&self, group: &str, topics: &[Topic]) -> Result<Box<dyn Subscription>, BusError>;

    /// Returns how many messages of a topic a group has not committed.
    ///
    /// # Errors
    /// [`BusError`] where it cannot be known now.
    async fn lag(&self, group: &str, topic: Topic) -> Result<u64, BusError>;

    /// Checks that the bus can be used now, for readiness.
    ///
    /// # Errors
    /// [`BusError`] with what is wrong.
    async fn check(&self) -> Result<(), BusError>;
}

/// A place in a group. Dropping it leaves the group; what was not committed is delivered again.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for messages and returns up to `max` of them, at least one. Cancel-safe: nothing is lost when the future is
    /// dropped.
    ///
    /// # Errors
    /// [`BusError`] where reading failed; call again after a pause.
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError>;

    /// Marks everything that [`Subscription::next`] has returned as done.
    ///
    /// # Errors
    /// [`BusError`] where the mark may not be durable: the messages may come again.
    async fn commit(&mut self) -> Result<(), BusError>;
}
