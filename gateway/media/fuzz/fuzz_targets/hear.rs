//! Any payloads in any codec, with a change of codec on the way: what is decoded, listened to and placed must hold.
//!
//! The input is records: length, then codec (low two bits) and a step in time of 4 ms units (the rest), then the payload.
#![no_main]

use std::{net::SocketAddr, time::Duration};

use dauys_media::{
    activity::{ActivityConfig, ActivityDetector},
    codec::Codec,
    ear::Ear,
    g711,
    receiver::{Receiver, ReceiverConfig},
    rtp::RtpHeader,
    tone_keys::ToneKeys,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let from = SocketAddr::from(([192, 0, 2, 1], 4_000));
    let mut codec = Codec::Alaw;
    let mut receiver = Receiver::new(ReceiverConfig {
        codec,
        payload_type: codec.payload_type(),
        dtmf_payload_type: None,
        expected_source: Some(from),
    });
    receiver.start_recording();
    let mut ear = Ear::new(codec);
    let mut keys = ToneKeys::default();
    let mut detector = ActivityDetector::new(g711::Codec::Alaw, ActivityConfig::default());
    let (mut rest, mut now, mut sequence, mut timestamp, mut said) = (data, 0u64, 0u16, 0u32, 0u64);
    while let [length, control, tail @ ..] = rest {
        let (payload, next) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = next;
        now += u64::from(control >> 2) * 4;
        let wanted = Codec::ALL[usize::from(control & 3)];
        if wanted != codec {
            codec = wanted;
            receiver.set_codec(codec, codec.payload_type(), None);
            ear = Ear::new(codec);
        }
        let header = RtpHeader { payload_type: codec.payload_type(), marker: false, sequence, timestamp, ssrc: 1 };
        let mut bytes = Vec::new();
        header.write(payload, &mut bytes);
        sequence = sequence.wrapping_add(1);
        timestamp = timestamp.wrapping_add(codec.ticks(payload) as u32 * codec.steps_per_tick());
        said += codec.ticks(payload);
        let _ = receiver.handle_packet(Duration::from_millis(now), from, &bytes, |placed| {
            let lasts = codec.ticks(placed.payload);
            assert!(lasts > 0);
            let mut heard = 0;
            ear.hear(placed.payload, |at, samples| {
                assert_eq!(at, heard);
                heard += samples.len() as u64;
                detector.handle_samples(placed.position + at, samples);
                keys.handle_samples(samples);
            });
            assert!(heard == 0 || heard == lasts, "{heard} samples of {lasts} ticks");
        });
    }
    assert!(receiver.recorded_samples() <= now * 8 + 80_000 + said);
});
