//! The tables of the embedded log and every statement that reads or writes them.

use crate::embedded::lock::Lock;
use crate::{BusError, Delivery, Message, folders, limits};
use dauys_events::Topic;
use futures::TryStreamExt;
use jiff::Timestamp;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

const VERSION: i64 = 1;
const READERS: u32 = 4;
const CUT_AT_ONCE: i64 = 1000;

/// Numbers are never given twice, also after the newest message was removed: cursors outlive messages.
const SCHEMA: &str = "
CREATE TABLE message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    traceparent TEXT,
    at INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE INDEX message_of_topic ON message (topic, seq);
CREATE TABLE cursor (
    member_group TEXT NOT NULL,
    topic TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (member_group, topic)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
";

/// The log's file: connections that read, and the way to one that writes.
#[derive(Debug)]
pub(super) struct Database {
    options: SqliteConnectOptions,
    readers: SqlitePool,
    _lock: Lock,
}

impl Database {
    pub(super) async fn open(folder: &Path) -> Result<Self, BusError> {
        let folder =
            folders::make(folder).map_err(|error| BusError::Unavailable(format!("{}: {error}", folder.display())))?;
        let lock = Lock::take(&folder.join("bus.lock")).await?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("bus.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .pragma("journal_size_limit", "67108864")
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(failure)?;
        migrate(&mut connection).await?;
        connection.close().await.map_err(failure)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(Duration::from_secs(10))
            .connect_lazy_with(options.clone().create_if_missing(false).read_only(true));
        Ok(Self { options, readers, _lock: lock })
    }

    /// Opens a connection that writes; the log has one at a time.
    pub(super) async fn writer(&self) -> Result<SqliteConnection, BusError> {
        self.options.connect().await.map_err(failure)
    }

    /// Returns each topic's newest number.
    pub(super) async fn heads(&self) -> Result<HashMap<Topic, i64>, BusError> {
        let rows: Vec<(String, i64)> = sqlx::query_as("SELECT topic, MAX(seq) FROM message GROUP BY topic")
            .fetch_all(&self.readers)
            .await
            .map_err(failure)?;
        Ok(by_topic(rows))
    }

    /// Returns what a group has committed of each topic.
    pub(super) async fn cursors(&self, group: &str) -> Result<HashMap<Topic, i64>, BusError> {
        let rows: Vec<(String, i64)> = sqlx::query_as("SELECT topic, seq FROM cursor WHERE member_group = ?1")
            .bind(group)
            .fetch_all(&self.readers)
            .await
            .map_err(failure)?;
        Ok(by_topic(rows))
    }

    pub(super) async fn lag(&self, group: &str, topic: Topic) -> Result<u64, BusError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM message WHERE topic = ?2 AND seq > \
             COALESCE((SELECT seq FROM cursor WHERE member_group = ?1 AND topic = ?2), 0)",
        )
        .bind(group)
        .bind(topic.name())
        .fetch_one(&self.readers)
        .await
        .map_err(failure)?;
        Ok(count.unsigned_abs())
    }

    /// Reads up to `max` messages of a topic after a number; stops early where they grow too large together.
    pub(super) async fn read(&self, topic: Topic, after: i64, max: usize) -> Result<Vec<Delivery>, BusError> {
        let mut rows = sqlx::query(
            "SELECT seq, key, traceparent, payload FROM message WHERE topic = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )
        .bind(topic.name())
        .bind(after)
        .bind(i64::try_from(max).unwrap_or(i64::MAX))
        .fetch(&self.readers);
        let (mut deliveries, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await.map_err(failure)? {
            let payload: Vec<u8> = row.try_get(3).map_err(failure)?;
            bytes += payload.len();
            if bytes > limits::BATCH && !deliveries.is_empty() {
                break;
            }
            let message = Message {
                topic,
                key: row.try_get(1).map_err(failure)?,
                payload: payload.into(),
                traceparent: row.try_get(2).map_err(failure)?,
            };
            deliveries.push(Delivery { message, partition: 0, offset: row.try_get(0).map_err(failure)? });
        }
        Ok(deliveries)
    }
}

/// Appends messages and notes each topic's newest number.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    at: Timestamp,
    messages: &[Message],
    heads: &mut HashMap<Topic, i64>,
) -> Result<u64, BusError> {
    for message in messages {
        let done =
            sqlx::query("INSERT INTO message (topic, key, traceparent, at, payload) VALUES (?1, ?2, ?3, ?4, ?5)")
                .bind(message.topic.name())
                .bind(&message.key)
                .bind(&message.traceparent)
                .bind(at.as_millisecond())
                .bind(&message.payload[..])
                .execute(&mut *connection)
                .await
                .map_err(failure)?;
        heads.insert(message.topic, done.last_insert_rowid());
    }
    Ok(messages.len() as u64)
}

/// Makes a group known, at the oldest message.
pub(super) async fn join(connection: &mut SqliteConnection, group: &str, topics: &[Topic]) -> Result<u64, BusError> {
    for topic in topics {
        sqlx::query("INSERT INTO cursor (member_group, topic, seq) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING")
            .bind(group)
            .bind(topic.name())
            .execute(&mut *connection)
            .await
            .map_err(failure)?;
    }
    Ok(topics.len() as u64)
}

/// Moves a group's cursors forward, never back.
pub(super) async fn advance(
    connection: &mut SqliteConnection,
    group: &str,
    positions: &[(Topic, i64)],
) -> Result<u64, BusError> {
    for (topic, seq) in positions {
        sqlx::query("UPDATE cursor SET seq = ?3 WHERE member_group = ?1 AND topic = ?2 AND seq < ?3")
            .bind(group)
            .bind(topic.name())
            .bind(seq)
            .execute(&mut *connection)
            .await
            .map_err(failure)?;
    }
    Ok(positions.len() as u64)
}

/// Removes some messages that are older than `before` and read by every group; returns how many, 0 once none is left.
pub(super) async fn cut(connection: &mut SqliteConnection, before: Timestamp) -> Result<u64, BusError> {
    let mut count = 0;
    for topic in Topic::ALL {
        let unread_stays = if topic == Topic::Dead { 0 } else { i64::MAX };
        let done = sqlx::query(
            "DELETE FROM message WHERE seq IN (SELECT seq FROM message WHERE topic = ?1 AND at < ?2 AND seq <= \
             COALESCE((SELECT MIN(seq) FROM cursor WHERE topic = ?1), ?3) ORDER BY seq LIMIT ?4)",
        )
        .bind(topic.name())
        .bind(before.as_millisecond())
        .bind(unread_stays)
        .bind(CUT_AT_ONCE)
        .execute(&mut *connection)
        .await
        .map_err(failure)?;
        count += done.rows_affected();
    }
    Ok(count)
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), BusError> {
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await.map_err(failure)?;
    match version {
        VERSION => Ok(()),
        0 => {
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failure)?;
            sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await.map_err(failure)?;
            transaction.commit().await.map_err(failure)
        }
        newer => Err(BusError::Refused(format!(
            "bus.sqlite has version {newer}, this dauys reads version {VERSION}: it was written by a newer dauys"
        ))),
    }
}

fn by_topic(rows: Vec<(String, i64)>) -> HashMap<Topic, i64> {
    rows.into_iter().filter_map(|(name, seq)| Some((Topic::from_name(&name)?, seq))).collect()
}

/// Tells what a person must mend (SQLite's primary codes 3, 8, 11 and 23 to 26) from what may pass.
pub(super) fn failure(error: sqlx::Error) -> BusError {
    let code = match &error {
        sqlx::Error::Database(error) => error.code().and_then(|code| code.parse::<i32>().ok()),
        _ => None,
    };
    let text = format!("bus.sqlite: {error}");
    match code.map(|code| code & 0xff) {
        Some(3 | 8 | 11 | 23..=26) => BusError::Refused(text),
        Some(_) => BusError::Unavailable(text),
        None if matches!(error, sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }) => BusError::Refused(text),
        None => BusError::Unavailable(text),
    }
}
