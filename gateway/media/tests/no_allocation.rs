//! A packet allocates nothing, whatever its codec and whether or not it is sealed: the heap is counted while a minute of each is heard.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use dauys_media::{
    activity::{ActivityConfig, ActivityDetector},
    codec::Codec,
    ear::Ear,
    g711,
    play::{Clip, Playback},
    receiver::{Receiver, ReceiverConfig},
    rtp::RtpHeader,
    srtp::{KeyMaterial, Opener, Sealer, Suite},
    tone::tone,
    tone_keys::ToneKeys,
};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_packet_allocates_nothing_in_any_codec_sealed_or_not() {
    let from = SocketAddr::from(([192, 0, 2, 1], 4_000));
    let clip = Clip::with_codecs(&tone(500.0, 1_000, 0.3), &Codec::ALL);
    for codec in Codec::ALL {
        for suite in [None, Some(Suite::AesCm80), Some(Suite::Gcm256)] {
            let keys = suite.map(|suite| (suite, KeyMaterial::new(suite, &[1; KeyMaterial::MAX]).unwrap()));
            let mut seals = keys.map(|(suite, keys)| (Sealer::new(suite, &keys), Opener::new(suite, &keys)));
            let mut receiver = Receiver::new(ReceiverConfig {
                codec,
                payload_type: codec.payload_type(),
                dtmf_payload_type: None,
                expected_source: Some(from),
            });
            receiver.start_recording();
            let (mut ear, mut keys) = (Ear::new(codec), ToneKeys::default());
            let mut detector = ActivityDetector::new(g711::Codec::Alaw, ActivityConfig::default());
            let mut playback = Playback::new(codec, codec.payload_type(), 1, 0, 0);
            playback.play(vec![clip.clone(); 60], 1).unwrap();
            let (mut room, mut opened, mut heard) = ([0; 2_048], [0; 2_048], 0);

            let before = ALLOCATIONS.load(Ordering::Relaxed);
            for nth in 0..3_000u32 {
                let payload = clip.frame(codec, nth as usize % 50).unwrap();
                let header = RtpHeader {
                    payload_type: codec.payload_type(),
                    marker: false,
                    sequence: nth as u16,
                    timestamp: nth * 160 * codec.steps_per_tick(),
                    ssrc: 7,
                };
                let bytes = match &mut seals {
                    Some((sealer, opener)) => {
                        let sealed = sealer.seal(&header.to_bytes(), payload, &mut room).unwrap();
                        opener.open(sealed, &mut opened).unwrap()
                    }
                    None => {
                        room[..12].copy_from_slice(&header.to_bytes());
                        room[12..12 + payload.len()].copy_from_slice(payload);
                        &room[..12 + payload.len()]
                    }
                };
                let outcome = receiver.handle_packet(Duration::from_millis(20) * nth, from, bytes, |placed| {
                    ear.hear(placed.payload, |at, samples| {
                        heard += samples.len();
                        detector.handle_samples(placed.position + at, samples);
                        keys.handle_samples(samples);
                    });
                });
                assert!(outcome.is_ok());
                assert!(playback.next_frame(nth.into()).is_some());
            }
            let after = ALLOCATIONS.load(Ordering::Relaxed);
            assert_eq!(after - before, 0, "{codec:?} {suite:?}");
            assert_eq!(heard, 480_000, "{codec:?} {suite:?}");
        }
    }
}
