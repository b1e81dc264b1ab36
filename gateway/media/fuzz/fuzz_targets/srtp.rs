//! Any datagrams as SRTP and SRTCP, between packets that are truly sealed: nothing forged opens, and what is sealed opens once.
//!
//! The input is a suite, then records: a length and an action, then the datagram.
#![no_main]

use dauys_media::{
    rtp::{HEADER_LEN, RtpHeader},
    srtp::{KeyMaterial, Opener, Sealer, SrtpError, Suite},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [suite, rest @ ..] = data else { return };
    let suite = [Suite::AesCm80, Suite::AesCm32, Suite::Gcm128, Suite::Gcm256][usize::from(suite & 3)];
    let Some(material) = KeyMaterial::new(suite, &[7; KeyMaterial::MAX]) else { return };
    let (mut sealer, mut opener) = (Sealer::new(suite, &material), Opener::new(suite, &material));
    let (mut room, mut out, mut rest, mut sequence) = ([0; 2_048], [0; 2_048], rest, 0u16);
    while let [length, action, tail @ ..] = rest {
        let (datagram, next) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = next;
        match action % 4 {
            0 => assert!(opener.open(datagram, &mut out).is_err(), "a forgery was opened"),
            1 => assert!(opener.open_rtcp(datagram, &mut out).is_err(), "a forgery was opened"),
            2 => {
                sequence = sequence.wrapping_add(1 + u16::from(*action));
                let header = RtpHeader { payload_type: 8, marker: false, sequence, timestamp: 1, ssrc: 9 }.to_bytes();
                let sealed = sealer.seal(&header, datagram, &mut room).expect("there is room");
                assert_eq!(&opener.open(sealed, &mut out).expect("what was sealed opens")[HEADER_LEN..], datagram);
                assert_eq!(opener.open(sealed, &mut out), Err(SrtpError::Replayed));
            }
            _ => {
                let mut report = [&[0x80, 201, 0, 1, 0, 0, 0, 9], datagram].concat();
                let plain = report.clone();
                sealer.seal_rtcp(&mut report).expect("the key is fresh");
                assert_eq!(opener.open_rtcp(&report, &mut out), Ok(plain.as_slice()));
                assert_eq!(opener.open_rtcp(&report, &mut out), Err(SrtpError::Replayed));
            }
        }
    }
});
