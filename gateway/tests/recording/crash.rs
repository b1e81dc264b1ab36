//! A crash at any byte: nothing that was committed is lost, what was begun becomes a ticket, and nothing panics.

use std::path::Path;
use std::sync::Arc;

use dauys_gateway::recording::format::{Codec, Format, Record, SegmentId};
use uuid::Uuid;

use crate::disk::{Faults, eventually, now, open, pending, quick};

const SEGMENT: SegmentId = SegmentId { writer: 1, number: 1 };

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// An intake, where its beginning and its end are complete, and what is expected of it.
type Expected = (Uuid, usize, usize, &'static str, Vec<u8>);

/// A small log of two calls and a note, and where each one's beginning and end are complete.
fn log() -> (Vec<u8>, Vec<Expected>) {
    let format = Format::new(SEGMENT);
    let mut bytes = format.header().to_vec();
    let mut put = |record: Record<'_>| {
        format.encode(&record, &mut bytes).unwrap();
        bytes.len()
    };
    let (a, b, note) = (id(1), id(2), id(3));
    let begin_a = put(Record::Begin { intake: a, codec: Codec::Pcma, head: b"call a" });
    let begin_b = put(Record::Begin { intake: b, codec: Codec::Pcmu, head: b"call b" });
    put(Record::Audio { intake: a, at: 0, codec: Codec::Pcma, payload: &[1; 20] });
    put(Record::Audio { intake: b, at: 2, codec: Codec::Pcmu, payload: &[2; 20] });
    let begin_note = put(Record::Blob { intake: note, media_type: "audio/ogg", bytes: b"OggS and so on" });
    let end_note = put(Record::End { intake: note, total: 0, tail: b"note" });
    let end_a = put(Record::End { intake: a, total: 20, tail: b"a ended" });
    put(Record::Audio { intake: b, at: 22, codec: Codec::Pcmu, payload: &[3; 8] });
    let end_b = put(Record::End { intake: b, total: 30, tail: b"b ended" });
    let audio_b = [&[0xFF; 2][..], &[2; 20], &[3; 8]].concat();
    let intakes = vec![
        (a, begin_a, end_a, "a ended", vec![1; 20]),
        (b, begin_b, end_b, "b ended", audio_b),
        (note, begin_note, end_note, "note", b"OggS and so on".to_vec()),
    ];
    (bytes, intakes)
}

fn with_log(bytes: &[u8], check: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(SEGMENT.file_name()), bytes).unwrap();
    check(folder.path());
}

#[test]
fn cut_at_every_byte() {
    let (bytes, intakes) = log();
    for cut in 0..=bytes.len() {
        with_log(&bytes[..cut], |folder| {
            let (store, recovery) = open(folder, &Arc::new(Faults::default()), quick());
            let begun = intakes.iter().filter(|(_, begin, ..)| *begin <= cut).count();
            let ended = intakes.iter().filter(|(_, _, end, ..)| *end <= cut).count();
            assert_eq!((recovery.pending, recovery.interrupted), (begun, begun - ended), "cut at {cut}");
            eventually("the interrupted are closed", || store.pending() == begun);
            for (intake, tail, audio) in pending(&store) {
                let (_, _, end, expected_tail, expected) = intakes.iter().find(|(id, ..)| *id == intake).unwrap();
                if *end <= cut {
                    assert_eq!((tail.as_str(), &audio), (*expected_tail, expected), "cut at {cut}");
                } else {
                    assert!(tail.starts_with("interrupted"), "cut at {cut}: {tail}");
                    assert_eq!(audio, expected[..audio.len()], "cut at {cut}");
                }
            }
        });
    }
}

#[test]
fn any_flipped_byte_costs_at_most_its_own_record() {
    let (bytes, intakes) = log();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        with_log(&damaged, |folder| {
            let (store, recovery) = open(folder, &Arc::new(Faults::default()), quick());
            assert!(recovery.damaged + recovery.torn > 0, "at {at}");
            eventually("all are closed", || store.pending() == recovery.pending);
            assert!(recovery.pending >= intakes.len() - 1, "at {at}: an intake has several records");
            assert!(recovery.interrupted <= 1, "at {at}");
        });
    }
}

#[test]
fn a_crash_in_the_middle_of_calls_leaves_tickets_and_the_next_start_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let (store, _) = open(folder.path(), &faults, quick());
    let mut writer = store.writer();
    let ended = writer.begin(id(1), Codec::Pcma, b"first").unwrap();
    let cut = writer.begin(id(2), Codec::Pcma, b"second").unwrap();
    assert!(writer.append(ended, 0, &[1; 160]));
    assert!(writer.append(cut, 0, &[2; 160]));
    let commit = writer.finish(ended, b"done");
    writer.tick(now() + quick().block_age);
    assert_eq!(commit.wait(), Ok(()));
    writer.append(cut, 160, &[3; 160]);
    // A killed process runs no destructor: the last 160 samples were never written.
    std::mem::forget(writer);
    drop(store);

    let (store, recovery) = open(folder.path(), &faults, quick());
    assert_eq!((recovery.pending, recovery.interrupted, recovery.damaged, recovery.torn), (2, 1, 0, 0));
    eventually("both wait", || store.pending() == 2);
    let mut found = pending(&store);
    found.sort();
    assert_eq!(found[0], (id(1), "done".to_owned(), vec![1; 160]));
    assert_eq!(found[1], (id(2), "interrupted second after 160".to_owned(), vec![2; 160]));
    found.iter().for_each(|(intake, ..)| store.mark_exported(*intake));
    eventually("all segments of the earlier run are gone", || store.segments() == 1);
    drop(store);

    let (store, recovery) = open(folder.path(), &faults, quick());
    assert_eq!((recovery.pending, recovery.interrupted), (0, 0), "nothing comes back");
    eventually("nothing is left", || store.is_empty() && store.segments() == 0);
}

#[test]
fn a_media_thread_that_goes_away_closes_its_calls() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), &Arc::new(Faults::default()), quick());
    let mut writer = store.writer();
    let track = writer.begin(id(9), Codec::Pcmu, b"ninth").unwrap();
    writer.append(track, 0, &[7; 320]);
    drop(writer);
    eventually("it waits", || store.pending() == 1);
    assert_eq!(pending(&store), [(id(9), "interrupted ninth after 320".to_owned(), vec![7; 320])]);
}

#[test]
fn one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, _) = open(folder.path(), &Arc::new(Faults::default()), quick());
    let second = dauys_gateway::recording::Store::open(folder.path(), quick(), crate::disk::interrupted);
    assert!(matches!(second, Err(dauys_gateway::recording::StoreError::InUse(_))));
}
