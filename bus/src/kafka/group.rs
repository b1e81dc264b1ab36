//! What a member of a consumer group has handed out of each partition, which a rebalance takes back: a partition that
//! has gone to another member is committed by that member alone.

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The offset to go on from, for each topic and partition.
pub(super) type Positions = HashMap<(String, i32), i64>;

/// What this member has handed out and not committed.
#[derive(Debug, Default)]
pub(super) struct Handed {
    positions: Mutex<Positions>,
}

impl Handed {
    /// Notes that a message was handed out.
    pub(super) fn note(&self, topic: &str, partition: i32, offset: i64) {
        self.with(|positions| match positions.get_mut(&(topic.to_owned(), partition)) {
            Some(next) => *next = offset + 1,
            None => {
                positions.insert((topic.to_owned(), partition), offset + 1);
            }
        });
    }

    /// Returns what is to be committed.
    pub(super) fn pending(&self) -> Positions {
        self.with(|positions| positions.clone())
    }

    /// Forgets what has been committed, unless more was handed out since.
    pub(super) fn committed(&self, done: &Positions) {
        self.with(|positions| positions.retain(|place, next| done.get(place) != Some(next)));
    }

    fn forget(&self, gone: &TopicPartitionList) {
        self.with(|positions| {
            for element in gone.elements() {
                positions.remove(&(element.topic().to_owned(), element.partition()));
            }
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Positions) -> T) -> T {
        act(&mut self.positions.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientContext for Handed {}

impl ConsumerContext for Handed {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Revoke(gone) => {
                tracing::info!(partitions = gone.count(), "partitions went to other members of the group");
                self.forget(gone);
            }
            Rebalance::Assign(new) => tracing::info!(partitions = new.count(), "partitions were assigned"),
            Rebalance::Error(error) => tracing::warn!(%error, "the group could not be rebalanced"),
        }
    }
}

/// Writes positions as librdkafka wants them.
pub(super) fn offsets(positions: &Positions) -> Result<TopicPartitionList, rdkafka::error::KafkaError> {
    let mut list = TopicPartitionList::with_capacity(positions.len());
    for ((topic, partition), next) in positions {
        list.add_partition_offset(topic, *partition, Offset::Offset(*next))?;
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_out_while_a_commit_runs_stays_to_be_committed() {
        let handed = Handed::default();
        handed.note("a", 0, 4);
        handed.note("a", 1, 9);
        let first = handed.pending();
        handed.note("a", 0, 5);
        handed.committed(&first);
        assert_eq!(handed.pending(), Positions::from([(("a".to_owned(), 0), 6)]));
    }

    #[test]
    fn a_partition_that_went_elsewhere_is_not_committed_here() {
        let handed = Handed::default();
        handed.note("a", 0, 4);
        handed.note("a", 1, 9);
        let mut gone = TopicPartitionList::new();
        gone.add_partition("a", 1);
        handed.forget(&gone);
        assert_eq!(handed.pending(), Positions::from([(("a".to_owned(), 0), 5)]));
    }
}
