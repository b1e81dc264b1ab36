//! The bus for one machine: an append-only SQLite table with a cursor for each group and topic. One writer joins what is
//! published at the same time into one flushed transaction; readers sleep until the log grows.
//!
//! A group's topic is read by one member at a time; a further member waits until the first has left. A second process
//! is refused.

mod database;
mod lock;
mod subscription;
mod writer;

use crate::embedded::database::Database;
use crate::embedded::subscription::{EmbeddedSubscription, Members};
use crate::embedded::writer::{Work, Writer};
use crate::{Bus, BusError, Message, Subscription, limits, telemetry};
use async_trait::async_trait;
use dauys_events::Topic;
use jiff::{SignedDuration, Timestamp};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::task::AbortOnDropHandle;

const NAME: &str = "embedded";
const CUT_EVERY: Duration = Duration::from_secs(3600);
const CHECK_WITHIN: Duration = Duration::from_secs(5);

/// How an embedded log is kept.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedOptions {
    /// How long a message stays after every group has read it; 7 days by default.
    pub keep: SignedDuration,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self { keep: SignedDuration::from_hours(7 * 24) }
    }
}

/// The embedded durable log.
#[derive(Debug)]
pub struct EmbeddedBus {
    database: Arc<Database>,
    writer: Writer,
    members: Arc<Members>,
    options: EmbeddedOptions,
    _cutter: AbortOnDropHandle<()>,
}

impl EmbeddedBus {
    /// Opens the log `bus.sqlite` in a folder, making both where they are missing. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`BusError::Refused`] where another process has the log open, or the file is none of this version's;
    /// [`BusError::Unavailable`] where the disk does not let it be opened.
    pub async fn open(folder: &Path, options: EmbeddedOptions) -> Result<Self, BusError> {
        let database = Arc::new(Database::open(folder).await?);
        let writer = Writer::start(Arc::clone(&database)).await?;
        let cutter = tokio::spawn(cut_now_and_then(writer.clone(), options));
        Ok(Self { database, writer, members: Arc::default(), options, _cutter: AbortOnDropHandle::new(cutter) })
    }

    /// Removes messages that are older than [`EmbeddedOptions::keep`] at `now` and that every group of their topic has
    /// committed; a topic without groups loses its old messages, except the dead letters, which wait for a reader.
    /// Returns how many went. It happens by itself every hour.
    ///
    /// # Errors
    /// [`BusError`] where the log cannot be written.
    pub async fn cut(&self, now: Timestamp) -> Result<u64, BusError> {
        cut(&self.writer, now, self.options).await
    }
}

async fn cut(writer: &Writer, now: Timestamp, options: EmbeddedOptions) -> Result<u64, BusError> {
    let before = now.saturating_sub(options.keep).map_err(|error| BusError::Refused(error.to_string()))?;
    let mut total = 0;
    loop {
        let count = writer.submit(Work::Cut { before }).await?;
        total += count;
        if count == 0 {
            telemetry::cut(total);
            return Ok(total);
        }
    }
}

/// Cuts every hour until the bus is dropped; a failure is tried again with the next hour.
#[expect(clippy::disallowed_methods, reason = "the age of a message is measured by this machine's clock")]
async fn cut_now_and_then(writer: Writer, options: EmbeddedOptions) {
    loop {
        if let Err(error) = cut(&writer, Timestamp::now(), options).await {
            tracing::warn!(%error, "old messages could not be removed");
        }
        tokio::time::sleep(CUT_EVERY).await;
    }
}

#[async_trait]
impl Bus for EmbeddedBus {
    #[expect(clippy::disallowed_methods, reason = "measures how long publishing takes")]
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        if messages.is_empty() {
            return Ok(());
        }
        limits::check(&messages)?;
        let (started, topics) = (Instant::now(), telemetry::topics(&messages));
        match self.writer.submit(Work::Append(messages)).await {
            Ok(_) => {
                telemetry::published(NAME, &topics, started.elapsed());
                Ok(())
            }
            Err(error) => {
                telemetry::publish_failed(NAME, &error);
                Err(error)
            }
        }
    }

    async fn subscribe(&self, group: &str, topics: &[Topic]) -> Result<Box<dyn Subscription>, BusError> {
        let mut topics = topics.to_vec();
        topics.sort_unstable();
        topics.dedup();
        if topics.is_empty() {
            return Err(BusError::Refused("a subscription needs a topic".to_owned()));
        }
        self.writer.submit(Work::Join { group: group.to_owned(), topics: topics.clone() }).await?;
        let (database, members) = (Arc::clone(&self.database), Arc::clone(&self.members));
        Ok(Box::new(EmbeddedSubscription::new(group, topics, database, self.writer.clone(), members)))
    }

    async fn lag(&self, group: &str, topic: Topic) -> Result<u64, BusError> {
        self.database.lag(group, topic).await
    }

    async fn check(&self) -> Result<(), BusError> {
        match tokio::time::timeout(CHECK_WITHIN, self.writer.submit(Work::Nothing)).await {
            Ok(answer) => answer.map(|_| ()),
            Err(_) => Err(BusError::Unavailable(format!("the log did not answer within {CHECK_WITHIN:?}"))),
        }
    }
}
