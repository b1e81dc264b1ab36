//! The store: opened once a process, it recovers what an earlier run left, hands out writers and reads recordings back.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::assemble::{Assembled, Assembly, Media};
use super::commit::Commit;
use super::disk::{Disk, OsDisk};
use super::excerpt::Excerpt;
use super::format::{Codec, Format, Record, SegmentId, Step};
use super::index::Places;
use super::recover::{Catalogue, ScanError, scan};
use super::shared::{DiskState, Interrupted, OnInterrupted, Settings, Shared, lock};
use super::telemetry;
use super::writer::{Refused, Writer};

/// The writer that the store keeps for itself: voice notes, hand-overs and interrupted recordings.
const CONTROL: u32 = 0;

/// Why a store cannot be opened or used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made, read or locked.
    #[error("the recording folder {path}: {error}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Another process has it open.
    #[error("the recording folder {0} is in use by another process")]
    InUse(PathBuf),
    /// A segment was written by another version of the program.
    #[error("{name}: {error}")]
    Segment {
        /// The file.
        name: String,
        /// What is wrong with it.
        error: ScanError,
    },
    /// The syncer's thread cannot be started.
    #[error("the syncer's thread cannot be started: {0}")]
    Thread(io::Error),
}

/// What opening the store found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Segment files read.
    pub segments: usize,
    /// Segment files that the disk would not give back; they are left alone.
    pub unreadable: usize,
    /// Intakes that await their hand-over, the interrupted ones included.
    pub pending: usize,
    /// Recordings that a crash cut short and that were closed.
    pub interrupted: usize,
    /// Damaged regions that were skipped.
    pub damaged: u64,
    /// Bytes of torn tails that were cut off.
    pub torn: u64,
}

