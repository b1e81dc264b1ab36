//! Any datagrams from any addresses at any times: RTP, telephone events, placement and speech detection must hold.
//!
//! The input is a row of records: length, port (low two bits) and a step in time of 4 ms units (the rest), then the datagram.
#![no_main]

use std::{net::SocketAddr, time::Duration};

use dauys_media::{
    activity::{ActivityConfig, ActivityDetector},
    codec::Codec,
    g711,
    receiver::{Receiver, ReceiverConfig},
    rtp,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let address = |port: u8| SocketAddr::from(([192, 0, 2, 1], 4_000 + u16::from(port & 3)));
    let mut receiver = Receiver::new(ReceiverConfig {
        codec: Codec::Alaw,
        payload_type: 8,
        dtmf_payload_type: Some(101),
        expected_source: Some(address(0)),
    });
    receiver.start_recording();
    let mut detector = ActivityDetector::new(g711::Codec::Alaw, ActivityConfig::default());
    let (mut rest, mut now, mut heard, mut end) = (data, 0u64, 0u64, 0u64);
    let (mut accepted, mut rejected) = (0u64, 0u64);
    while let [length, control, tail @ ..] = rest {
        let (datagram, next) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = next;
        now += u64::from(control >> 2) * 4;
        rtp::is_rtcp(datagram);
        let outcome = receiver.handle_packet(Duration::from_millis(now), address(*control), datagram, |placed| {
            heard += placed.payload.len() as u64;
            end = end.max(placed.at_samples.map_or(0, |at| at + placed.payload.len() as u64));
            detector.handle_frame(placed.position, placed.payload);
        });
        match outcome {
            Ok(_) => accepted += 1,
            Err(_) => rejected += 1,
        }
    }
    let stats = receiver.stats();
    assert_eq!(stats.rejections.counts().iter().sum::<u64>(), rejected);
    assert!(stats.received <= accepted);
    assert!(stats.received <= stats.expected);
    // No lie about time makes a recording much longer than the call was and than what was really sent.
    assert!(end <= now * 8 + 80_000 + heard);
});
