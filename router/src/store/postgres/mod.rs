//! The store on PostgreSQL, for cities that need more than one machine.

use super::StoreError;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{Pool, Postgres, Transaction};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

#[path = "../sql/mod.rs"]
mod sql;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");
const CONNECTIONS: u32 = 16;
const PATIENCE: Duration = Duration::from_secs(10);
const CHANNEL: &str = "dauys_outbox";

type Db = Postgres;
type Tx = Transaction<'static, Postgres>;
use PostgresStore as Backend;

/// A store on PostgreSQL.
pub struct PostgresStore {
    pool: Pool<Postgres>,
    written: Arc<Notify>,
    listener: AbortHandle,
}

impl PostgresStore {
    /// Connects to `postgres://user:password@host/database` and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError`] where the server cannot be reached or its tables cannot be brought up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        // The URL may hold a password: what is wrong with it is not repeated.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| StoreError::Refused("the PostgreSQL URL cannot be read".to_owned()))?
            .application_name("dauys");
        let pool =
            PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE).connect_with(options).await?;
        MIGRATIONS.run(&pool).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        let written = Arc::new(Notify::new());
        let task = tokio::spawn(forward(listener, Arc::clone(&written)));
        Ok(Self { pool, written, listener: task.abort_handle() })
    }

    /// Closes all connections once their work is done.
    pub async fn close(&self) {
        self.listener.abort();
        self.pool.close().await;
    }

    fn reader(&self) -> &Pool<Postgres> {
        &self.pool
    }

    async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(self.pool.begin().await?)
    }

    /// Tells the other processes of the city, once the transaction is committed, that the outbox holds something.
    async fn announce_outbox(tx: &mut Tx) -> Result<(), StoreError> {
        sqlx::query("SELECT pg_notify('dauys_outbox', '')").execute(&mut **tx).await?;
        Ok(())
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Wakes this process whenever another one wrote to the outbox.
async fn forward(mut listener: PgListener, written: Arc<Notify>) {
    loop {
        match listener.try_recv().await {
            Ok(Some(_)) => written.notify_one(),
            // The connection was lost and will be made anew by the next call: something may have been missed.
            Ok(None) => written.notify_one(),
            Err(error) => {
                tracing::warn!(%error, "cannot listen for outbox rows of other processes");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
