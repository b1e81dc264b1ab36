//! A database of a test's own on a real PostgreSQL.

use sqlx::{Connection, PgConnection};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// An empty database; the server that holds it goes with the test run.
#[derive(Clone, Debug)]
pub struct Database {
    /// The URL that leads to it.
    pub url: String,
}

impl Database {
    /// Makes a database, or says that the test was skipped.
    ///
    /// # Errors
    /// Where the server does not let one be made.
    pub async fn make() -> anyhow::Result<Option<Self>> {
        let Some(admin) = dauys_bus::testing::postgres() else { return Ok(None) };
        let name = format!("dauys_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&admin).await?;
        // The name is made of a prefix and two numbers.
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
        connection.close().await?;
        let (server, _) = admin.rsplit_once('/').ok_or_else(|| anyhow::anyhow!("the URL names no database"))?;
        Ok(Some(Self { url: format!("{server}/{name}") }))
    }
}
