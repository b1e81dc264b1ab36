//! A real Kafka for whole-system tests: the shared one under a prefix of the test's own, or one of the test's own that it
//! may kill.

use anyhow::{Context, ensure};
use dauys_bus::{BusError, KafkaBus};
use dauys_config::settings::{Bus, BusKind, Kafka};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use uuid::Uuid;

/// Topics of a test's own on the Kafka that the test run shares.
#[derive(Clone, Debug)]
pub struct SharedKafka {
    /// How it is reached; topics are made with three partitions.
    pub settings: Kafka,
    /// What stands before the names of all topics and groups.
    pub prefix: String,
}

impl SharedKafka {
    /// Returns the shared Kafka, or says that the test was skipped.
    #[expect(clippy::disallowed_methods, reason = "a name that no other test has")]
    pub fn find() -> Option<Self> {
        let brokers = dauys_bus::testing::kafka()?;
        let settings = Kafka { brokers, partitions: 3, ..Kafka::default() };
        Some(Self { settings, prefix: format!("{}.", Uuid::new_v4()) })
    }

    /// Opens a bus with this test's topics; several may be open at once, as in several processes.
    ///
    /// # Errors
    /// As [`KafkaBus::with_prefix`].
    pub fn bus(&self) -> Result<KafkaBus, BusError> {
        KafkaBus::with_prefix(&self.settings, &self.prefix)
    }
}

/// A Kafka of a test's own, which goes with it.
#[derive(Debug)]
pub struct OwnKafka {
    folder: tempfile::TempDir,
    address: String,
}

impl OwnKafka {
    /// Starts a Kafka, or says that the test was skipped where the test run has none either.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start() -> anyhow::Result<Option<Self>> {
        if dauys_bus::testing::kafka().is_none() {
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        let address = script("start", &folder.path().join("kafka"))?;
        Ok(Some(Self { folder, address }))
    }

    /// Returns the bus settings that lead here.
    pub fn settings(&self) -> Bus {
        let kafka = Kafka { brokers: self.address.clone(), partitions: 3, ..Kafka::default() };
        Bus { kind: BusKind::Kafka, kafka }
    }

    /// Kills it without warning; its data stays.
    ///
    /// # Errors
    /// Where the script fails.
    pub fn kill(&self) -> anyhow::Result<()> {
        script("kill", &self.place()).map(drop)
    }

    /// Starts it again after [`OwnKafka::kill`], with its data and at its address.
    ///
    /// # Errors
    /// Where it does not come back.
    pub fn resume(&self) -> anyhow::Result<()> {
        script("resume", &self.place()).map(drop)
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("kafka")
    }
}

impl Drop for OwnKafka {
    fn drop(&mut self) {
        // What is left behind is a process of a test that has ended; the test itself is not to fail for it.
        let _ = script("stop", &self.place());
    }
}

/// Runs `scripts/kafka.sh`; returns the last line that it prints.
fn script(verb: &str, folder: &Path) -> anyhow::Result<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/kafka.sh");
    let output = Command::new(&script).arg(verb).arg(folder).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("{}", script.display()))?;
    ensure!(output.status.success(), "kafka.sh {verb} failed: {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned())
}
