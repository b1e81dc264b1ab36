//! A database for each test.

use dauys_router::store::{PostgresStore, SqliteStore, Store};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub struct Sqlite {
    folder: tempfile::TempDir,
}

impl Sqlite {
    pub fn create() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.open_file().await)
    }

    pub async fn open_file(&self) -> SqliteStore {
        SqliteStore::open(&self.folder.path().join("tickets.db")).await.unwrap()
    }
}

pub struct Postgres {
    server: PgConnectOptions,
    name: String,
}

impl Postgres {
    pub async fn create(test: &str) -> Option<Self> {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let Ok(url) = std::env::var("DAUYS_TEST_POSTGRES") else {
            #[expect(clippy::print_stdout, reason = "who runs the tests must see what was not tested")]
            {
                println!("SKIPPED {test}: no PostgreSQL");
            }
            return None;
        };
        let server = PgConnectOptions::from_str(&url).unwrap();
        let name = format!("dauys_test_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
        let database = Self { server, name };
        database.execute("CREATE DATABASE").await;
        Some(database)
    }

    pub async fn open(&self) -> Arc<dyn Store> {
        let url = self.server.clone().database(&self.name).to_url_lossy();
        Arc::new(PostgresStore::open(url.as_str()).await.unwrap())
    }

    /// A test that fails leaves its database for whoever looks into it.
    pub async fn drop(self) {
        self.execute("DROP DATABASE").await;
    }

    async fn execute(&self, what: &str) {
        let mut connection = self.server.connect().await.unwrap();
        let force = if what.starts_with("DROP") { " WITH (FORCE)" } else { "" };
        let statement = format!("{what} {}{force}", self.name);
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_sqlite_file_keeps_what_was_committed() {
    let database = Sqlite::create();
    let store = database.open_file().await;
    store.open_intake(&crate::common::intake(1)).await.unwrap();
    store.close().await;
    let store = database.open_file().await;
    assert_eq!(store.tickets_by_number(crate::common::number(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_commit_of_another_process_wakes_the_relay_of_this_one() {
    let Some(database) = Postgres::create("a_commit_of_another_process_wakes_the_relay_of_this_one").await else {
        return;
    };
    let (here, there) = (database.open().await, database.open().await);
    let written = here.outbox_written();
    there.open_intake(&crate::common::intake(1)).await.unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(20), written.notified()).await.unwrap();
    assert_eq!(here.outbox(10).await.unwrap().len(), 2);
    drop((here, there));
    database.drop().await;
}
