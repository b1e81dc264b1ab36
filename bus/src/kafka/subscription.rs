//! A member of a consumer group.

use crate::kafka::NAME;
use crate::kafka::client::{Cluster, blocking, failure};
use crate::kafka::group::{Handed, offsets};
use crate::{BusError, Delivery, Message, Subscription, limits, telemetry};
use async_trait::async_trait;
use bytes::Bytes;
use dauys_events::Topic;
use futures::FutureExt;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Headers, Message as _};
use rdkafka::types::RDKafkaErrorCode;
use std::sync::Arc;
use tokio::runtime::Handle;

/// A place in a consumer group.
pub(super) struct KafkaSubscription {
    cluster: Arc<Cluster>,
    group: String,
    consumer: Option<Arc<StreamConsumer<Handed>>>,
}

impl KafkaSubscription {
    pub(super) fn join(cluster: Arc<Cluster>, group: &str, topics: &[Topic]) -> Result<Self, BusError> {
        let mut config = cluster.config();
        config
            .set("group.id", cluster.group(group))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", "30000")
            // One batch may be a long transcription.
            .set("max.poll.interval.ms", "1800000")
            .set("queued.min.messages", "1000")
            .set("queued.max.messages.kbytes", "32768");
        let consumer: StreamConsumer<Handed> =
            config.create_with_context(Handed::default()).map_err(|error| failure(&error))?;
        let names: Vec<_> = topics.iter().map(|topic| cluster.topic(*topic)).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        consumer.subscribe(&names).map_err(|error| failure(&error))?;
        Ok(Self { cluster, group: group.to_owned(), consumer: Some(Arc::new(consumer)) })
    }

    fn consumer(&self) -> Result<&Arc<StreamConsumer<Handed>>, BusError> {
        self.consumer.as_ref().ok_or_else(|| BusError::Unavailable("kafka: the member has left".to_owned()))
    }

    fn delivery(&self, message: &BorrowedMessage<'_>) -> Option<Delivery> {
        let topic = self.cluster.topic_of(message.topic())?;
        let traceparent = message.headers().and_then(|headers| {
            let header = headers.iter().find(|header| header.key == "traceparent")?;
            String::from_utf8(header.value?.to_vec()).ok()
        });
        let message_of = Message {
            topic,
            key: String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned(),
            payload: Bytes::copy_from_slice(message.payload().unwrap_or_default()),
            traceparent,
        };
        Some(Delivery { message: message_of, partition: message.partition(), offset: message.offset() })
    }
}

/// Waits for a message. A topic that is not there yet is waited for as well: whether it ever will be is for readiness to
/// say, and the member has its place in the group already.
async fn wait(consumer: &StreamConsumer<Handed>) -> Result<BorrowedMessage<'_>, BusError> {
    loop {
        match consumer.recv().await {
            Ok(message) => return Ok(message),
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnknownTopicOrPartition) => {
                tracing::warn!(%error, "a topic is not there yet");
            }
            Err(error) => return Err(failure(&error)),
        }
    }
}

#[async_trait]
impl Subscription for KafkaSubscription {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        let consumer = self.consumer()?;
        // The only wait; what follows takes what has been fetched already, so that a dropped future loses nothing.
        let mut message = wait(consumer).await?;
        let (mut deliveries, mut bytes) = (Vec::new(), 0);
        loop {
            consumer.client().context().note(message.topic(), message.partition(), message.offset());
            if let Some(delivery) = self.delivery(&message) {
                bytes += delivery.message.payload.len();
                deliveries.push(delivery);
            }
            if deliveries.len() >= max.max(1) || bytes >= limits::BATCH {
                break;
            }
            match consumer.recv().now_or_never() {
                Some(Ok(next)) => message = next,
                // An error that matters comes again with the next call.
                Some(Err(_)) | None => break,
            }
        }
        telemetry::delivered(NAME, &self.group, &deliveries);
        Ok(deliveries)
    }

    async fn commit(&mut self) -> Result<(), BusError> {
        let consumer = Arc::clone(self.consumer()?);
        let pending = consumer.client().context().pending();
        if pending.is_empty() {
            return Ok(());
        }
        let outcome = blocking(move || {
            let list = offsets(&pending).map_err(|error| failure(&error))?;
            consumer.commit(&list, CommitMode::Sync).map_err(|error| failure(&error))?;
            consumer.client().context().committed(&pending);
            Ok(())
        })
        .await;
        if let Err(error) = &outcome {
            telemetry::commit_failed(NAME, &self.group, error);
        }
        outcome
    }
}

impl Drop for KafkaSubscription {
    /// Leaves the group, which asks the cluster and so may take a moment, where blocking does no harm.
    fn drop(&mut self) {
        let Some(consumer) = self.consumer.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(consumer))),
            Err(_) => drop(consumer),
        }
    }
}
