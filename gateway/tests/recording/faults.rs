//! A disk that is full, fails to flush, or has little room left.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dauys_gateway::recording::format::Codec;
use dauys_gateway::recording::{CommitError, DiskState, Refused, Settings};
use uuid::Uuid;

use crate::disk::{Faults, eventually, now, open, pending, quick};

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

#[test]
fn a_full_disk_refuses_new_calls_and_keeps_those_in_progress_whole() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let (store, _) = open(folder.path(), &faults, quick());
    let mut writer = store.writer();
    let track = writer.begin(id(1), Codec::Pcma, b"head").unwrap();
    let mut clock = now();
    writer.tick(clock);

    faults.room.store(100, Ordering::SeqCst);
    let expected: Vec<u8> = (0..40u8).flat_map(|packet| [packet; 160]).collect();
    for (number, packet) in expected.chunks(160).enumerate() {
        assert!(writer.append(track, number as u64 * 160, packet));
    }
    let mut commit = writer.finish(track, b"tail");
    clock += Duration::from_secs(1);
    writer.tick(clock);
    assert_eq!(store.disk_state(), DiskState::Failing);
    assert_eq!(writer.begin(id(2), Codec::Pcma, b""), Err(Refused::Disk));
    assert!(matches!(store.put_blob(id(3), "audio/ogg", b"x", b""), Err(Refused::Disk)));
    assert_eq!(commit.poll_now(), None, "nobody may be told a number");

    faults.room.store(u64::MAX, Ordering::SeqCst);
    clock += Duration::from_secs(1);
    writer.tick(clock);
    assert_eq!(commit.wait(), Ok(()));
    assert_eq!(pending(&store), [(id(1), "tail".to_owned(), expected)]);
    assert_eq!(writer.dropped(), 0);
    eventually("calls are let in again", || store.disk_state() == DiskState::Healthy);
    writer.begin(id(2), Codec::Pcma, b"").unwrap();
}

#[test]
fn a_disk_that_stays_full_costs_audio_within_a_bound_but_no_ticket() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let settings = Settings { buffer_bytes: 20_000, ..quick() };
    let (store, _) = open(folder.path(), &faults, settings);
    let mut writer = store.writer();
    let track = writer.begin(id(1), Codec::Pcma, b"head").unwrap();
    let mut clock = now();
    writer.tick(clock);
    faults.room.store(10, Ordering::SeqCst);
    for packet in 0..1_000u64 {
        writer.append(track, packet * 160, &[9; 160]);
        clock += Duration::from_millis(20);
        writer.tick(clock);
    }
    let commit = writer.finish(track, b"tail");
    assert!(writer.dropped() >= 160_000 - 20_000, "{}", writer.dropped());
    faults.room.store(u64::MAX, Ordering::SeqCst);
    writer.tick(clock + Duration::from_secs(1));
    assert_eq!(commit.wait(), Ok(()));
    let found = pending(&store);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].2.len(), 160_000, "what was dropped is silence of the same length");
    let kept = found[0].2.iter().filter(|byte| **byte == 9).count() as u64;
    assert_eq!(kept + writer.dropped(), 160_000, "every byte is kept or counted");
}

#[test]
fn a_flush_that_fails_is_promised_to_nobody_and_still_becomes_a_ticket() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let (store, _) = open(folder.path(), &faults, quick());
    let mut writer = store.writer();
    let mut clock = now();
    let [ends_now, ends_later] = [1, 2].map(|n| writer.begin(id(n), Codec::Pcma, b"head").unwrap());
    writer.append(ends_now, 0, &[1; 160]);
    writer.append(ends_later, 0, &[2; 160]);
    faults.flush_fails.store(true, Ordering::SeqCst);
    let commit = writer.finish(ends_now, b"now");
    clock += Duration::from_secs(1);
    writer.tick(clock);
    assert_eq!(commit.wait(), Err(CommitError::Disk));
    assert_eq!(store.disk_state(), DiskState::Failing);

    faults.flush_fails.store(false, Ordering::SeqCst);
    let commit = writer.finish(ends_later, b"later");
    writer.tick(clock);
    assert_eq!(commit.wait(), Err(CommitError::Disk), "a part of it lies in what the disk did not confirm");
    let mut found = pending(&store);
    found.sort();
    assert_eq!(
        found,
        [(id(1), "now".to_owned(), vec![1; 160]), (id(2), "later".to_owned(), vec![2; 160])],
        "both are handed over all the same"
    );

    eventually("a fresh segment makes the disk good again", || {
        writer.tick(clock);
        store.disk_state() == DiskState::Healthy
    });
    let track = writer.begin(id(3), Codec::Pcma, b"head").unwrap();
    let commit = writer.finish(track, b"after");
    writer.tick(clock);
    assert_eq!(commit.wait(), Ok(()));
}

#[test]
fn little_room_refuses_new_calls_before_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let (store, _) = open(folder.path(), &faults, quick());
    let mut writer = store.writer();
    let track = writer.begin(id(1), Codec::Pcma, b"head").unwrap();
    faults.free.store(1_000, Ordering::SeqCst);
    eventually("the lack of room is seen", || store.disk_state() == DiskState::Low);
    assert_eq!(writer.begin(id(2), Codec::Pcma, b""), Err(Refused::Disk));
    assert!(writer.append(track, 0, &[1; 160]), "a call in progress goes on");
    let commit = writer.finish(track, b"tail");
    writer.tick(now());
    assert_eq!(commit.wait(), Ok(()));
    faults.free.store(u64::MAX, Ordering::SeqCst);
    eventually("room is seen", || store.disk_state() == DiskState::Healthy);
}

#[test]
fn one_flush_serves_all_who_wait() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let settings = Settings { busy_flush: Duration::from_millis(100), ..quick() };
    let (store, _) = open(folder.path(), &faults, settings);
    let mut writer = store.writer();
    let tracks: Vec<_> = (0..500).map(|n| writer.begin(id(n), Codec::Pcma, b"head").unwrap()).collect();
    let commits: Vec<_> = tracks.into_iter().map(|track| writer.finish(track, b"tail")).collect();
    let before = faults.flushes.load(Ordering::SeqCst);
    writer.tick(now());
    for commit in commits {
        assert_eq!(commit.wait(), Ok(()));
    }
    assert!(faults.flushes.load(Ordering::SeqCst) - before <= 2);
    assert_eq!(store.pending(), 500);
}

#[test]
fn what_no_recording_may_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { tracks: 1, longest: 1_000, ..quick() };
    let (store, _) = open(folder.path(), &Arc::new(Faults::default()), settings);
    let mut writer = store.writer();
    let track = writer.begin(id(1), Codec::Pcma, b"").unwrap();
    assert_eq!(writer.begin(id(2), Codec::Pcma, b""), Err(Refused::Full));
    assert!(!writer.append(track, 900, &[0; 160]), "beyond the longest recording");
    assert!(!writer.append(track, u64::MAX, &[0; 160]));
    let first = writer.finish(track, b"");
    assert!(!writer.append(track, 0, &[0; 160]), "after the end");
    assert_eq!(writer.finish(track, b"").wait(), Err(CommitError::Closed));
    writer.tick(now());
    assert_eq!(first.wait(), Ok(()));
    assert_eq!(writer.recordings(), 0);
}