/// A recording store. Cheap to clone. Let every [`Writer`] go before the last clone, so that the last flush covers them.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    control: Arc<Mutex<Writer>>,
    /// Where each writer's segments go on after those of earlier runs.
    next_segments: HashMap<u32, u64>,
    writers_made: AtomicU32,
    syncer: Option<JoinHandle<()>>,
    _lock: File,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("folder", &self.0.shared.folder).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in a folder of its own. `on_interrupted` makes the event of a recording that was cut short.
    ///
    /// # Errors
    /// When the folder cannot be used, or was written by another version.
    pub fn open(
        folder: &Path,
        settings: Settings,
        on_interrupted: impl Fn(&Interrupted) -> Vec<u8> + Send + Sync + 'static,
    ) -> Result<(Self, Recovery), StoreError> {
        Self::open_on(Box::new(OsDisk), folder, settings, Box::new(on_interrupted))
    }

    /// Opens the store on a disk of the caller's.
    ///
    /// # Errors
    /// When the folder cannot be used, or was written by another version.
    #[expect(clippy::disallowed_methods, reason = "the store is a shell: recovery is its start, and that has a time")]
    pub fn open_on(
        disk: Box<dyn Disk>,
        folder: &Path,
        settings: Settings,
        on_interrupted: Box<OnInterrupted>,
    ) -> Result<(Self, Recovery), StoreError> {
        let broken = |error| StoreError::Folder { path: folder.to_owned(), error };
        std::fs::create_dir_all(folder).map_err(broken)?;
        let guard = lock_folder(folder)?;
        let shared = Arc::new(Shared::new(folder.to_owned(), disk, settings, on_interrupted));
        let segments = list_segments(folder).map_err(broken)?;
        let mut recovery = Recovery::default();
        let catalogue = read_segments(folder, &segments, &shared, &mut recovery)?;

        let mut next_segments = HashMap::new();
        for id in &segments {
            next_segments.insert(id.writer, id.number + 1);
        }
        let now = Instant::now();
        let first = SegmentId { writer: CONTROL, number: next_segments.get(&CONTROL).copied().unwrap_or(1) };
        let mut control = Writer::new(Arc::clone(&shared), first, now);
        settle_recovered(&shared, catalogue, &mut control, &mut recovery, now);
        control.tick(now);
        let control = Arc::new(Mutex::new(control));
        let syncer = std::thread::Builder::new()
            .name("recording-sync".to_owned())
            .spawn({
                let (shared, control) = (Arc::clone(&shared), Arc::clone(&control));
                move || super::syncer::run(&shared, &control)
            })
            .map_err(StoreError::Thread)?;
        shared.ring();
        let inner = Inner {
            shared,
            control,
            next_segments,
            writers_made: AtomicU32::new(CONTROL),
            syncer: Some(syncer),
            _lock: guard,
        };
        Ok((Self(Arc::new(inner)), recovery))
    }

    /// Makes the writer of one media thread.
    #[expect(clippy::disallowed_methods, reason = "the store is a shell: a writer starts at the present")]
    pub fn writer(&self) -> Writer {
        let number = self.0.writers_made.fetch_add(1, Ordering::Relaxed) + 1;
        let first = self.0.next_segments.get(&number).copied().unwrap_or(1);
        Writer::new(Arc::clone(&self.0.shared), SegmentId { writer: number, number: first }, Instant::now())
    }

    /// Says what the disk can do; admission asks before it lets a call in.
    pub fn disk_state(&self) -> DiskState {
        self.0.shared.state()
    }

    /// Takes an intake that came whole. The commit resolves when it is safely on disk. Blocks for one write.
    ///
    /// # Errors
    /// When the disk cannot take it, or it is too long.
    #[expect(clippy::disallowed_methods, reason = "the store is a shell: the write happens now")]
    pub fn put_blob(&self, intake: Uuid, media_type: &str, bytes: &[u8], tail: &[u8]) -> Result<Commit, Refused> {
        let mut control = lock(&self.0.control);
        let commit = control.blob(intake, media_type, bytes, tail)?;
        control.tick(Instant::now());
        Ok(commit)
    }

    /// Reads an intake back: its facts, its event and its recording. Blocks on the disk. If the disk lost the event, it is made
    /// as for a recording that was cut short.
    ///
    /// # Errors
    /// When the intake is not known, or its segments cannot be read.
    pub fn read(&self, intake: Uuid) -> io::Result<Assembled> {
        let shared = &self.0.shared;
        let places = lock(&shared.index).places(intake).cloned();
        let places = places.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such intake"))?;
        let mut assembly = Assembly::new(shared.settings.longest);
        self.each_record(&places, |record| assembly.push(record))?;
        let mut assembled = assembly.finish();
        if assembled.tail.is_none() {
            let total = match &assembled.media {
                Media::Call(recording) => recording.samples(),
                Media::Blob { .. } => 0,
            };
            let cut_short = Interrupted { intake, head: assembled.head.clone(), total };
            assembled.tail = Some((shared.on_interrupted)(&cut_short));
        }
        if assembled.cut > 0 {
            metrics::counter!(telemetry::CUT_BYTES).increment(assembled.cut);
        }
        Ok(assembled)
    }

    /// Reads a stretch of a recording that still goes on, as [`Writer::locate`] told its places: one law of G.711 and a byte a tick,
    /// `None` where it holds nothing else. Blocks on the disk.
    ///
    /// # Errors
    /// When its segments cannot be read.
    pub fn excerpt(&self, places: &Places, range: Range<u64>) -> io::Result<Option<(Codec, Vec<u8>)>> {
        let mut excerpt = Excerpt::new(range);
        self.each_record(places, |record| excerpt.push(record))?;
        Ok(excerpt.finish())
    }

    fn each_record(&self, places: &Places, mut take: impl FnMut(&Record<'_>)) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (number, id) in places.segments.iter().enumerate() {
            let file = File::open(self.0.shared.path(*id))?;
            let format = Format::new(*id);
            for extent in places.extents.iter().filter(|extent| usize::from(extent.segment) == number) {
                bytes.resize(extent.len as usize, 0);
                file.read_exact_at(&mut bytes, u64::from(extent.offset))?;
                each_frame(&format, &bytes, &mut take);
            }
        }
        Ok(())
    }

    /// Puts on record that an intake was handed over; its segments go once that is on disk and nobody else needs them.
    #[expect(clippy::disallowed_methods, reason = "the store is a shell: the write happens now")]
    pub fn mark_exported(&self, intake: Uuid) {
        let mut control = lock(&self.0.control);
        control.mark(intake);
        control.tick(Instant::now());
    }

    /// Takes the next intake that awaits its hand-over. Give it back with [`Store::again`], or end it with
    /// [`Store::mark_exported`].
    pub fn next_ready(&self) -> Option<Uuid> {
        lock(&self.0.shared.index).next_ready()
    }

    /// Puts an intake back whose hand-over failed.
    pub fn again(&self, intake: Uuid) {
        lock(&self.0.shared.index).again(intake);
        self.0.shared.ready.notify_one();
    }

    /// Waits until there may be an intake to hand over.
    pub async fn ready(&self) {
        self.0.shared.ready.notified().await;
    }

    /// Says how many intakes await their hand-over.
    pub fn pending(&self) -> usize {
        lock(&self.0.shared.index).pending()
    }

    /// Says how long the oldest of them has waited.
    pub fn oldest(&self, now: Instant) -> Duration {
        lock(&self.0.shared.index).oldest(now)
    }

    /// Says whether nothing is remembered of any intake: all were handed over and their segments are gone.
    pub fn is_empty(&self) -> bool {
        lock(&self.0.shared.index).is_empty()
    }

    /// Says how many segment files there are.
    pub fn segments(&self) -> usize {
        lock(&self.0.shared.index).segment_count()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(syncer) = self.syncer.take()
            && syncer.join().is_err()
        {
            tracing::error!("the recording store's syncer panicked");
        }
    }
}

