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
