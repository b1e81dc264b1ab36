//! How the suite gets at a bus, and at the same bus again.

use async_trait::async_trait;
use dauys_bus::{Bus, EmbeddedBus, EmbeddedOptions, KafkaBus, testing};
use dauys_config::settings::Kafka;
use std::sync::Arc;
use uuid::Uuid;

/// A bus of a test's own.
#[async_trait]
pub trait Rig: Sync {
    /// Opens it; again, once everything of the one before is dropped.
    async fn open(&self) -> Arc<dyn Bus>;
}

/// An embedded log in a folder that goes with the test.
pub struct Embedded {
    folder: tempfile::TempDir,
}

impl Embedded {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }
}

#[async_trait]
impl Rig for Embedded {
    async fn open(&self) -> Arc<dyn Bus> {
        Arc::new(EmbeddedBus::open(self.folder.path(), EmbeddedOptions::default()).await.unwrap())
    }
}

/// Topics of the test's own on a real Kafka.
pub struct RealKafka {
    settings: Kafka,
    prefix: String,
}

impl RealKafka {
    #[expect(clippy::disallowed_methods, reason = "a name that no other test has")]
    pub fn new() -> Option<Self> {
        let brokers = testing::kafka()?;
        let prefix = format!("{}.", Uuid::new_v4());
        Some(Self { settings: Kafka { brokers, partitions: 3, ..Kafka::default() }, prefix })
    }
}

#[async_trait]
impl Rig for RealKafka {
    async fn open(&self) -> Arc<dyn Bus> {
        Arc::new(KafkaBus::with_prefix(&self.settings, &self.prefix).unwrap())
    }
}
