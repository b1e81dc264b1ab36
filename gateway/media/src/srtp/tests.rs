//! SRTP against published vectors, and as two ends that speak to each other over a bad network with an attacker on it.

use super::{keys::Keys, *};
use proptest::prelude::*;

const SUITES: [Suite; 4] = [Suite::AesCm80, Suite::AesCm32, Suite::Gcm128, Suite::Gcm256];

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The master key and salt of RFC 3711 appendix B.3.
fn published(suite: Suite) -> KeyMaterial {
    let bytes = hex("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6 00000000000000000000000000000000");
    KeyMaterial::new(suite, &bytes).unwrap()
}

fn header(sequence: u16, ssrc: u32) -> [u8; HEADER_LEN] {
    crate::rtp::RtpHeader { payload_type: 8, marker: false, sequence, timestamp: u32::from(sequence) * 160, ssrc }
        .to_bytes()
}

fn sealed(sealer: &mut Sealer, sequence: u16, payload: &[u8]) -> Vec<u8> {
    sealer.seal(&header(sequence, 7), payload, &mut [0; 2_048]).unwrap().to_vec()
}

#[test]
fn a_packet_is_sealed_as_libsrtp_seals_it() {
    // What libsrtp, the reference implementation, makes with the key of RFC 3711 appendix B.3.
    let head: [u8; 12] = hex("800f1234 decafbad cafebabe").try_into().unwrap();
    let expected = hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb");
    let mut room = [0; 64];
    let mut sealer = Sealer::new(Suite::AesCm80, &published(Suite::AesCm80));
    assert_eq!(sealer.seal(&head, &[0xAB; 16], &mut room).unwrap(), expected);
    let mut opener = Opener::new(Suite::AesCm80, &published(Suite::AesCm80));
    assert_eq!(opener.open(&expected, &mut room).unwrap()[12..], [0xAB; 16]);

    let mut report = [hex("81c8000bcafebabe"), vec![0xAB; 16]].concat();
    let plain = report.clone();
    sealer.rtcp_index = 1;
    sealer.seal_rtcp(&mut report).unwrap();
    assert_eq!(report, hex("81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798"));
    assert_eq!(opener.open_rtcp(&report, &mut room).unwrap(), plain);
}

#[test]
fn gcm_is_that_of_rfc_7714() {
    // Sections 16.1.1 and 16.2.1: session keys as given, no rollover yet.
    let salt: [u8; 12] = hex("51756964 2070726f 2071756f").try_into().unwrap();
    let packet =
        hex("8040f17b 8041f8d3 5501a0b2 47616c6c696120657374206f6d6e697320646976697361 20696e207061727465732074726573");
    let cases = [
        (
            Suite::Gcm128,
            "000102030405060708090a0b0c0d0e0f",
            "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833 899d7f27beb16a9152cf765ee4390cce",
        ),
        (
            Suite::Gcm256,
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b 7aa3db36dfffd6b0f9bb7878d7a76c13",
        ),
    ];
    for (suite, key, body) in cases {
        let keys = Keys::gcm_session(suite, &hex(key), salt);
        let mut room = packet.clone();
        room.resize(packet.len() + 16, 0);
        keys.seal_rtp(&mut room, packet.len(), 0xF17B).unwrap();
        assert_eq!(room[12..], hex(body), "{suite:?}");
        let mut opened = vec![0; packet.len()];
        keys.open_rtp(&room, 12, 0x5501_A0B2, 0xF17B, &mut opened).unwrap();
        assert_eq!(opened, packet);
    }
}

#[test]
fn what_is_sealed_is_opened_over_several_rollovers() {
    for suite in SUITES {
        let material = published(suite);
        let (mut sealer, mut opener) = (Sealer::new(suite, &material), Opener::new(suite, &material));
        let (mut room, mut out) = ([0; 256], [0; 256]);
        for step in 0..200_000u32 {
            // Most are lost; the receiver still counts the rollovers.
            let payload = step.to_be_bytes();
            let packet = sealer.seal(&header(step.wrapping_add(30_000) as u16, 7), &payload, &mut room).unwrap();
            if step % 97 == 0 {
                assert_eq!(opener.open(packet, &mut out).unwrap()[12..], payload, "{suite:?} {step}");
            }
        }
    }
}

