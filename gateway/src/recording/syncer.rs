//! The thread that flushes the disk for all calls at once (group commit), tells whoever waits, and removes what is no longer needed.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::shared::{Awaited, DiskState, Lane, Shared, lock};
use super::telemetry;
use super::writer::Writer;

/// Runs until the store is closed; the last pass comes after that.
#[expect(clippy::disallowed_methods, reason = "the syncer is a shell: its thread works by the clock")]
pub(super) fn run(shared: &Shared, control: &Mutex<Writer>) {
    let mut last = Instant::now();
    loop {
        let stop = shared.await_flush(last);
        last = Instant::now();
        pass(shared, control, last);
        if stop {
            shared.stopped.store(true, Ordering::Relaxed);
            pass(shared, control, last);
            return;
        }
    }
}

fn pass(shared: &Shared, control: &Mutex<Writer>, now: Instant) {
    lock(control).tick(now);
    let folder_safe = flush_folder(shared);
    let lanes: Vec<Arc<Lane>> = lock(&shared.lanes).clone();
    for lane in &lanes {
        flush_lane(shared, lane, control, folder_safe);
    }
    lock(&shared.lanes).retain(|lane| {
        let unsynced = lock(&lane.unsynced);
        !(unsynced.closed && unsynced.waiters.is_empty() && unsynced.sealed.is_empty())
    });
    remove_segments(shared);
    judge(shared, &lanes, folder_safe);
    let (pending, oldest, segments) = {
        let index = lock(&shared.index);
        (index.pending(), index.oldest(now), index.segment_count())
    };
    metrics::gauge!(telemetry::PENDING).set(pending as f64);
    metrics::gauge!(telemetry::OLDEST_SECONDS).set(oldest.as_secs_f64());
    metrics::gauge!(telemetry::SEGMENTS).set(segments as f64);
}

/// A new segment's name must be safe before anything in it is.
fn flush_folder(shared: &Shared) -> bool {
    if !shared.folder_dirty.swap(false, Ordering::AcqRel) {
        return true;
    }
    let outcome = shared.disk.sync_folder(&shared.folder);
    if let Err(error) = &outcome {
        shared.folder_dirty.store(true, Ordering::Release);
        Shared::failed("sync", error);
    }
    outcome.is_ok()
}

#[expect(clippy::disallowed_methods, reason = "the syncer is a shell: it measures how long the disk takes")]
fn flush_lane(shared: &Shared, lane: &Lane, control: &Mutex<Writer>, folder_safe: bool) {
    let dirty = lane.dirty.swap(false, Ordering::AcqRel);
    let (files, waiters, distrusted) = {
        let mut unsynced = lock(&lane.unsynced);
        if !dirty && unsynced.waiters.is_empty() {
            return;
        }
        let mut files = std::mem::take(&mut unsynced.sealed);
        files.extend(unsynced.active.clone());
        (files, std::mem::take(&mut unsynced.waiters), lane.distrusted.load(Ordering::Relaxed))
    };
    let mut safe = !distrusted;
    for file in files {
        let begun = Instant::now();
        match file.sync() {
            Ok(()) => metrics::histogram!(telemetry::SYNC_SECONDS).record(begun.elapsed().as_secs_f64()),
            Err(error) => {
                safe = false;
                let unsynced = lock(&lane.unsynced);
                lane.distrusted.store(true, Ordering::Relaxed);
                drop(unsynced);
                Shared::failed("sync", &error);
                shared.set_state(DiskState::Failing);
            }
        }
    }
    let (now, safe) = (Instant::now(), safe && folder_safe);
    for waiter in waiters {
        if !safe && matches!(waiter.what, Awaited::Mark) {
            lock(control).mark(waiter.intake);
        } else {
            shared.settle(waiter, safe, now);
        }
    }
}

/// Removes segments that nobody needs. The folder is flushed between a segment and the records that outlive it.
fn remove_segments(shared: &Shared) {
    loop {
        let segments = lock(&shared.index).take_deletable();
        if segments.is_empty() {
            return;
        }
        let mut gone = Vec::new();
        let mut kept = Vec::new();
        for id in segments {
            match shared.disk.remove(&shared.path(id)) {
                Ok(()) => gone.push(id),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => gone.push(id),
                Err(error) => {
                    Shared::failed("remove", &error);
                    kept.push(id);
                }
            }
        }
        let flushed = shared.disk.sync_folder(&shared.folder);
        let mut index = lock(&shared.index);
        kept.into_iter().for_each(|id| index.not_deleted(id));
        if let Err(error) = flushed {
            gone.into_iter().for_each(|id| index.not_deleted(id));
            drop(index);
            Shared::failed("sync", &error);
            return;
        }
        if gone.is_empty() {
            return;
        }
        gone.into_iter().for_each(|id| index.deleted(id));
    }
}

/// Says what the disk can do.
fn judge(shared: &Shared, lanes: &[Arc<Lane>], folder_safe: bool) {
    let free = shared.disk.free(&shared.folder).unwrap_or(u64::MAX);
    let failing = !folder_safe || lanes.iter().any(|lane| lane.in_trouble());
    shared.set_state(match (failing, free < shared.settings.reserve_bytes) {
        (true, _) => DiskState::Failing,
        (false, true) => DiskState::Low,
        (false, false) => DiskState::Healthy,
    });
}
