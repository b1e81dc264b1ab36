//! Keys in the description (RFC 4568): what is taken, what is passed over, and what both sides then have.

mod common;

use common::media;
use dauys_sip::sdp::{self, Capabilities, Negotiated, SdpError, Secret, SrtpPolicy, Suite};

const HEAD: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 20000 RTP/SAVP 8\r\n";
/// 30 bytes, as the examples of RFC 4568 have them.
const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

fn own(srtp: SrtpPolicy) -> Capabilities {
    Capabilities { srtp, srtp_secret: Some(Secret([9; Secret::LEN])), ..media("192.0.2.20:30000") }
}

fn answer(lines: &str) -> Result<Negotiated, SdpError> {
    sdp::answer(format!("{HEAD}{lines}").as_bytes(), &own(SrtpPolicy::Accepted))
}

#[test]
fn the_first_line_that_can_be_done_is_taken_with_its_number() {
    let agreed = answer(&format!(
        "a=crypto:1 F8_128_HMAC_SHA1_80 inline:{KEY}\r\n\
         a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4\r\n\
         a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:{KEY} UNENCRYPTED_SRTP\r\n\
         a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^31 WSH=60\r\n\
         a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n"
    ))
    .unwrap();
    let srtp = agreed.srtp.unwrap();
    assert_eq!(srtp.suite, Suite::AesCm32);
    assert_eq!(srtp.remote.of(srtp.suite), b"YS___semctl () {\t220;}\n}\nunles");
    assert!(agreed.answer.contains("m=audio 30000 RTP/SAVP 8\r\n"));
    assert!(
        agreed
            .answer
            .contains("a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ\r\n")
    );
}

#[test]
fn what_cannot_be_done_is_refused() {
    let cases = [
        String::new(),
        format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:4\r\n"),
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n".to_owned(),
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:*not base64*\r\n".to_owned(),
        format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}\r\n"),
        format!("a=crypto:x AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n"),
        format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=3\r\n"),
    ];
    for lines in cases {
        let error = answer(&lines).unwrap_err();
        assert_eq!((error, error.status()), (SdpError::Unencrypted, 488), "{lines}");
    }
}

#[test]
fn the_longer_keys_of_gcm_are_taken() {
    for (name, length, suite) in [("AEAD_AES_128_GCM", 28, Suite::Gcm128), ("AEAD_AES_256_GCM", 44, Suite::Gcm256)] {
        // As many A's as make the right number of zero bytes.
        let key = format!("{}{}", "A".repeat((length * 4usize).div_ceil(3)), if length == 28 { "==" } else { "=" });
        let agreed = answer(&format!("a=crypto:1 {name} inline:{key}\r\n")).unwrap();
        assert_eq!(agreed.srtp.map(|srtp| (srtp.suite, srtp.remote.of(suite).len())), Some((suite, length)));
    }
}

#[test]
fn the_clear_stream_beside_it_is_taken_where_encryption_is_not() {
    let both = format!("{HEAD}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\nm=audio 20002 RTP/AVP 8\r\n");
    let plain = sdp::answer(both.as_bytes(), &own(SrtpPolicy::Refused)).unwrap();
    assert_eq!((plain.srtp, plain.remote.port()), (None, 20_002));
    let sealed = sdp::answer(both.as_bytes(), &own(SrtpPolicy::Accepted)).unwrap();
    assert_eq!((sealed.srtp.is_some(), sealed.remote.port()), (true, 20_000));
    assert!(sealed.answer.contains("m=audio 0 RTP/AVP 8\r\n"));
}

#[test]
fn an_offer_of_ours_is_answered_with_the_peers_key() {
    let (ours, phone) = (own(SrtpPolicy::Required), own(SrtpPolicy::Accepted));
    let phone = Capabilities { srtp_secret: Some(Secret([3; Secret::LEN])), ..phone };
    let answered = sdp::answer(sdp::offer(&ours).as_bytes(), &phone).unwrap();
    let accepted = sdp::accept_answer(answered.answer.as_bytes(), &ours).unwrap().srtp.unwrap();
    assert_eq!((accepted.local.0[0], accepted.remote.0[0]), (9, 3));
    let there = answered.srtp.unwrap();
    assert_eq!(there.remote.of(there.suite), accepted.local.of(accepted.suite));
    // A suite that was not offered, and an answer in the clear.
    let other = answered.answer.replace("SHA1_80", "SHA1_32");
    assert_eq!(sdp::accept_answer(other.as_bytes(), &ours), Err(SdpError::NotAnAnswer));
    let clear = answered.answer.replace("RTP/SAVP", "RTP/AVP");
    assert_eq!(sdp::accept_answer(clear.as_bytes(), &ours), Err(SdpError::Unencrypted));
}

#[test]
fn secrets_are_not_shown() {
    let agreed = answer(&format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n")).unwrap();
    let shown = format!("{:?} {:?}", agreed.srtp, own(SrtpPolicy::Accepted));
    assert!(shown.contains("hidden") && !shown.contains("9, 9"), "{shown}");
}
