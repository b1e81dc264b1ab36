//! The producer: idempotent, acknowledged by all in-sync replicas, with a bounded queue whose fullness holds the
//! publisher back. A producer that can go on no more is replaced by a new one.

use crate::kafka::NAME;
use crate::kafka::client::{Cluster, failure};
use crate::{BusError, Message, telemetry};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::future_producer::DeliveryFuture;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use rdkafka::types::RDKafkaErrorCode;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

const FULL_PAUSE: Duration = Duration::from_millis(20);
const FULL_TRIES: u32 = 1500;

/// The producer and the way to a new one.
pub(super) struct Producer {
    cluster: Arc<Cluster>,
    current: RwLock<FutureProducer>,
}

impl Producer {
    pub(super) fn new(cluster: Arc<Cluster>) -> Result<Self, BusError> {
        let current = RwLock::new(create(&cluster)?);
        Ok(Self { cluster, current })
    }

    /// Hands the messages over in their order and waits until all are acknowledged.
    pub(super) async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        let producer = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let outcome = self.send_all(&producer, &messages).await;
        if outcome.is_err() {
            self.replace_where_fatal(&producer)?;
        }
        outcome
    }

    async fn send_all(&self, producer: &FutureProducer, messages: &[Message]) -> Result<(), BusError> {
        let (mut waiting, mut outcome) = (VecDeque::with_capacity(messages.len()), Ok(()));
        for message in messages {
            match self.enqueue(producer, message, &mut waiting).await {
                Ok(()) => {}
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        // What was handed over is awaited even after a failure, so that publishing again cannot overtake it.
        for delivery in waiting {
            outcome = outcome.and(settle(delivery).await);
        }
        outcome
    }

    /// Waits while the queue is full: for an earlier message of the same publication, or for a moment.
    async fn enqueue(
        &self,
        producer: &FutureProducer,
        message: &Message,
        waiting: &mut VecDeque<DeliveryFuture>,
    ) -> Result<(), BusError> {
        let topic = self.cluster.topic(message.topic);
        let mut record = FutureRecord::to(&topic).key(&message.key).payload(&message.payload[..]);
        if let Some(traceparent) = &message.traceparent {
            let header = Header { key: "traceparent", value: Some(traceparent) };
            record = record.headers(OwnedHeaders::new().insert(header));
        }
        for _ in 0..FULL_TRIES {
            match producer.send_result(record) {
                Ok(delivery) => {
                    waiting.push_back(delivery);
                    return Ok(());
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    telemetry::back_pressure(NAME);
                    record = again;
                    match waiting.pop_front() {
                        Some(delivery) => settle(delivery).await?,
                        None => tokio::time::sleep(FULL_PAUSE).await,
                    }
                }
                Err((error, _)) => return Err(failure(&error)),
            }
        }
        Err(BusError::Unavailable("kafka: the queue of what waits to be sent stays full".to_owned()))
    }

    /// An idempotent producer that may have lost its sequence refuses all that follows; only a new one helps.
    fn replace_where_fatal(&self, failed: &FutureProducer) -> Result<(), BusError> {
        let Some((code, reason)) = failed.client().fatal_error() else { return Ok(()) };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.client().fatal_error().is_some() {
            tracing::warn!(%code, reason, "the Kafka producer failed for good and is replaced");
            *current = create(&self.cluster)?;
        }
        Ok(())
    }
}

async fn settle(delivery: DeliveryFuture) -> Result<(), BusError> {
    match delivery.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err((error, _))) => Err(failure(&error)),
        Err(_) => Err(BusError::Unavailable("kafka: the producer has ended".to_owned())),
    }
}

fn create(cluster: &Cluster) -> Result<FutureProducer, BusError> {
    configure(cluster.config()).create().map_err(|error| failure(&error))
}

fn configure(mut config: ClientConfig) -> ClientConfig {
    config
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("compression.type", "zstd")
        .set("linger.ms", "5")
        .set("request.timeout.ms", "10000")
        .set("delivery.timeout.ms", "30000")
        .set("queue.buffering.max.messages", "100000")
        .set("queue.buffering.max.kbytes", "65536")
        .set("message.max.bytes", "8388608")
        // The partition that every other Kafka client would choose for the same key.
        .set("partitioner", "murmur2_random");
    config
}
