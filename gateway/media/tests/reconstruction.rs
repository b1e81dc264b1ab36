//! What a caller said is what is recorded: a seeded network reorders, doubles and loses packets before the receiver.

use std::{net::SocketAddr, time::Duration};

use dauys_media::{
    codec::Codec,
    g711,
    receiver::{Accepted, Receiver, ReceiverConfig, Rejection},
    rtp::RtpHeader,
};
use proptest::prelude::*;

const FRAME: usize = 160;
const SSRC: u32 = 77;

fn caller() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10], 4_000))
}

fn receiver() -> Receiver {
    Receiver::new(ReceiverConfig {
        codec: Codec::Alaw,
        payload_type: 8,
        dtmf_payload_type: Some(101),
        expected_source: Some(caller()),
    })
}

fn packet(ssrc: u32, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    RtpHeader { payload_type: 8, marker: false, sequence, timestamp, ssrc }.write(payload, &mut bytes);
    bytes
}

/// The speech of frame `nth`: no two frames are alike, and none holds the silence byte.
fn speech(nth: usize) -> Vec<u8> {
    (0..FRAME).map(|at| (1 + (nth * 7 + at) % 200) as u8).collect()
}

/// A recording as the store makes it: by place, silence where nothing came.
#[derive(Default)]
struct Tape(Vec<u8>);

