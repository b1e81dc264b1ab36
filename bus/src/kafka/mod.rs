//! The bus on a Kafka cluster: an idempotent producer that waits for all in-sync replicas, consumer groups whose offsets
//! are committed by hand, and topics that are made where the settings say so.

mod client;
mod group;
mod lag;
mod producer;
mod subscription;
mod topics;

use crate::kafka::client::Cluster;
use crate::kafka::lag::Lag;
use crate::kafka::producer::Producer;
use crate::kafka::subscription::KafkaSubscription;
use crate::kafka::topics::Topics;
use crate::{Bus, BusError, Message, Subscription, limits, telemetry};
use async_trait::async_trait;
use dauys_config::settings::Kafka;
use dauys_events::Topic;
use std::sync::Arc;
use std::time::Instant;

const NAME: &str = "kafka";

/// A Kafka cluster.
pub struct KafkaBus {
    cluster: Arc<Cluster>,
    topics: Topics,
    producer: Producer,
    lag: Lag,
}

impl KafkaBus {
    /// Prepares the clients. The cluster need not be there yet: what needs it says so, and works once it is.
    ///
    /// # Errors
    /// [`BusError::Refused`] where the settings cannot be used.
    pub fn new(settings: &Kafka) -> Result<Self, BusError> {
        Self::with_prefix(settings, "")
    }

    /// Prepares the clients, and puts `prefix` before the names of all topics and groups, so that several dauys can share
    /// a cluster.
    ///
    /// # Errors
    /// [`BusError::Refused`] where the settings cannot be used.
    pub fn with_prefix(settings: &Kafka, prefix: &str) -> Result<Self, BusError> {
        let cluster = Arc::new(Cluster::new(settings, prefix)?);
        let producer = Producer::new(Arc::clone(&cluster))?;
        let (topics, lag) = (Topics::new(Arc::clone(&cluster), settings), Lag::new(Arc::clone(&cluster)));
        Ok(Self { cluster, topics, producer, lag })
    }
}

#[async_trait]
impl Bus for KafkaBus {
    #[expect(clippy::disallowed_methods, reason = "measures how long publishing takes")]
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        if messages.is_empty() {
            return Ok(());
        }
        limits::check(&messages)?;
        let (started, topics) = (Instant::now(), telemetry::topics(&messages));
        let outcome = match self.topics.ensure().await {
            Ok(()) => self.producer.publish(messages).await,
            Err(error) => Err(error),
        };
        match &outcome {
            Ok(()) => telemetry::published(NAME, &topics, started.elapsed()),
            Err(error) => telemetry::publish_failed(NAME, error),
        }
        outcome
    }

    async fn subscribe(&self, group: &str, topics: &[Topic]) -> Result<Box<dyn Subscription>, BusError> {
        if topics.is_empty() {
            return Err(BusError::Refused("a subscription needs a topic".to_owned()));
        }
        self.topics.ensure().await?;
        Ok(Box::new(KafkaSubscription::join(Arc::clone(&self.cluster), group, topics)?))
    }

    async fn lag(&self, group: &str, topic: Topic) -> Result<u64, BusError> {
        self.topics.ensure().await?;
        self.lag.of(group, topic).await
    }

    async fn check(&self) -> Result<(), BusError> {
        self.topics.ensure().await?;
        self.topics.check().await
    }
}

impl std::fmt::Debug for KafkaBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaBus").finish_non_exhaustive()
    }
}
