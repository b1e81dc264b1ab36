//! Random histories against a model: many calls at once, packets in any order, small segments, restarts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dauys_gateway::recording::format::Codec;
use dauys_gateway::recording::{Settings, Store, TrackId, Writer};
use proptest::prelude::*;
use uuid::Uuid;

use crate::disk::{Faults, eventually, now, open, pending, quick};

#[derive(Debug, Clone)]
enum Op {
    Begin { mu: bool },
    Append { which: prop::sample::Index, at: u16, len: u8, byte: u8 },
    Tick { ms: u16 },
    Finish { which: prop::sample::Index },
    Export,
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => any::<bool>().prop_map(|mu| Op::Begin { mu }),
        12 => (any::<prop::sample::Index>(), 0u16..3_000, any::<u8>(), any::<u8>())
            .prop_map(|(which, at, len, byte)| Op::Append { which, at, len, byte }),
        4 => (0u16..2_000).prop_map(|ms| Op::Tick { ms }),
        2 => any::<prop::sample::Index>().prop_map(|which| Op::Finish { which }),
        1 => Just(Op::Export),
        1 => Just(Op::Restart),
    ]
}

#[derive(Default, Clone)]
struct Call {
    silence: u8,
    audio: Vec<u8>,
}

impl Call {
    fn place(&mut self, at: usize, payload: &[u8]) {
        if payload.is_empty() {
            return;
        }
        let end = at + payload.len();
        if self.audio.len() < end {
            self.audio.resize(end, self.silence);
        }
        self.audio[at..end].copy_from_slice(payload);
    }
}

struct World {
    folder: tempfile::TempDir,
    faults: Arc<Faults>,
    settings: Settings,
    running: Option<(Store, Writer)>,
    clock: Instant,
    open: Vec<(Uuid, TrackId)>,
    calls: BTreeMap<Uuid, Call>,
    ended: BTreeMap<Uuid, &'static str>,
    made: u128,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { segment_bytes: 2_000, block_bytes: 300, ..quick() };
        let faults = Arc::new(Faults::default());
        let store = open(folder.path(), &faults, settings.clone()).0;
        let writer = store.writer();
        Self {
            folder,
            faults,
            settings,
            running: Some((store, writer)),
            clock: now(),
            open: Vec::new(),
            calls: BTreeMap::new(),
            ended: BTreeMap::new(),
            made: 0,
        }
    }

    fn apply(&mut self, op: &Op) {
        let (_, writer) = self.running.as_mut().unwrap();
        match op {
            Op::Begin { mu } => {
                self.made += 1;
                let intake = Uuid::from_u128(self.made);
                let codec = if *mu { Codec::Pcmu } else { Codec::Pcma };
                let track = writer.begin(intake, codec, b"head").unwrap();
                self.open.push((intake, track));
                self.calls.insert(intake, Call { silence: codec.silence(), audio: Vec::new() });
            }
            Op::Append { which, at, len, byte } if !self.open.is_empty() => {
                let (intake, track) = *which.get(&self.open);
                let payload = vec![*byte; usize::from(*len)];
                assert!(writer.append(track, u64::from(*at), &payload));
                self.calls.get_mut(&intake).unwrap().place(usize::from(*at), &payload);
            }
            Op::Tick { ms } => {
                self.clock += Duration::from_millis(u64::from(*ms));
                writer.tick(self.clock);
            }
            Op::Finish { which } if !self.open.is_empty() => {
                let (intake, track) = self.open.swap_remove(which.index(self.open.len()));
                let commit = writer.finish(track, b"ended");
                writer.tick(self.clock);
                assert_eq!(commit.wait(), Ok(()));
                self.ended.insert(intake, "ended");
            }
            Op::Export => self.check_and_export(),
            Op::Restart => {
                self.running = None;
                for (intake, _) in self.open.drain(..) {
                    self.ended.insert(intake, "interrupted");
                }
                let store = open(self.folder.path(), &self.faults, self.settings.clone()).0;
                let writer = store.writer();
                self.running = Some((store, writer));
            }
            Op::Append { .. } | Op::Finish { .. } => {}
        }
    }

    /// Every ended call is handed out exactly once, byte for byte.
    fn check_and_export(&mut self) {
        let (store, _) = self.running.as_ref().unwrap();
        eventually("all that ended is pending", || store.pending() == self.ended.len());
        for (intake, tail, audio) in pending(store) {
            let how = self.ended.remove(&intake).expect("only what ended, and once");
            assert!(tail.starts_with(how), "{tail}");
            assert!(audio == self.calls.remove(&intake).unwrap().audio, "call {intake} came back different");
            store.mark_exported(intake);
        }
        assert!(self.ended.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn every_call_comes_back_byte_for_byte(ops in prop::collection::vec(op(), 1..120)) {
        let mut world = World::new();
        ops.iter().for_each(|op| world.apply(op));
        world.apply(&Op::Restart);
        world.check_and_export();
        // Once all are handed over, nothing is remembered and nothing lies on the disk.
        world.apply(&Op::Restart);
        let (store, _) = world.running.as_ref().unwrap();
        eventually("nothing is left", || store.is_empty() && store.segments() == 0);
    }
}

#[test]
fn many_calls_at_once_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { segment_bytes: 300_000, ..quick() };
    let (store, _) = open(folder.path(), &Arc::new(Faults::default()), settings);
    let mut writer = store.writer();
    let mut clock = now();
    let tracks: Vec<TrackId> =
        (0..200).map(|n| writer.begin(Uuid::from_u128(n), Codec::Pcma, b"head").unwrap()).collect();
    let packet =
        |call: usize, number: u64| -> Vec<u8> { (0..160).map(|i| (call as u64 * 7 + number * 3 + i) as u8).collect() };
    for number in 0..150 {
        for (call, track) in tracks.iter().enumerate() {
            // Every seventh packet is late by one, every eleventh is lost.
            let sent = if number % 7 == 0 {
                number + 1
            } else if number % 7 == 1 {
                number - 1
            } else {
                number
            };
            if !(sent + call as u64).is_multiple_of(11) {
                assert!(writer.append(*track, sent * 160, &packet(call, sent)));
            }
        }
        clock += Duration::from_millis(20);
        writer.tick(clock);
    }
    let commits: Vec<_> = tracks.iter().map(|track| writer.finish(*track, b"tail")).collect();
    writer.tick(clock);
    for commit in commits {
        assert_eq!(commit.wait(), Ok(()));
    }
    let found = pending(&store);
    assert_eq!(found.len(), 200);
    for (intake, _, audio) in found {
        let call = intake.as_u128() as usize;
        let mut expected = Call { silence: 0xD5, audio: Vec::new() };
        for number in (0..150).filter(|number| !(number + call as u64).is_multiple_of(11)) {
            expected.place(number as usize * 160, &packet(call, number));
        }
        assert_eq!(audio, expected.audio, "call {call}");
    }
    assert!(store.segments() > 5, "the log has many segments");
}
