//! The durable inbox: a message is in it before the webhook answers, once however often it is delivered, until all is done.

use std::path::Path;
use std::time::Duration;

use dauys_events::RegistrationNumber;
use sqlx::Row;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use uuid::Uuid;

use super::webhook::Incoming;

/// A delivery is repeated for up to 7 days; a message is remembered for longer than that.
const REMEMBERED: Duration = Duration::from_secs(8 * 24 * 3_600);
/// Due never: a worker has it in hand. Opening the inbox makes such messages due again.
const IN_HAND: i64 = i64::MAX;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS message (
    wamid TEXT PRIMARY KEY,
    intake TEXT NOT NULL,
    payload TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    step INTEGER NOT NULL DEFAULT 0,
    number TEXT,
    unheard INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS message_due ON message (due_at) WHERE step < 2;
UPDATE message SET due_at = 0 WHERE step < 2;
";

/// Why the inbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The database fails.
    #[error("the WhatsApp inbox: {0}")]
    Database(#[from] sqlx::Error),
    /// It holds what this version did not write.
    #[error("the WhatsApp inbox holds what this version cannot read: {0}")]
    Content(String),
}

/// What is to be done with a message next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Make an intake of it, if it is one.
    Register,
    /// Answer; the note was or was not had.
    Answer {
        /// The note could not be fetched.
        unheard: bool,
    },
}

/// A message in hand.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub message: Incoming,
    pub intake: Uuid,
    pub number: Option<RegistrationNumber>,
    pub next: Next,
    pub failures: u32,
    /// Milliseconds since 1970.
    pub received_at: i64,
}

/// The inbox. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Inbox(SqlitePool);

impl Inbox {
    pub async fn open(path: &Path) -> Result<Self, InboxError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        // SQLite takes one writer at a time: one connection keeps order without waiting for locks.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        Ok(Self(pool))
    }

    /// Takes messages in, all or none; says how many are new. Each comes with the id that its intake will have.
    pub async fn accept(&self, messages: &[(Incoming, Uuid)], now: i64) -> Result<u64, InboxError> {
        let mut transaction = self.0.begin().await?;
        let mut fresh = 0;
        for (message, intake) in messages {
            let payload = serde_json::to_string(message).map_err(|error| InboxError::Content(error.to_string()))?;
            fresh += sqlx::query(
                "INSERT INTO message (wamid, intake, payload, received_at, due_at) VALUES (?1, ?2, ?3, ?4, 0) \
                 ON CONFLICT (wamid) DO NOTHING",
            )
            .bind(&message.id)
            .bind(intake.to_string())
            .bind(payload)
            .bind(now)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        }
        transaction.commit().await?;
        Ok(fresh)
    }

    /// Takes one message in hand that is due.
    pub async fn take(&self, now: i64) -> Result<Option<Item>, InboxError> {
        let row = sqlx::query(
            "UPDATE message SET due_at = ?2 WHERE wamid = (SELECT wamid FROM message WHERE step < 2 AND due_at <= ?1 \
             ORDER BY due_at, received_at LIMIT 1) \
             RETURNING intake, payload, received_at, step, number, unheard, failures",
        )
        .bind(now)
        .bind(IN_HAND)
        .fetch_optional(&self.0)
        .await?;
        row.as_ref().map(read_item).transpose()
    }

    /// Says when the next message is due, in milliseconds since 1970.
    pub async fn next_due(&self) -> Result<Option<i64>, InboxError> {
        let due: Option<i64> = sqlx::query_scalar("SELECT MIN(due_at) FROM message WHERE step < 2 AND due_at < ?1")
            .bind(IN_HAND)
            .fetch_one(&self.0)
            .await?;
        Ok(due)
    }

    /// Gives a message its number, once: whatever is repeated afterwards, the citizen gets the same one.
    pub async fn number(&self, wamid: &str, number: RegistrationNumber) -> Result<(), InboxError> {
        sqlx::query("UPDATE message SET number = ?2 WHERE wamid = ?1 AND number IS NULL")
            .bind(wamid)
            .bind(number.to_string())
            .execute(&self.0)
            .await?;
        Ok(())
    }

    /// Notes that the message's intake is safely on disk; the answer is due at once.
    pub async fn registered(&self, wamid: &str, unheard: bool) -> Result<(), InboxError> {
        sqlx::query("UPDATE message SET step = 1, unheard = ?2, failures = 0, due_at = 0 WHERE wamid = ?1")
            .bind(wamid)
            .bind(unheard)
            .execute(&self.0)
            .await?;
        Ok(())
    }

    /// Puts a message back until later.
    pub async fn later(&self, wamid: &str, failures: u32, due_at: i64) -> Result<(), InboxError> {
        sqlx::query("UPDATE message SET failures = ?2, due_at = ?3 WHERE wamid = ?1")
            .bind(wamid)
            .bind(failures)
            .bind(due_at)
            .execute(&self.0)
            .await?;
        Ok(())
    }

    /// Notes that nothing is left to do. The id alone is kept, so that repetitions are known.
    pub async fn done(&self, wamid: &str) -> Result<(), InboxError> {
        sqlx::query("UPDATE message SET step = 2, payload = '' WHERE wamid = ?1").bind(wamid).execute(&self.0).await?;
        Ok(())
    }

    /// Forgets what is done and too old to be delivered again.
    pub async fn forget(&self, now: i64) -> Result<(), InboxError> {
        let before = now.saturating_sub(i64::try_from(REMEMBERED.as_millis()).unwrap_or(i64::MAX));
        sqlx::query("DELETE FROM message WHERE step = 2 AND received_at < ?1").bind(before).execute(&self.0).await?;
        Ok(())
    }

    /// Says how many messages are not done.
    pub async fn waiting(&self) -> Result<u64, InboxError> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM message WHERE step < 2").fetch_one(&self.0).await?;
        Ok(count.unsigned_abs())
    }
}

