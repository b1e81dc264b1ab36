//! A media thread's own end of the store: it gathers each call's audio into blocks and writes them all at once, once a pass.
//!
//! No lock and no allocation per packet. A disk that does not take a batch gets the same batch again at the same place, so that
//! nothing is torn; meanwhile audio beyond the bound is dropped and counted, and the beginnings and ends of recordings are kept.

mod locate;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::commit::{Commit, CommitError, Promise};
use super::disk::SegmentFile;
use super::format::{Codec, EncodeError, Format, Record, SEGMENT_HEADER, SegmentId};
use super::index::Places;
use super::shared::{Awaited, DiskState, Interrupted, Lane, Shared, Waiter, lock};
use super::telemetry;
use locate::Asked;

pub use locate::Located;

/// How long a failed write waits before it is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// How often blocks are looked through for old ones.
const SCAN: Duration = Duration::from_millis(250);

/// How large a batch's memory may stay after a storm.
const KEPT: usize = 4 * 1024 * 1024;

/// A recording in progress, as its writer knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrackId {
    slot: u32,
    generation: u32,
}

/// Why a recording cannot begin, or a voice note cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The disk is almost full or fails.
    #[error("the recording disk is almost full or fails")]
    Disk,
    /// The writer has as many recordings as it may.
    #[error("the writer has as many recordings as it may")]
    Full,
    /// The facts or the file are too long.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

#[derive(Debug, Default)]
enum Life {
    #[default]
    Free,
    Recording,
    /// Its end is in the batch.
    Ending(Promise, Instant),
}

#[derive(Debug, Default)]
struct Track {
    generation: u32,
    life: Life,
    intake: Uuid,
    codec: Codec,
    head: Vec<u8>,
    block: Vec<u8>,
    block_at: u64,
    /// Where the block's audio ends, in ticks.
    block_end: u64,
    block_since: Option<Instant>,
    end: u64,
    places: Places,
    asked: Asked,
    tainted: bool,
}

/// Whose frame lies where in the batch.
#[derive(Debug, Clone, Copy)]
struct Entry {
    owner: Owner,
    start: u32,
    len: u32,
}

#[derive(Debug, Clone, Copy)]
enum Owner {
    Track(u32),
    End(u32),
    Mark(Uuid),
}

struct Segment {
    id: SegmentId,
    format: Format,
    file: Option<Arc<dyn SegmentFile>>,
    written: u64,
    since: Option<Instant>,
}

impl Segment {
    fn new(id: SegmentId) -> Self {
        Self { id, format: Format::new(id), file: None, written: 0, since: None }
    }
}