#[test]
fn reports_are_opened_once() {
    for suite in SUITES {
        let material = published(suite);
        let (mut sealer, mut opener) = (Sealer::new(suite, &material), Opener::new(suite, &material));
        let mut out = [0; 256];
        for nth in 0..3u8 {
            let plain = [hex("80c9000100000007"), vec![nth; 24]].concat();
            let mut packet = plain.clone();
            sealer.seal_rtcp(&mut packet).unwrap();
            assert!(packet.len() <= plain.len() + MAX_RTCP_TRAILER);
            assert_ne!(packet[8..32], plain[8..32]);
            assert_eq!(opener.open_rtcp(&packet, &mut out).unwrap(), plain);
            assert_eq!(opener.open_rtcp(&packet, &mut out), Err(SrtpError::Replayed));
        }
    }
}

#[test]
fn a_new_source_under_the_same_key_is_heard_beside_the_old_one() {
    let material = published(Suite::AesCm80);
    let mut opener = Opener::new(Suite::AesCm80, &material);
    let mut out = [0; 256];
    for ssrc in 1..20 {
        let mut sealer = Sealer::new(Suite::AesCm80, &material);
        let packet = sealer.seal(&header(9, ssrc), &[1; 20], &mut [0; 256]).unwrap().to_vec();
        assert!(opener.open(&packet, &mut out).is_ok());
        assert_eq!(opener.open(&packet, &mut out), Err(SrtpError::Replayed));
    }
}

#[test]
fn secrets_are_not_shown() {
    let text = format!("{:?} {:?}", published(Suite::AesCm80), Opener::new(Suite::Gcm128, &published(Suite::Gcm128)));
    assert!(!text.contains("225") && !text.to_lowercase().contains("e1"), "{text}");
}

proptest! {
    #[test]
    fn order_loss_and_replays_do_not_confuse_it(
        first in 0u16..0x8000,
        order in prop::collection::vec((0usize..400, any::<bool>()), 1..400),
        suite in prop::sample::select(&SUITES[..]),
    ) {
        let material = published(suite);
        let (mut sealer, mut opener) = (Sealer::new(suite, &material), Opener::new(suite, &material));
        let packets: Vec<Vec<u8>> =
            (0..400u16).map(|nth| sealed(&mut sealer, first.wrapping_add(nth), &nth.to_be_bytes())).collect();
        let (mut seen, mut highest, mut out) = (std::collections::HashSet::new(), None, [0; 256]);
        for (nth, forged) in order {
            let mut packet = packets[nth].clone();
            if forged {
                let last = packet.len() - 1;
                packet[last] ^= 1;
            }
            let outcome = opener.open(&packet, &mut out);
            let old = highest.is_some_and(|highest: usize| nth + 128 <= highest);
            match outcome {
                Ok(opened) => {
                    prop_assert_eq!(&opened[12..], &(nth as u16).to_be_bytes()[..]);
                    prop_assert!(!forged && !old && seen.insert(nth));
                    highest = highest.max(Some(nth));
                }
                Err(SrtpError::Tag) => prop_assert!(forged),
                Err(error) => {
                    prop_assert_eq!(error, SrtpError::Replayed);
                    prop_assert!(old || seen.contains(&nth));
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), suite in prop::sample::select(&SUITES[..])) {
        let mut opener = Opener::new(suite, &published(suite));
        let mut out = [0; 256];
        prop_assert!(opener.open(&bytes, &mut out).is_err());
        prop_assert!(opener.open_rtcp(&bytes, &mut out).is_err());
    }
}
