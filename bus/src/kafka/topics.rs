//! The topics: made where the settings say so, and checked for readiness.

use crate::BusError;
use crate::kafka::client::{ANSWER_WITHIN, Cluster, blocking, failure, failure_code};
use dauys_config::settings::Kafka;
use dauys_events::Topic;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// The largest batch that a topic takes, in bytes: a largest payload with room for its envelope.
const BATCH: &str = "8388608";
/// Kafka cuts by age alone, read or not: 30 days outlast a long outage of a reader.
const KEEP_MS: &str = "2592000000";
/// How long a topic that was just made may take until its leaders answer.
const SETTLE_TRIES: u32 = 150;
const SETTLE_PAUSE: Duration = Duration::from_millis(200);

type Admin = AdminClient<DefaultClientContext>;

/// Makes sure that the topics are there, once.
pub(super) struct Topics {
    cluster: Arc<Cluster>,
    partitions: i32,
    replicas: i32,
    admin: OnceCell<Arc<Admin>>,
    ready: OnceCell<()>,
}

impl Topics {
    pub(super) fn new(cluster: Arc<Cluster>, settings: &Kafka) -> Self {
        let (partitions, replicas) = (settings.partitions, settings.replicas);
        Self { cluster, partitions, replicas, admin: OnceCell::new(), ready: OnceCell::new() }
    }

    /// Makes the topics that are missing, unless that is left to the operator. Costs nothing once it has succeeded.
    pub(super) async fn ensure(&self) -> Result<(), BusError> {
        if self.partitions <= 0 {
            return Ok(());
        }
        self.ready.get_or_try_init(|| self.make()).await.copied()
    }

    async fn make(&self) -> Result<(), BusError> {
        let names: Vec<_> = Topic::ALL.iter().map(|topic| (*topic, self.cluster.topic(*topic))).collect();
        // With three replicas or more, one of them may be away; an acknowledged message is on two at least.
        let in_sync = if self.replicas >= 3 { "2" } else { "1" };
        let topics: Vec<_> = names
            .iter()
            .map(|(topic, name)| {
                let keep = if *topic == Topic::Dead { "-1" } else { KEEP_MS };
                NewTopic::new(name, self.partitions, TopicReplication::Fixed(self.replicas))
                    .set("max.message.bytes", BATCH)
                    .set("min.insync.replicas", in_sync)
                    .set("retention.ms", keep)
            })
            .collect();
        let options = AdminOptions::new().request_timeout(Some(ANSWER_WITHIN)).operation_timeout(Some(ANSWER_WITHIN));
        let answers = self.admin().await?.create_topics(&topics, &options).await.map_err(|error| failure(&error))?;
        for answer in answers {
            match answer {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => {
                    tracing::warn!(topic = name, %code, "the topic could not be made");
                    return Err(failure_code(code));
                }
            }
        }
        self.settle().await
    }

    /// Waits until each partition's leader answers: a cluster says that a topic is made before all of it knows.
    async fn settle(&self) -> Result<(), BusError> {
        let (admin, cluster) = (self.admin().await?, Arc::clone(&self.cluster));
        blocking(move || {
            let mut answer = Ok(());
            for _ in 0..SETTLE_TRIES {
                answer = leaders_answer(&admin, &cluster);
                if answer.is_ok() {
                    break;
                }
                std::thread::sleep(SETTLE_PAUSE);
            }
            answer
        })
        .await
    }

    /// Checks that each topic has partitions, and each partition a leader.
    pub(super) async fn check(&self) -> Result<(), BusError> {
        let (admin, cluster) = (self.admin().await?, Arc::clone(&self.cluster));
        blocking(move || leaders(&admin, &cluster).map(|_| ())).await
    }

    async fn admin(&self) -> Result<Arc<Admin>, BusError> {
        let make = async || self.cluster.config().create().map(Arc::new).map_err(|error| failure(&error));
        self.admin.get_or_try_init(make).await.cloned()
    }
}

/// Returns every partition, all of which have a leader.
fn leaders(admin: &Admin, cluster: &Cluster) -> Result<Vec<(String, i32)>, BusError> {
    let metadata = admin.inner().fetch_metadata(None, ANSWER_WITHIN).map_err(|error| failure(&error))?;
    let mut all = Vec::new();
    for topic in Topic::ALL {
        let name = cluster.topic(topic);
        let found = metadata.topics().iter().find(|found| found.name() == name);
        let Some(found) = found.filter(|found| !found.partitions().is_empty()) else {
            return Err(BusError::Refused(format!("kafka has no topic {name}: make it, or let dauys make it")));
        };
        if found.partitions().iter().any(|partition| partition.leader() < 0) {
            return Err(BusError::Unavailable(format!("kafka: a partition of {name} has no leader")));
        }
        all.extend(found.partitions().iter().map(|partition| (name.clone(), partition.id())));
    }
    Ok(all)
}

fn leaders_answer(admin: &Admin, cluster: &Cluster) -> Result<(), BusError> {
    for (name, partition) in leaders(admin, cluster)? {
        admin.inner().fetch_watermarks(&name, partition, ANSWER_WITHIN).map_err(|error| failure(&error))?;
    }
    Ok(())
}
