//! What the store asks of a disk, as a trait, so that a test can put a full or failing one in its place.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A segment file open for writing.
pub trait SegmentFile: Send + Sync {
    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// When the disk does not take all of it; some of it may then have been written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Returns when everything written is safe against a loss of power (`fdatasync`).
    ///
    /// # Errors
    /// When that cannot be said; what was written since the last success must then be taken for lost.
    fn sync(&self) -> io::Result<()>;
}

/// Makes and removes segment files. Reading goes through `std::fs`.
pub trait Disk: Send + Sync + 'static {
    /// Creates a file that must not exist yet.
    ///
    /// # Errors
    /// When it exists or cannot be made.
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>>;
    /// Makes the folder's entries safe against a loss of power.
    ///
    /// # Errors
    /// When that cannot be said.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Says how many bytes this process may still write to the folder's file system.
    ///
    /// # Errors
    /// When the file system cannot be asked.
    fn free(&self, path: &Path) -> io::Result<u64>;
}

/// The operating system's disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDisk;

impl SegmentFile for File {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

impl Disk for OsDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        Ok(Box::new(OpenOptions::new().write(true).create_new(true).open(path)?))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn free(&self, path: &Path) -> io::Result<u64> {
        let answer = rustix::fs::statvfs(path)?;
        Ok(answer.f_bavail.saturating_mul(answer.f_frsize))
    }
}
