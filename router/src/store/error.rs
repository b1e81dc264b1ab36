//! Why the store could not do what was asked.

use thiserror::Error;

/// Why the store could not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Somebody else changed the ticket first.
    #[error("the ticket is at revision {current}, the change was made from revision {expected}")]
    Conflict {
        /// The revision that the change was made from.
        expected: u32,
        /// The revision that the ticket has.
        current: u32,
    },
    /// There is no such row.
    #[error("not found")]
    NotFound,
    /// The name is taken.
    #[error("already exists")]
    Exists,
    /// The reader has no right to it.
    #[error("not allowed")]
    Forbidden,
    /// What was asked makes no sense; the sentence says why.
    #[error("{0}")]
    Invalid(String),
    /// The database is not to be had now; it may work later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database refused, or holds what this version cannot read.
    #[error("the database refused: {0}")]
    Refused(String),
}

impl StoreError {
    /// Returns whether the same call may succeed later without anybody's doing.
    pub fn is_temporary(&self) -> bool {
        matches!(self, StoreError::Unavailable(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error;
        match &error {
            Error::RowNotFound => StoreError::NotFound,
            Error::Database(refusal) if refusal.is_unique_violation() => StoreError::Exists,
            Error::Database(refusal) if refusal.is_foreign_key_violation() => StoreError::NotFound,
            Error::Database(refusal)
                if refusal.code().is_some_and(|code| code.len() == 5 && code.starts_with("22")) =>
            {
                StoreError::Invalid("the database cannot hold a value of it".to_owned())
            }
            Error::Database(refusal) if refusal.code().is_some_and(|code| may_pass(&code)) => {
                StoreError::Unavailable(error.to_string())
            }
            Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => {
                StoreError::Unavailable(error.to_string())
            }
            _ => StoreError::Refused(error.to_string()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => error.into(),
            error => StoreError::Refused(error.to_string()),
        }
    }
}

/// Returns whether a database's error code tells of something that passes: no connection, no resources, a shutdown, a lost
/// race between transactions (PostgreSQL, by class), a busy or full disk (SQLite, by primary result code).
fn may_pass(code: &str) -> bool {
    if code.len() == 5 {
        let class = code.get(..2).unwrap_or_default();
        return matches!(class, "08" | "40" | "53" | "57" | "58");
    }
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const INPUT_OUTPUT: u32 = 10;
    const FULL: u32 = 13;
    const CANNOT_OPEN: u32 = 14;
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, BUSY | LOCKED | INPUT_OUTPUT | FULL | CANNOT_OPEN))
}

#[cfg(test)]
mod tests {
    use super::may_pass;

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        for code in ["08006", "40001", "40P01", "53300", "57P01", "5", "517", "10", "13", "2570"] {
            assert!(may_pass(code), "{code}");
        }
        for code in ["23505", "42P01", "22001", "1", "11", "19", "2067", "26", ""] {
            assert!(!may_pass(code), "{code}");
        }
    }
}
