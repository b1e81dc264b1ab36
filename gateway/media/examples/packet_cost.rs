//! Measures what a packet of 20 ms costs beyond its way through the kernel: judged and placed, listened to in each codec, opened and
//! sealed. Prints numbers; it neither passes nor fails.
//!
//! `cargo run --release -p dauys-media --example packet_cost`
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring tool prints, and reads the clock")]

use std::{
    hint::black_box,
    net::SocketAddr,
    time::{Duration, Instant},
};

use dauys_media::{
    activity::{ActivityConfig, ActivityDetector},
    codec::Codec,
    ear::Ear,
    g711,
    play::Clip,
    receiver::{Receiver, ReceiverConfig},
    rtp::RtpHeader,
    srtp::{KeyMaterial, Opener, Sealer, Suite},
    tone::tone,
    tone_keys::ToneKeys,
};

const PACKETS: u32 = 100_000;

fn measure(name: &str, mut each: impl FnMut(u32)) {
    let began = Instant::now();
    (0..PACKETS).for_each(&mut each);
    let nanos = began.elapsed().as_nanos() / u128::from(PACKETS);
    println!("{name:<44} {nanos:>6} ns a packet");
}

fn header(codec: Codec, nth: u32) -> RtpHeader {
    RtpHeader {
        payload_type: codec.payload_type(),
        marker: false,
        sequence: nth as u16,
        timestamp: nth.wrapping_mul(160 * codec.steps_per_tick()),
        ssrc: 7,
    }
}

fn main() {
    let from = SocketAddr::from(([192, 0, 2, 1], 4_000));
    let clip = Clip::with_codecs(&tone(500.0, 1_000, 0.3), &Codec::ALL);
    let frame = |codec, nth: u32| clip.frame(codec, nth as usize % clip.frames()).unwrap_or_default();
    for codec in Codec::ALL {
        let mut receiver = Receiver::new(ReceiverConfig {
            codec,
            payload_type: codec.payload_type(),
            dtmf_payload_type: None,
            expected_source: Some(from),
        });
        receiver.start_recording();
        let mut bytes = Vec::new();
        measure(&format!("{}: parsed, judged, placed", codec.name()), |nth| {
            bytes.clear();
            header(codec, nth).write(frame(codec, nth), &mut bytes);
            let _ = receiver.handle_packet(Duration::from_millis(20) * nth, from, &bytes, |placed| {
                black_box(placed);
            });
        });
        let law = codec.law();
        let mut detector = ActivityDetector::new(law.unwrap_or(g711::Codec::Alaw), ActivityConfig::default());
        if law.is_some() {
            measure(&format!("{}: speech detected from its bytes", codec.name()), |nth| {
                black_box(detector.handle_frame(u64::from(nth) * 160, frame(codec, nth)));
            });
        }
        let mut ear = Ear::new(codec);
        measure(&format!("{}: decoded, speech detected", codec.name()), |nth| {
            ear.hear(frame(codec, nth), |_, samples| {
                black_box(detector.handle_samples(u64::from(nth) * 160, samples));
            });
        });
    }
    let (mut keys, mut ear) = (ToneKeys::default(), Ear::new(Codec::Alaw));
    measure("keys as tones, decoding of G.711 included", |nth| {
        ear.hear(frame(Codec::Alaw, nth), |_, samples| {
            black_box(keys.handle_samples(samples));
        });
    });
    for suite in [Suite::AesCm80, Suite::AesCm32, Suite::Gcm128, Suite::Gcm256] {
        let Some(material) = KeyMaterial::new(suite, &[1; KeyMaterial::MAX]) else { continue };
        let (mut sealer, mut opener) = (Sealer::new(suite, &material), Opener::new(suite, &material));
        let mut room = [0; 2_048];
        let mut sealed = Vec::with_capacity(PACKETS as usize * 200);
        measure(&format!("{suite:?}: sealed (and copied aside)"), |nth| {
            let packet = sealer.seal(&header(Codec::Alaw, nth).to_bytes(), frame(Codec::Alaw, nth), &mut room);
            sealed.extend_from_slice(packet.unwrap_or_default());
        });
        let mut packets = sealed.chunks_exact(sealed.len() / PACKETS as usize);
        measure(&format!("{suite:?}: opened"), |_| {
            black_box(packets.next().is_some_and(|packet| opener.open(packet, &mut room).is_ok()));
        });
    }
}
