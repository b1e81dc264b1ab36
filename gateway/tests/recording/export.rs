//! The hand-over: at least once, whatever fails; nothing left on the disk afterwards.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use dauys_gateway::recording::Media;
use dauys_gateway::recording::format::Codec;
use dauys_gateway::spool::{ExportSettings, Exporter, HandOver, HandOverError, Spooled, put_blob};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::disk::{Faults, eventually, now, open, quick};

#[derive(Default)]
struct Bus {
    down: AtomicU32,
    attempts: AtomicU32,
    taken: Mutex<BTreeMap<Uuid, (Spooled, Media, u32)>>,
    news: Notify,
}

impl HandOver for Bus {
    async fn deliver(&self, intake: Spooled, media: Media) -> Result<(), HandOverError> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        if self.down.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
            return Err(HandOverError("the broker is away".to_owned()));
        }
        if intake.tail == b"poison" {
            return Err(HandOverError("nobody can read this".to_owned()));
        }
        let mut taken = self.taken.lock().unwrap();
        taken.entry(intake.intake_id).or_insert((intake, media, 0)).2 += 1;
        self.news.notify_one();
        Ok(())
    }
}

impl Bus {
    async fn has(&self, count: usize) {
        while self.taken.lock().unwrap().len() < count {
            tokio::time::timeout(Duration::from_secs(20), self.news.notified()).await.expect("no more came");
        }
    }
}

fn settings() -> ExportSettings {
    ExportSettings {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(20),
        ..Default::default()
    }
}

#[tokio::test]
async fn calls_and_notes_reach_the_bus_once_it_is_back_and_a_poison_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let (store, _) = open(folder.path(), &faults, quick());
    let bus = Arc::new(Bus::default());
    bus.down.store(5, Ordering::SeqCst);
    let stop = CancellationToken::new();
    let task = tokio::spawn(Exporter::new(store.clone(), Arc::clone(&bus), settings()).run(stop.clone()));

    let mut writer = store.writer();
    let poison = put_blob(&store, Uuid::from_u128(66), "audio/ogg", Bytes::from_static(b"x"), b"poison".to_vec());
    poison.await.unwrap().await.unwrap();
    for n in 0..40u8 {
        let track = writer.begin(Uuid::from_u128(u128::from(n)), Codec::Pcmu, b"facts").unwrap();
        writer.append(track, 0, &[n; 160]);
        let commit = writer.finish(track, b"event");
        writer.tick(now());
        commit.await.unwrap();
    }
    let note = Uuid::from_u128(1_000);
    let commit = put_blob(&store, note, "audio/ogg", Bytes::from_static(b"OggS"), b"a note".to_vec()).await.unwrap();
    commit.await.unwrap();
    bus.has(41).await;
    {
        let taken = bus.taken.lock().unwrap();
        let (spooled, media, times) = &taken[&note];
        assert_eq!((spooled.tail.as_slice(), *times), (&b"a note"[..], 1));
        assert_eq!(media, &Media::Blob { media_type: "audio/ogg".to_owned(), bytes: b"OggS".to_vec() });
        let (spooled, media, _) = &taken[&Uuid::from_u128(7)];
        assert_eq!((spooled.head.as_slice(), spooled.tail.as_slice()), (&b"facts"[..], &b"event"[..]));
        let Media::Call(recording) = media else { panic!("a call is a call") };
        assert_eq!((recording.codec, &recording.payload), (Codec::Pcmu, &vec![7; 160]));
    }
    eventually("the poison alone is left", || store.pending() == 1);
    stop.cancel();
    task.await.unwrap();
    drop((writer, store));

    // The next start finds the poison alone.
    let (store, recovery) = open(folder.path(), &faults, quick());
    assert_eq!((recovery.pending, recovery.interrupted), (1, 0));
    assert_eq!(store.next_ready(), Some(Uuid::from_u128(66)));
}

#[tokio::test]
async fn a_dead_bus_is_asked_ever_less_often_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), &Arc::new(Faults::default()), quick());
    let bus = Arc::new(Bus::default());
    bus.down.store(8, Ordering::SeqCst);
    for n in 0..50 {
        store.put_blob(Uuid::from_u128(n), "audio/ogg", b"x", b"event").unwrap().await.unwrap();
    }
    let stop = CancellationToken::new();
    let task = tokio::spawn(Exporter::new(store.clone(), Arc::clone(&bus), settings()).run(stop.clone()));
    bus.has(50).await;
    // The first volley fails together; from then on one at a time tries.
    assert_eq!(bus.attempts.load(Ordering::SeqCst), 58, "fifty deliveries and eight refusals, none repeated in vain");
    eventually("nothing is pending", || store.pending() == 0);
    stop.cancel();
    task.await.unwrap();
}
