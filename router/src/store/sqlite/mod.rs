//! The store on SQLite: one writer connection, several readers, a write-ahead log that is flushed at every commit.

use super::StoreError;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Pool, Sqlite, Transaction};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

#[path = "../sql/mod.rs"]
mod sql;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
const READERS: u32 = 4;
const BUSY: Duration = Duration::from_secs(10);

type Db = Sqlite;
type Tx = Transaction<'static, Sqlite>;
use SqliteStore as Backend;

/// A store on SQLite.
pub struct SqliteStore {
    writer: Pool<Sqlite>,
    readers: Pool<Sqlite>,
    written: Arc<Notify>,
}

impl SqliteStore {
    /// Opens the database file, creates it where it is not there, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError`] where the file cannot be opened or its tables cannot be brought up to date.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        MIGRATIONS.run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers, written: Arc::new(Notify::new()) })
    }

    /// Closes all connections once their work is done.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    fn reader(&self) -> &Pool<Sqlite> {
        &self.readers
    }

    async fn begin(&self) -> Result<Tx, StoreError> {
        // A transaction that reads before it writes would fail as busy if it did not take the write lock at once.
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    async fn announce_outbox(_: &mut Tx) -> Result<(), StoreError> {
        Ok(())
    }
}
