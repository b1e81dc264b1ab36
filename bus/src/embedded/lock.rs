//! The lock that keeps a second process from the log: two writers would not see each other's messages arrive.

use crate::BusError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Holds the lock until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock. A predecessor that is just ending gets two seconds.
    pub(super) async fn take(path: &Path) -> Result<Self, BusError> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(|error| BusError::Unavailable(format!("{}: {error}", path.display())))?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
                Err(TryLockError::Error(error)) => {
                    return Err(BusError::Refused(format!("{} cannot be locked: {error}", path.display())));
                }
            }
        }
        let folder = path.parent().unwrap_or(path).display();
        Err(BusError::Refused(format!(
            "another process uses the events in {folder}; only one may run on a data folder"
        )))
    }
}
