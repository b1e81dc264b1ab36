//! How events travel between the rooms.

use super::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How events travel between the rooms.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bus {
    /// `embedded`: a durable log in the data folder, for one machine. `kafka`: a Kafka cluster.
    pub kind: BusKind,
    /// The Kafka cluster, where the kind is `kafka`.
    pub kafka: Kafka,
}

/// Which bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BusKind {
    /// A durable log in the data folder, for one machine.
    #[default]
    Embedded,
    /// A Kafka cluster.
    Kafka,
}

/// The Kafka cluster.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Kafka {
    /// The brokers to start from, as `host:port,host:port`.
    pub brokers: String,
    /// How many partitions a topic gets when dauys creates it; 0 leaves creating topics to the operator.
    pub partitions: i32,
    /// How many replicas a topic gets when dauys creates it.
    pub replicas: i32,
    /// `plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`.
    pub security: String,
    /// The user, for SASL (SCRAM-SHA-512).
    pub user: String,
    /// Where the password is found, for SASL.
    pub password: Secret,
    /// The certificate authority's file, for SSL; empty for the system's.
    pub ca_file: String,
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".to_owned(),
            partitions: 12,
            replicas: 1,
            security: "plaintext".to_owned(),
            user: String::new(),
            password: Secret::default(),
            ca_file: String::new(),
        }
    }
}