fn read_item(row: &SqliteRow) -> Result<Item, InboxError> {
    let broken = |error: &dyn std::fmt::Display| InboxError::Content(error.to_string());
    let number: Option<String> = row.try_get("number")?;
    let step: i64 = row.try_get("step")?;
    Ok(Item {
        message: serde_json::from_str(row.try_get("payload")?).map_err(|error| broken(&error))?,
        intake: Uuid::parse_str(row.try_get("intake")?).map_err(|error| broken(&error))?,
        number: number.map(|number| number.parse()).transpose().map_err(|error| broken(&error))?,
        next: if step == 0 { Next::Register } else { Next::Answer { unheard: row.try_get("unheard")? } },
        failures: row.try_get("failures")?,
        received_at: row.try_get("received_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messengers::whatsapp::webhook::Content;

    fn message(id: &str) -> (Incoming, Uuid) {
        let content = Content::Text { body: "су жоқ".to_owned() };
        let incoming = Incoming { id: id.to_owned(), from: "77000000001".to_owned(), name: None, sent_at: 5, content };
        (incoming, Uuid::from_u128(u128::from(id.as_bytes()[0])))
    }

    #[tokio::test]
    async fn a_message_goes_once_through_its_steps_and_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.sqlite");
        let inbox = Inbox::open(&path).await.unwrap();
        assert_eq!(inbox.accept(&[message("a"), message("b"), message("a")], 10).await.unwrap(), 2);
        assert_eq!(inbox.accept(&[message("a")], 11).await.unwrap(), 0);
        let first = inbox.take(10).await.unwrap().unwrap();
        let second = inbox.take(10).await.unwrap().unwrap();
        assert_eq!((first.message.id.as_str(), second.message.id.as_str()), ("a", "b"));
        assert!(inbox.take(10).await.unwrap().is_none(), "both are in hand");

        let [one, two] = [1, 2].map(|place| RegistrationNumber::compose(0, place).unwrap());
        inbox.number("a", one).await.unwrap();
        inbox.number("a", two).await.unwrap();
        inbox.registered("a", true).await.unwrap();
        inbox.later("b", 3, 500).await.unwrap();
        assert_eq!(inbox.next_due().await.unwrap(), Some(0));
        let first = inbox.take(10).await.unwrap().unwrap();
        assert_eq!((first.number, first.next), (Some(one), Next::Answer { unheard: true }));
        assert!(inbox.take(499).await.unwrap().is_none());
        drop(inbox);

        let inbox = Inbox::open(&path).await.unwrap();
        let again = inbox.take(0).await.unwrap().unwrap();
        assert_eq!((again.message, again.intake), message("a"), "what was in hand is due after a restart");
        inbox.done("a").await.unwrap();
        assert_eq!(inbox.take(500).await.unwrap().unwrap().failures, 3);
        inbox.done("b").await.unwrap();
        assert_eq!(inbox.waiting().await.unwrap(), 0);
        inbox.forget(12).await.unwrap();
        assert_eq!(inbox.accept(&[message("a")], 13).await.unwrap(), 0, "a week later it would still be known");
        inbox.forget(9 * 24 * 3_600 * 1_000).await.unwrap();
        assert_eq!(inbox.accept(&[message("a")], 14).await.unwrap(), 1);
    }
}