impl Tape {
    fn write(&mut self, at: u64, payload: &[u8]) {
        let at = at as usize;
        if self.0.len() < at + payload.len() {
            self.0.resize(at + payload.len(), g711::Codec::Alaw.silence());
        }
        self.0[at..at + payload.len()].copy_from_slice(payload);
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Sends `frames` through a network and returns the tape and the receiver.
fn record(
    seed: u64,
    frames: usize,
    first_sequence: u16,
    first_timestamp: u32,
    lose_percent: usize,
) -> (Tape, Receiver, Vec<usize>) {
    let mut random = Random(seed);
    let mut on_the_way = Vec::new();
    let mut lost = Vec::new();
    for nth in 0..frames {
        // The first and the last arrive and keep their place, so that the length is known.
        let edge = nth == 0 || nth == frames - 1;
        if !edge && random.below(100) < lose_percent {
            lost.push(nth);
            continue;
        }
        let sent = nth * 20;
        let delays = if edge { vec![1] } else { vec![random.below(180); 1 + usize::from(random.below(10) == 0)] };
        on_the_way.extend(delays.into_iter().map(|delay| (sent + delay, nth)));
    }
    let last = frames * 20 + 300;
    for arrival in &mut on_the_way {
        match arrival.1 {
            0 => arrival.0 = 0,
            nth if nth == frames - 1 => arrival.0 = last,
            _ => {}
        }
    }
    on_the_way.sort_by_key(|&(arrival, _)| arrival);

    let (mut tape, mut receiver) = (Tape::default(), receiver());
    receiver.start_recording();
    for (arrival, nth) in on_the_way {
        let bytes = packet(
            SSRC,
            first_sequence.wrapping_add(nth as u16),
            first_timestamp.wrapping_add((nth * FRAME) as u32),
            &speech(nth),
        );
        let at = Duration::from_millis(1_000 + arrival as u64);
        let _ = receiver.handle_packet(at, caller(), &bytes, |placed| {
            if let Some(at) = placed.at_samples {
                tape.write(at, placed.payload);
            }
        });
    }
    (tape, receiver, lost)
}

proptest! {
    #[test]
    fn without_loss_every_byte_is_in_its_place(seed: u64, frames in 2usize..300, sequence: u16, timestamp: u32) {
        let (tape, receiver, _) = record(seed, frames, sequence, timestamp, 0);
        let said: Vec<u8> = (0..frames).flat_map(speech).collect();
        prop_assert!(tape.0 == said, "the tape is not what was said");
        let stats = receiver.stats();
        prop_assert_eq!((stats.received, stats.lost, stats.late), (frames as u64, 0, 0));
        prop_assert_eq!(receiver.recorded_samples(), (frames * FRAME) as u64);
    }

    #[test]
    fn what_is_lost_is_silence_of_its_own_length(seed: u64, frames in 2usize..300, sequence: u16, timestamp: u32) {
        let (tape, receiver, lost) = record(seed, frames, sequence, timestamp, 20);
        let said: Vec<u8> = (0..frames)
            .flat_map(|nth| if lost.contains(&nth) { vec![g711::Codec::Alaw.silence(); FRAME] } else { speech(nth) })
            .collect();
        prop_assert!(tape.0 == said, "the tape is not what was said");
        prop_assert_eq!(receiver.stats().lost, lost.len() as u64);
    }

    #[test]
    fn any_datagrams_are_counted_and_bounded(datagrams in prop::collection::vec(
        (prop::collection::vec(any::<u8>(), 0..60), any::<bool>(), 0u64..100, 0u16..3), 0..300)) {
        let mut receiver = receiver();
        receiver.start_recording();
        let (mut now, mut heard, mut end) = (0, 0, 0);
        let (mut accepted, mut rejected) = (0u64, 0u64);
        for (mut bytes, plausible, step, port) in datagrams {
            now += step;
            if plausible && bytes.len() >= 2 {
                bytes[0] = 0x80;
                bytes[1] = [8, 101, 13][usize::from(bytes[1] % 3)];
            }
            let from = SocketAddr::from(([192, 0, 2, 10], 4_000 + port));
            let outcome = receiver.handle_packet(Duration::from_millis(now), from, &bytes, |placed| {
                heard += placed.payload.len() as u64;
                end = end.max(placed.at_samples.map_or(0, |at| at + placed.payload.len() as u64));
            });
            match outcome {
                Ok(_) => accepted += 1,
                Err(_) => rejected += 1,
            }
        }
        let stats = receiver.stats();
        prop_assert_eq!(stats.rejections.counts().iter().sum::<u64>(), rejected);
        prop_assert!(stats.received <= accepted);
        // Neither lies about time make a recording much longer than the call was: 10 s, plus what was really sent.
        prop_assert!(end <= now * 8 + 80_000 + heard, "{end} samples in {now} ms");
    }
}

/// Feeds consecutive frames from one source, 20 ms apart, and writes what is recorded.
fn feed(
    receiver: &mut Receiver,
    tape: &mut Tape,
    start_ms: u64,
    ssrc: u32,
    first: (u16, u32),
    said: std::ops::Range<usize>,
) {
    for (offset, nth) in said.enumerate() {
        let bytes = packet(
            ssrc,
            first.0.wrapping_add(offset as u16),
            first.1.wrapping_add((offset * FRAME) as u32),
            &speech(nth),
        );
        let at = Duration::from_millis(start_ms + offset as u64 * 20);
        let outcome = receiver.handle_packet(at, caller(), &bytes, |placed| {
            if let Some(at) = placed.at_samples {
                tape.write(at, placed.payload);
            }
        });
        assert!(outcome.is_ok(), "{outcome:?}");
    }
}

#[test]
fn another_ssrc_from_the_caller_goes_on_in_time_and_loses_nothing() {
    let (mut tape, mut receiver) = (Tape::default(), receiver());
    receiver.start_recording();
    feed(&mut receiver, &mut tape, 0, 1, (500, 9_000), 0..10);
    feed(&mut receiver, &mut tape, 200, 2, (7, 4_000_000_000), 10..20);
    assert_eq!(tape.0, (0..20).flat_map(speech).collect::<Vec<_>>());
    assert_eq!(receiver.stats().source_changes, 1);
}

#[test]
fn an_injected_stream_is_not_in_the_recording() {
    let (mut tape, mut receiver) = (Tape::default(), receiver());
    let intruder = SocketAddr::from(([203, 0, 113, 9], 4_000));
    receiver.start_recording();
    for nth in 0..100u16 {
        feed(
            &mut receiver,
            &mut tape,
            u64::from(nth) * 20,
            SSRC,
            (nth, u32::from(nth) * 160),
            usize::from(nth)..usize::from(nth) + 1,
        );
        let forged = packet(SSRC, nth + 1, (u32::from(nth) + 1) * 160, &[0x2A; FRAME]);
        let now = Duration::from_millis(u64::from(nth) * 20 + 5);
        let outcome = receiver.handle_packet(now, intruder, &forged, |_| panic!("heard an intruder"));
        assert_eq!(outcome, Err(Rejection::ForeignAddress));
        let forged = packet(666, nth, 0, &[0x2A; FRAME]);
        let _ = receiver.handle_packet(now, caller(), &forged, |_| panic!("heard a forged source"));
    }
    assert_eq!(tape.0, (0..100).flat_map(speech).collect::<Vec<_>>());
    assert_eq!(receiver.source_address(), Some(caller()));
}

#[test]
fn a_recording_that_starts_in_the_call_begins_with_its_next_packet_even_when_that_is_overtaken() {
    let (mut tape, mut receiver) = (Tape::default(), receiver());
    feed(&mut receiver, &mut tape, 0, SSRC, (0, 0), 0..50);
    assert!(tape.0.is_empty());
    receiver.start_recording();
    feed(&mut receiver, &mut tape, 1_020, SSRC, (51, 51 * 160), 51..52);
    feed(&mut receiver, &mut tape, 1_025, SSRC, (50, 50 * 160), 50..51);
    feed(&mut receiver, &mut tape, 1_040, SSRC, (52, 52 * 160), 52..55);
    assert_eq!(tape.0, (50..55).flat_map(speech).collect::<Vec<_>>());
}

#[test]
fn a_paused_recording_leaves_the_pause_out_and_a_new_one_begins_at_zero() {
    let (mut tape, mut receiver) = (Tape::default(), receiver());
    receiver.start_recording();
    feed(&mut receiver, &mut tape, 0, SSRC, (0, 0), 0..10);
    receiver.stop_recording();
    feed(&mut receiver, &mut tape, 200, SSRC, (10, 1_600), 10..20);
    receiver.start_recording();
    feed(&mut receiver, &mut tape, 400, SSRC, (20, 3_200), 20..30);
    assert_eq!(tape.0, (0..10).chain(20..30).flat_map(speech).collect::<Vec<_>>());
    assert_eq!(receiver.recorded_samples(), 3_200);

    receiver.finish_recording();
    let mut tape = Tape::default();
    receiver.start_recording();
    feed(&mut receiver, &mut tape, 600, SSRC, (30, 4_800), 30..35);
    assert_eq!(tape.0, (30..35).flat_map(speech).collect::<Vec<_>>());
}

#[test]
fn digits_and_comfort_noise_are_told_from_speech() {
    let mut receiver = receiver();
    let mut send = |payload_type, sequence, timestamp, payload: &[u8]| {
        let mut bytes = Vec::new();
        RtpHeader { payload_type, marker: false, sequence, timestamp, ssrc: 1 }.write(payload, &mut bytes);
        receiver.handle_packet(Duration::ZERO, caller(), &bytes, |_| panic!("not speech"))
    };
    let presses = dauys_media::dtmf::press('7', Duration::from_millis(60)).unwrap();
    let heard: Vec<_> = presses.iter().zip(1..).map(|(packet, nth)| send(101, nth, 160, &packet.payload)).collect();
    assert_eq!(heard[0], Ok(Accepted::Event(Some('7'))));
    assert!(heard[1..].iter().all(|outcome| *outcome == Ok(Accepted::Event(None))));
    assert_eq!(send(13, 50, 0, &[40]), Ok(Accepted::ComfortNoise));
    assert_eq!(send(18, 51, 0, &[0; 20]), Err(Rejection::PayloadType));
    assert_eq!(send(8, 52, 0, &[]), Err(Rejection::Empty));
    assert_eq!(receiver.stats().rejections.of(Rejection::PayloadType), 1);
}

#[test]
fn jitter_is_the_rfcs() {
    let (mut receiver, mut tape) = (receiver(), Tape::default());
    feed(&mut receiver, &mut tape, 0, SSRC, (0, 0), 0..100);
    assert_eq!(receiver.stats().jitter_samples, 0);
    // Every other packet 10 ms late: the difference in transit is 80 samples each time, and so the mean.
    let mut receiver = self::receiver();
    for nth in 0..500u32 {
        let at = Duration::from_millis(u64::from(nth) * 20 + u64::from(nth % 2) * 10);
        receiver.handle_packet(at, caller(), &packet(SSRC, nth as u16, nth * 160, &speech(0)), |_| {}).unwrap();
    }
    let jitter = receiver.stats().jitter_samples;
    assert!((78..=80).contains(&jitter), "{jitter}");
}
