//! Folders that survive a power cut: made and flushed before the first file is written in them, so that no file's
//! durability hangs on another writer's flush. The local recording store has one a day.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tokio::sync::Mutex;

/// The day folders under one root.
#[derive(Debug)]
pub(crate) struct Folders {
    root: PathBuf,
    prepared: Mutex<String>,
}

impl Folders {
    /// Makes the root where it is missing.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { root: make(root)?, prepared: Mutex::default() })
    }

    /// Makes a day's folder (`2026/11/21`) and flushes it; costs nothing where it was the last one asked for.
    pub(crate) async fn prepare(&self, day: String) -> io::Result<()> {
        let mut prepared = self.prepared.lock().await;
        if *prepared == day {
            return Ok(());
        }
        let (root, folder) = (self.root.clone(), self.root.join(&day));
        tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder)?;
            folder.ancestors().take_while(|folder| folder.starts_with(&root)).try_for_each(flush)
        })
        .await
        .map_err(io::Error::other)??;
        *prepared = day;
        Ok(())
    }
}

/// Makes a folder where it is missing, flushes the entry that names it, and returns its full path.
pub(crate) fn make(folder: &Path) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let folder = folder.canonicalize()?;
    match folder.parent().map(flush) {
        // The folder above may belong to the system, which then made this one durable when it was installed.
        Some(Err(error)) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
        _ => Ok(folder),
    }
}

fn flush(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