fn lock_folder(folder: &Path) -> Result<File, StoreError> {
    let broken = |error| StoreError::Folder { path: folder.to_owned(), error };
    let guard = File::create(folder.join("lock")).map_err(broken)?;
    match guard.try_lock() {
        Ok(()) => Ok(guard),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(folder.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(broken(error)),
    }
}

fn list_segments(folder: &Path) -> io::Result<Vec<SegmentId>> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        segments.extend(entry?.file_name().to_str().and_then(SegmentId::parse));
    }
    segments.sort_unstable();
    Ok(segments)
}

fn read_segments(
    folder: &Path,
    segments: &[SegmentId],
    shared: &Shared,
    recovery: &mut Recovery,
) -> Result<Catalogue, StoreError> {
    let mut catalogue = Catalogue::default();
    for id in segments {
        match scan(&folder.join(id.file_name()), *id, &mut catalogue) {
            Ok(scan) => {
                recovery.segments += 1;
                recovery.damaged += scan.damaged;
                recovery.torn += scan.torn;
                lock(&shared.index).opened(*id);
                catalogue.segments.push(*id);
            }
            // A file that cannot be read must not keep the line from answering; it is never deleted either.
            Err(ScanError::Io(error)) => {
                recovery.unreadable += 1;
                tracing::error!(segment = id.file_name(), %error, "a segment cannot be read and is left alone");
            }
            Err(error) => return Err(StoreError::Segment { name: id.file_name(), error }),
        }
    }
    metrics::counter!(telemetry::DAMAGED).increment(recovery.damaged);
    Ok(catalogue)
}

/// Fills the index with what was found, and closes what was cut short.
fn settle_recovered(
    shared: &Shared,
    catalogue: Catalogue,
    control: &mut Writer,
    recovery: &mut Recovery,
    now: Instant,
) {
    let mut cut_short = Vec::new();
    // In the order of their ids, which is that of time (UUID version 7), so that the oldest are handed over first.
    let mut intakes: Vec<_> = catalogue.intakes.into_iter().collect();
    intakes.sort_unstable_by_key(|(intake, _)| *intake);
    let mut index = lock(&shared.index);
    for (intake, mut found) in intakes {
        for id in &found.places.segments {
            index.touched(*id, intake);
        }
        index.finished(intake, std::mem::take(&mut found.places));
        for id in &found.marks {
            index.marked(*id, intake);
        }
        if !found.marks.is_empty() {
            index.exported(intake);
        } else if found.ended {
            index.committed(intake, now);
        } else {
            cut_short.push(Interrupted { intake, head: found.head, total: found.total.min(shared.settings.longest) });
        }
    }
    recovery.interrupted = cut_short.len();
    recovery.pending = index.pending() + cut_short.len();
    for id in catalogue.segments {
        index.sealed(id);
    }
    drop(index);
    for interrupted in cut_short {
        let tail = (shared.on_interrupted)(&interrupted);
        match control.close(interrupted.intake, interrupted.total, &tail) {
            Ok(commit) => drop(commit),
            Err(error) => {
                tracing::error!(%error, "an interrupted recording could not be closed; it is tried at the next start")
            }
        }
        control.tick(now);
    }
    metrics::counter!(telemetry::INTERRUPTED).increment(recovery.interrupted as u64);
}

/// Takes all the frames of a run; damaged ones are skipped, and counted.
fn each_frame(format: &Format, mut bytes: &[u8], take: &mut impl FnMut(&Record<'_>)) {
    while !bytes.is_empty() {
        let len = match format.decode(bytes) {
            Step::Record { record, len } => {
                take(&record);
                len
            }
            Step::Damaged { skip } => {
                metrics::counter!(telemetry::DAMAGED).increment(1);
                skip
            }
            Step::Incomplete { .. } => return,
        };
        bytes = bytes.get(len..).unwrap_or_default();
    }
}
