//! A disk whose failures a test chooses, over real files. Flushing it costs nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dauys_gateway::recording::{Disk, Interrupted, Media, OsDisk, Recovery, SegmentFile, Settings, Store};
use uuid::Uuid;

/// What the disk does wrong. By default it holds everything and flushes at once.
#[derive(Debug)]
pub struct Faults {
    /// Writes fail beyond this many bytes in all; what fits is written.
    pub room: AtomicU64,
    /// Flushing a segment fails.
    pub flush_fails: AtomicBool,
    /// Says how often a segment was flushed.
    pub flushes: AtomicU64,
    /// What the disk says is free.
    pub free: AtomicU64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            room: AtomicU64::new(u64::MAX),
            flush_fails: AtomicBool::new(false),
            flushes: AtomicU64::new(0),
            free: AtomicU64::new(u64::MAX),
        }
    }
}

struct FaultyDisk(Arc<Faults>);
struct FaultyFile(File, Arc<Faults>);

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        Ok(Box::new(FaultyFile(File::create_new(path)?, Arc::clone(&self.0))))
    }
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        OsDisk.remove(path)
    }
    fn free(&self, _: &Path) -> io::Result<u64> {
        Ok(self.0.free.load(Ordering::SeqCst))
    }
}

impl SegmentFile for FaultyFile {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let room = self.1.room.load(Ordering::SeqCst);
        let fits = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        FileExt::write_all_at(&self.0, &bytes[..fits], offset)?;
        if fits < bytes.len() {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.1.room.store(room - fits as u64, Ordering::SeqCst);
        Ok(())
    }
    fn sync(&self) -> io::Result<()> {
        self.1.flushes.fetch_add(1, Ordering::SeqCst);
        match self.1.flush_fails.load(Ordering::SeqCst) {
            true => Err(io::Error::other("the platter is gone")),
            false => Ok(()),
        }
    }
}

/// Settings under which a test does not wait.
pub fn quick() -> Settings {
    Settings { busy_flush: Duration::ZERO, idle_flush: Duration::from_millis(5), ..Settings::default() }
}

/// The event of an interrupted recording, as these tests write it.
pub fn interrupted(cut: &Interrupted) -> Vec<u8> {
    format!("interrupted {} after {}", String::from_utf8_lossy(&cut.head), cut.total).into_bytes()
}

pub fn open(folder: &Path, faults: &Arc<Faults>, settings: Settings) -> (Store, Recovery) {
    Store::open_on(Box::new(FaultyDisk(Arc::clone(faults))), folder, settings, Box::new(interrupted)).unwrap()
}

/// Everything that awaits its hand-over: id, event and audio.
pub fn pending(store: &Store) -> Vec<(Uuid, String, Vec<u8>)> {
    std::iter::from_fn(|| store.next_ready())
        .map(|intake| {
            let read = store.read(intake).unwrap();
            let bytes = match read.media {
                Media::Call(recording) => recording.payload,
                Media::Blob { bytes, .. } => bytes,
            };
            (intake, String::from_utf8(read.tail.unwrap()).unwrap(), bytes)
        })
        .collect()
}

/// Waits until something is true that the syncer's thread brings about.
pub fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let patience = Duration::from_secs(20);
    let start = now();
    while !is_true() {
        assert!(start.elapsed() < patience, "{what} did not come about");
        std::thread::yield_now();
    }
}

#[expect(clippy::disallowed_methods, reason = "these tests run the shell, which works by the clock")]
pub fn now() -> std::time::Instant {
    std::time::Instant::now()
}