/// Writes recordings to segments of its own. One per media thread.
pub struct Writer {
    shared: Arc<Shared>,
    lane: Arc<Lane>,
    segment: Segment,
    tracks: Vec<Track>,
    free: Vec<u32>,
    batch: Vec<u8>,
    entries: Vec<Entry>,
    touched: Vec<Uuid>,
    /// Recordings whose places somebody asked for.
    asked: Vec<u32>,
    now: Instant,
    scanned: Instant,
    retry_at: Option<Instant>,
    dropped: u64,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Writer").field("segment", &self.segment.id).finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, first: SegmentId, now: Instant) -> Self {
        let lane = Arc::new(Lane::default());
        lock(&shared.lanes).push(Arc::clone(&lane));
        Self {
            shared,
            lane,
            segment: Segment::new(first),
            tracks: Vec::new(),
            free: Vec::new(),
            batch: Vec::new(),
            entries: Vec::new(),
            touched: Vec::new(),
            asked: Vec::new(),
            now,
            scanned: now,
            retry_at: None,
            dropped: 0,
        }
    }

    /// Begins a recording. `head` holds the call's facts as JSON, for the case that nothing else of it survives.
    ///
    /// # Errors
    /// When the disk cannot take new recordings, when there are too many, or when the facts are too long.
    pub fn begin(&mut self, intake: Uuid, codec: Codec, head: &[u8]) -> Result<TrackId, Refused> {
        if self.shared.state() != DiskState::Healthy {
            return Err(Refused::Disk);
        }
        let slot = self.slot(intake, codec)?;
        if let Err(error) = self.put(Owner::Track(slot), &Record::Begin { intake, codec, head }) {
            self.vacate(slot);
            return Err(error.into());
        }
        let track = &mut self.tracks[slot as usize];
        track.head.extend_from_slice(head);
        Ok(TrackId { slot, generation: track.generation })
    }

    /// Says from now on what the track's audio is coded in (a re-INVITE may change it).
    pub fn set_codec(&mut self, id: TrackId, codec: Codec) {
        if let Some(track) = self.recording(id)
            && track.codec != codec
        {
            self.flush_block(id.slot);
            self.tracks[id.slot as usize].codec = codec;
        }
    }

    /// Takes a packet's audio that starts `at` ticks into the recording, in any order. Says whether it was taken: not after the end,
    /// and not beyond the longest recording.
    pub fn append(&mut self, id: TrackId, at: u64, payload: &[u8]) -> bool {
        let (longest, room, now) = (self.shared.settings.longest, self.shared.settings.block_bytes, self.now);
        let Some(track) = self.recording(id) else { return false };
        let end = at.saturating_add(track.codec.ticks(payload));
        if payload.is_empty() {
            return true;
        }
        if end > longest {
            metrics::counter!(telemetry::CUT_BYTES).increment(payload.len() as u64);
            return false;
        }
        let follows = at == track.block_end;
        if !track.block.is_empty() && (!follows || track.block.len() + payload.len() > room) {
            self.flush_block(id.slot);
        }
        let track = &mut self.tracks[id.slot as usize];
        if track.block.is_empty() {
            track.block_at = at;
            track.block_since = Some(now);
        }
        track.codec.append_to_run(payload, &mut track.block);
        track.block_end = end;
        track.end = track.end.max(end);
        true
    }

    /// Ends a recording. `tail` is the spooled event as JSON; the commit resolves when all of it is safely on disk, which takes
    /// at least the next [`Writer::tick`].
    pub fn finish(&mut self, id: TrackId, tail: &[u8]) -> Commit {
        if self.recording(id).is_none() || self.shared.stopped.load(Ordering::Relaxed) {
            return Commit::refused(CommitError::Closed);
        }
        self.flush_block(id.slot);
        let track = &self.tracks[id.slot as usize];
        let record = Record::End { intake: track.intake, total: track.end, tail };
        self.end(id.slot, record).unwrap_or_else(|_| Commit::refused(CommitError::Closed))
    }

    /// Writes what is due. Call it once a pass, at least every 100 ms; it makes at most one `write`.
    pub fn tick(&mut self, now: Instant) {
        self.now = now;
        if now.saturating_duration_since(self.scanned) >= SCAN {
            self.scanned = now;
            self.flush_old_blocks();
        }
        self.write();
    }

    /// Says how many recordings are in progress.
    pub fn recordings(&self) -> usize {
        self.tracks.len() - self.free.len()
    }

    /// Says how many bytes of audio were dropped because the disk did not take them.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn blob(
        &mut self,
        intake: Uuid,
        media_type: &str,
        bytes: &[u8],
        tail: &[u8],
    ) -> Result<Commit, Refused> {
        if self.shared.state() != DiskState::Healthy
            || self.batch.len() + bytes.len() > self.shared.settings.buffer_bytes
        {
            return Err(Refused::Disk);
        }
        let slot = self.slot(intake, Codec::default())?;
        if let Err(error) = self.put(Owner::Track(slot), &Record::Blob { intake, media_type, bytes }) {
            self.vacate(slot);
            return Err(error.into());
        }
        Ok(self.end(slot, Record::End { intake, total: 0, tail })?)
    }

    /// Ends a recording that an earlier process left open.
    pub(super) fn close(&mut self, intake: Uuid, total: u64, tail: &[u8]) -> Result<Commit, Refused> {
        let slot = self.slot(intake, Codec::default())?;
        Ok(self.end(slot, Record::End { intake, total, tail })?)
    }

    pub(super) fn mark(&mut self, intake: Uuid) {
        if let Err(error) = self.put(Owner::Mark(intake), &Record::Exported { intake }) {
            tracing::error!(%error, "the record of a hand-over could not be made");
        }
    }

    fn recording(&mut self, id: TrackId) -> Option<&mut Track> {
        let track = self.tracks.get_mut(id.slot as usize)?;
        (track.generation == id.generation && matches!(track.life, Life::Recording)).then_some(track)
    }

    fn slot(&mut self, intake: Uuid, codec: Codec) -> Result<u32, Refused> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.tracks.len() < self.shared.settings.tracks => {
                let block = Vec::with_capacity(self.shared.settings.block_bytes);
                self.tracks.push(Track { block, ..Track::default() });
                u32::try_from(self.tracks.len() - 1).map_err(|_| Refused::Full)?
            }
            None => return Err(Refused::Full),
        };
        let track = &mut self.tracks[slot as usize];
        let (generation, mut block, mut head) =
            (track.generation, std::mem::take(&mut track.block), std::mem::take(&mut track.head));
        block.clear();
        head.clear();
        *track = Track { generation, block, head, life: Life::Recording, intake, codec, ..Track::default() };
        Ok(slot)
    }

    fn vacate(&mut self, slot: u32) {
        let track = &mut self.tracks[slot as usize];
        track.life = Life::Free;
        track.generation = track.generation.wrapping_add(1);
        self.free.push(slot);
    }

    fn put(&mut self, owner: Owner, record: &Record<'_>) -> Result<(), EncodeError> {
        if self.batch.is_empty() && self.segment.written == 0 {
            self.batch.extend_from_slice(&self.segment.format.header());
        }
        let start = self.batch.len();
        let len = self.segment.format.encode(record, &mut self.batch)?;
        let (Ok(start), Ok(len)) = (u32::try_from(start), u32::try_from(len)) else {
            self.batch.truncate(start);
            return Err(EncodeError::TooLong(len));
        };
        self.entries.push(Entry { owner, start, len });
        Ok(())
    }

    fn end(&mut self, slot: u32, record: Record<'_>) -> Result<Commit, EncodeError> {
        if let Err(error) = self.put(Owner::End(slot), &record) {
            tracing::error!(%error, "an intake's event does not fit the log");
            self.vacate(slot);
            return Err(error);
        }
        let (promise, commit) = Commit::pair();
        self.tracks[slot as usize].life = Life::Ending(promise, self.now);
        Ok(commit)
    }

    fn flush_block(&mut self, slot: u32) {
        let track = &mut self.tracks[slot as usize];
        if track.block.is_empty() {
            return;
        }
        let block = std::mem::take(&mut track.block);
        let record = Record::Audio { intake: track.intake, at: track.block_at, codec: track.codec, payload: &block };
        let fits = self.batch.len() + block.len() <= self.shared.settings.buffer_bytes;
        if !fits || self.put(Owner::Track(slot), &record).is_err() {
            self.dropped += block.len() as u64;
            metrics::counter!(telemetry::DROPPED_BYTES).increment(block.len() as u64);
        }
        let track = &mut self.tracks[slot as usize];
        track.block = block;
        track.block.clear();
        track.block_since = None;
    }

    fn flush_old_blocks(&mut self) {
        let (age, now) = (self.shared.settings.block_age, self.now);
        for slot in 0..self.tracks.len() {
            let since = self.tracks[slot].block_since;
            if since.is_some_and(|since| now.saturating_duration_since(since) >= age) {
                self.flush_block(slot as u32);
            }
        }
    }

    /// Writes the batch, if there is one and no failure is being waited out; then begins a new segment if one is due.
    fn write(&mut self) {
        if !self.batch.is_empty() {
            if self.retry_at.is_some_and(|at| self.now < at) {
                return;
            }
            if let Err((operation, error)) = self.try_write() {
                Shared::failed(operation, &error);
                self.lane.failing.store(true, Ordering::Relaxed);
                self.shared.set_state(DiskState::Failing);
                self.retry_at = Some(self.now + RETRY);
                return;
            }
            self.retry_at = None;
            self.lane.failing.store(false, Ordering::Relaxed);
            metrics::counter!(telemetry::BYTES).increment(self.batch.len() as u64);
            self.settle();
        }
        self.rotate_if_due();
    }

    fn try_write(&mut self) -> Result<(), (&'static str, std::io::Error)> {
        let file = match &self.segment.file {
            Some(file) => file,
            None => {
                let path = self.shared.path(self.segment.id);
                let file: Arc<dyn SegmentFile> =
                    Arc::from(self.shared.disk.create(&path).map_err(|error| ("create", error))?);
                self.shared.folder_dirty.store(true, Ordering::Release);
                lock(&self.shared.index).opened(self.segment.id);
                lock(&self.lane.unsynced).active = Some(Arc::clone(&file));
                self.segment.since = Some(self.now);
                self.segment.file.insert(file)
            }
        };
        file.write_all_at(&self.batch, self.segment.written).map_err(|error| ("write", error))
    }

    /// Takes note of where everything in the batch lies now, and lets the syncer know who waits.
    fn settle(&mut self) {
        let base = u32::try_from(self.segment.written).unwrap_or(u32::MAX);
        let id = self.segment.id;
        let (mut waiters, mut finished, mut marked) = (Vec::new(), Vec::new(), Vec::new());
        let mut entries = std::mem::take(&mut self.entries);
        for entry in entries.drain(..) {
            let (Owner::Track(slot) | Owner::End(slot)) = entry.owner else {
                if let Owner::Mark(intake) = entry.owner {
                    marked.push(intake);
                    waiters.push(Waiter { intake, what: Awaited::Mark });
                }
                continue;
            };
            let track = &mut self.tracks[slot as usize];
            if track.places.add(id, base + entry.start, entry.len) {
                self.touched.push(track.intake);
            }
            if let Owner::End(_) = entry.owner
                && let Life::Ending(promise, since) = std::mem::take(&mut track.life)
            {
                let (intake, tainted) = (track.intake, track.tainted);
                finished.push((intake, std::mem::take(&mut track.places)));
                waiters.push(Waiter { intake, what: Awaited::End { promise, since, tainted } });
                self.vacate(slot);
            }
        }
        self.entries = entries;
        self.segment.written += self.batch.len() as u64;
        self.batch.clear();
        self.batch.shrink_to(KEPT);
        if !self.touched.is_empty() || !finished.is_empty() || !marked.is_empty() {
            let mut index = lock(&self.shared.index);
            self.touched.drain(..).for_each(|intake| index.touched(id, intake));
            finished.into_iter().for_each(|(intake, places)| index.finished(intake, places));
            marked.into_iter().for_each(|intake| index.marked(id, intake));
        }
        self.tell_places();
        self.lane.dirty.store(true, Ordering::Release);
        if !waiters.is_empty() {
            let urgent = waiters.iter().any(|waiter| matches!(waiter.what, Awaited::End { .. }));
            lock(&self.lane.unsynced).waiters.append(&mut waiters);
            if urgent {
                self.shared.ring();
            }
        }
    }

    fn rotate_if_due(&mut self) {
        let settings = &self.shared.settings;
        let old =
            self.segment.since.is_some_and(|since| self.now.saturating_duration_since(since) >= settings.segment_age);
        let full = self.segment.written >= settings.segment_bytes;
        let due = self.segment.written > SEGMENT_HEADER as u64
            && (old || full || self.lane.distrusted.load(Ordering::Relaxed));
        if due && self.batch.is_empty() {
            self.seal();
        }
    }

    /// Ends the segment. If the disk did not confirm it, nothing that has a part in it may be promised any more.
    fn seal(&mut self) {
        let next = SegmentId { writer: self.segment.id.writer, number: self.segment.id.number + 1 };
        let segment = std::mem::replace(&mut self.segment, Segment::new(next));
        {
            let mut unsynced = lock(&self.lane.unsynced);
            let file = unsynced.active.take();
            unsynced.sealed.extend(file);
            if self.lane.distrusted.swap(false, Ordering::Relaxed) {
                for waiter in &mut unsynced.waiters {
                    if let Awaited::End { tainted, .. } = &mut waiter.what {
                        *tainted = true;
                    }
                }
                for track in &mut self.tracks {
                    track.tainted |= track.places.segments.contains(&segment.id);
                }
            }
        }
        self.lane.dirty.store(true, Ordering::Release);
        if segment.file.is_some() {
            lock(&self.shared.index).sealed(segment.id);
        }
    }

    fn interrupt_all(&mut self) {
        for slot in 0..self.tracks.len() {
            if !matches!(self.tracks[slot].life, Life::Recording) {
                continue;
            }
            let slot = slot as u32;
            self.flush_block(slot);
            let track = &mut self.tracks[slot as usize];
            let head = std::mem::take(&mut track.head);
            let interrupted = Interrupted { intake: track.intake, head, total: track.end };
            let tail = (self.shared.on_interrupted)(&interrupted);
            let record = Record::End { intake: interrupted.intake, total: interrupted.total, tail: &tail };
            if let Ok(commit) = self.end(slot, record) {
                metrics::counter!(telemetry::INTERRUPTED).increment(1);
                drop(commit);
            }
        }
    }
}

/// A writer that goes away, because its thread ends or panics, closes what it was recording, so that it still becomes a ticket.
impl Drop for Writer {
    fn drop(&mut self) {
        self.interrupt_all();
        self.retry_at = None;
        self.write();
        if self.batch.is_empty() {
            self.seal();
        }
        lock(&self.lane.unsynced).closed = true;
        self.shared.ring();
    }
}
