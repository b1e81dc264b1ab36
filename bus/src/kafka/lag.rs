//! How far a group is behind: the ends of a topic's partitions against what the group has committed of them.

use crate::BusError;
use crate::kafka::client::{ANSWER_WITHIN, Cluster, blocking, failure};
use dauys_events::Topic;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Clients that ask in a group's name without joining it; one for each group, since making one is dear.
pub(super) struct Lag {
    cluster: Arc<Cluster>,
    clients: Mutex<HashMap<String, Arc<BaseConsumer>>>,
}

impl Lag {
    pub(super) fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster, clients: Mutex::default() }
    }

    pub(super) async fn of(&self, group: &str, topic: Topic) -> Result<u64, BusError> {
        let (client, topic) = (self.client(group)?, self.cluster.topic(topic));
        blocking(move || measure(&client, &topic)).await
    }

    fn client(&self, group: &str) -> Result<Arc<BaseConsumer>, BusError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(group) {
            return Ok(Arc::clone(client));
        }
        let mut config = self.cluster.config();
        config.set("group.id", self.cluster.group(group)).set("enable.auto.commit", "false");
        let client: Arc<BaseConsumer> = Arc::new(config.create().map_err(|error| failure(&error))?);
        clients.insert(group.to_owned(), Arc::clone(&client));
        Ok(client)
    }
}

fn measure(client: &BaseConsumer, topic: &str) -> Result<u64, BusError> {
    let failed = |error| failure(&error);
    let metadata = client.fetch_metadata(Some(topic), ANSWER_WITHIN).map_err(failed)?;
    let mut partitions = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(|found| found.partitions()) {
        partitions.add_partition(topic, partition.id());
    }
    if partitions.count() == 0 {
        return Err(BusError::Refused(format!("kafka has no topic {topic}")));
    }
    let committed = client.committed_offsets(partitions, ANSWER_WITHIN).map_err(failed)?;
    let mut lag = 0;
    for element in committed.elements() {
        let (first, end) = client.fetch_watermarks(topic, element.partition(), ANSWER_WITHIN).map_err(failed)?;
        let from = match element.offset() {
            Offset::Offset(offset) => offset.max(first),
            _ => first,
        };
        lag += u64::try_from(end - from).unwrap_or(0);
    }
    Ok(lag)
}
