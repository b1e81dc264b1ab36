//! What all Kafka clients share: how the cluster is reached, what things are called on it, and what its errors mean.

use crate::BusError;
use dauys_config::settings::Kafka;
use dauys_events::Topic;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;
use std::time::Duration;

/// How long one question to the cluster may take.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A cluster and the names that are used on it.
pub(super) struct Cluster {
    config: ClientConfig,
    prefix: String,
}

impl Cluster {
    pub(super) fn new(settings: &Kafka, prefix: &str) -> Result<Self, BusError> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", settings.brokers.trim())
            .set("client.id", "dauys")
            .set("security.protocol", &settings.security)
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.max.ms", "2000")
            // A topic that was just made is asked for soon, not after the default of five minutes.
            .set("topic.metadata.refresh.interval.ms", "30000");
        if settings.security.starts_with("sasl") {
            let password = settings.password.read().map_err(|text| refused("bus.kafka.password", text))?;
            let password = password.ok_or_else(|| refused("bus.kafka.password", "is not set"))?;
            config
                .set("sasl.mechanism", "SCRAM-SHA-512")
                .set("sasl.username", &settings.user)
                .set("sasl.password", password);
        }
        if settings.security.ends_with("ssl") && !settings.ca_file.is_empty() {
            config.set("ssl.ca.location", &settings.ca_file);
        }
        Ok(Self { config, prefix: prefix.to_owned() })
    }

    /// Returns the settings that every client starts from.
    pub(super) fn config(&self) -> ClientConfig {
        self.config.clone()
    }

    /// Returns a topic's name on this cluster.
    pub(super) fn topic(&self, topic: Topic) -> String {
        format!("{}{}", self.prefix, topic.name())
    }

    /// Returns a group's name on this cluster.
    pub(super) fn group(&self, group: &str) -> String {
        format!("{}{group}", self.prefix)
    }

    /// Finds the topic that has a name on this cluster.
    pub(super) fn topic_of(&self, name: &str) -> Option<Topic> {
        Topic::from_name(name.strip_prefix(self.prefix.as_str())?)
    }
}

fn refused(what: &str, text: impl std::fmt::Display) -> BusError {
    BusError::Refused(format!("{what}: {text}"))
}

/// Tells what a person must mend from what may pass.
pub(super) fn failure(error: &KafkaError) -> BusError {
    let text = format!("kafka: {error}");
    if matches!(error, KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_) | KafkaError::Nul(_)) {
        return BusError::Refused(text);
    }
    error.rdkafka_error_code().map_or(BusError::Unavailable(text), failure_code)
}

/// The same for a bare code.
pub(super) fn failure_code(code: Code) -> BusError {
    let text = format!("kafka: {code}");
    match code {
        Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::SSL
        | Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::InvalidTopic
        | Code::UnknownTopicOrPartition
        | Code::UnknownTopic
        | Code::MessageSizeTooLarge
        | Code::InvalidConfig
        | Code::InvalidPartitions
        | Code::InvalidReplicationFactor
        | Code::PolicyViolation
        | Code::UnsupportedVersion
        | Code::UnsupportedSASLMechanism => BusError::Refused(text),
        _ => BusError::Unavailable(text),
    }
}

/// Runs one of librdkafka's blocking questions where blocking does no harm.
pub(super) async fn blocking<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, BusError> + Send + 'static,
) -> Result<T, BusError> {
    match tokio::task::spawn_blocking(question).await {
        Ok(answer) => answer,
        Err(error) => Err(BusError::Unavailable(format!("kafka: {error}"))),
    }
}
