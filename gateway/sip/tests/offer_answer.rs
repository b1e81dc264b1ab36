//! Offer and answer (RFC 3264) as phones, trunks and gateways write them.

mod common;

use common::{addr, media};
use dauys_sip::sdp::{self, Capabilities, Codec, Direction, Negotiated, SdpError};

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n";

fn answer(media_lines: &str) -> Result<Negotiated, SdpError> {
    sdp::answer(format!("{HEAD}{media_lines}").as_bytes(), &media("192.0.2.20:30000"))
}

#[test]
fn the_one_common_codec_is_taken() {
    let agreed = answer(
        "m=audio 20000 RTP/AVP 18 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:30\r\n",
    )
    .unwrap();
    assert_eq!((agreed.codec, agreed.payload_type, agreed.dtmf_pt, agreed.ptime_ms), (Codec::Pcmu, 0, Some(101), 30));
    assert_eq!((agreed.remote, agreed.remote_rtcp), (addr("192.0.2.10:20000"), addr("192.0.2.10:20001")));
    assert!(agreed.answer.contains("m=audio 30000 RTP/AVP 0 101\r\n"), "{}", agreed.answer);
    assert!(agreed.answer.contains("a=rtpmap:101 telephone-event/8000\r\n"));
}

#[test]
fn a_codec_under_a_dynamic_number_keeps_its_number() {
    let agreed =
        answer("m=audio 20000 RTP/AVP 97 98\r\na=rtpmap:97 pcma/8000/1\r\na=rtpmap:98 telephone-event/8000\r\n")
            .unwrap();
    assert_eq!((agreed.codec, agreed.payload_type, agreed.dtmf_pt), (Codec::Pcma, 97, Some(98)));
}

#[test]
fn a_number_that_is_mapped_to_something_else_is_not_a_codec() {
    assert_eq!(answer("m=audio 20000 RTP/AVP 8\r\na=rtpmap:8 L16/44100\r\n"), Err(SdpError::NoCommonCodec));
}

#[test]
fn further_streams_are_refused_in_their_place() {
    let agreed = answer(
        "m=video 30 RTP/AVP 31\r\nm=audio 20000 RTP/AVP 8\r\nm=audio 20002 RTP/AVP 8\r\nm=image 9 udptl t38\r\n",
    )
    .unwrap();
    let lines: Vec<&str> = agreed.answer.lines().filter(|l| l.starts_with("m=")).collect();
    assert_eq!(
        lines,
        ["m=video 0 RTP/AVP 31", "m=audio 30000 RTP/AVP 8", "m=audio 0 RTP/AVP 8", "m=image 0 udptl t38"]
    );
}

#[test]
fn an_unknown_profile_is_passed_over() {
    let agreed = answer("m=audio 20000 RTP/SAVP 8\r\nm=audio 20002 RTP/AVP 8\r\n").unwrap();
    assert_eq!(agreed.remote.port(), 20002);
    assert_eq!(answer("m=audio 20000 RTP/SAVP 8\r\n"), Err(SdpError::NoAudio));
    assert_eq!(answer("m=audio 0 RTP/AVP 8\r\n"), Err(SdpError::NoAudio));
    assert_eq!(answer(""), Err(SdpError::NoAudio));
}

#[test]
fn directions_are_mirrored() {
    for (offered, here) in [
        ("a=sendrecv\r\n", Direction::SendRecv),
        ("a=sendonly\r\n", Direction::RecvOnly),
        ("a=recvonly\r\n", Direction::SendOnly),
        ("a=inactive\r\n", Direction::Inactive),
        ("", Direction::SendRecv),
        ("c=IN IP4 0.0.0.0\r\n", Direction::RecvOnly),
    ] {
        let agreed = answer(&format!("m=audio 20000 RTP/AVP 8\r\n{offered}")).unwrap();
        assert_eq!(agreed.direction, here, "{offered}");
    }
    let session_wide = format!("{HEAD}a=sendonly\r\nm=audio 20000 RTP/AVP 8\r\n");
    let agreed = sdp::answer(session_wide.as_bytes(), &media("192.0.2.20:30000")).unwrap();
    assert_eq!(agreed.direction, Direction::RecvOnly);
    assert!(agreed.answer.contains("a=recvonly\r\n"));
}

#[test]
fn rtcp_goes_where_the_peer_wants_it() {
    let muxed = answer("m=audio 20000 RTP/AVP 8\r\na=rtcp-mux\r\n").unwrap();
    assert!(muxed.rtcp_mux && muxed.remote_rtcp == muxed.remote && muxed.answer.contains("a=rtcp-mux\r\n"));
    let apart = answer("m=audio 20000 RTP/AVP 8\r\na=rtcp:53020 IN IP4 192.0.2.77\r\n").unwrap();
    assert_eq!((apart.remote_rtcp, apart.rtcp_mux), (addr("192.0.2.77:53020"), false));
    assert!(!apart.answer.contains("rtcp-mux"));
    let own = Capabilities { rtcp_port: Some(40_000), ..media("192.0.2.20:30000") };
    let shared = sdp::answer(format!("{HEAD}m=audio 20000 RTP/AVP 8\r\n").as_bytes(), &own).unwrap();
    assert!(shared.answer.contains("a=rtcp:40000\r\n"));
}

#[test]
fn ipv6_speaks_with_ipv6_alone() {
    let offer =
        "v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8\r\n";
    let agreed = sdp::answer(offer.as_bytes(), &media("[2001:db8::2]:30000")).unwrap();
    assert_eq!(agreed.remote, addr("[2001:db8::1]:20000"));
    assert!(agreed.answer.contains("c=IN IP6 2001:db8::2\r\n"));
    let error = sdp::answer(offer.as_bytes(), &media("192.0.2.20:30000")).unwrap_err();
    assert_eq!((error, error.status(), error.warning().0), (SdpError::Address, 488, 301));
}

#[test]
fn names_and_multicast_are_no_addresses_to_send_to() {
    assert_eq!(answer("m=audio 20000 RTP/AVP 8\r\nc=IN IP4 media.example\r\n"), Err(SdpError::Address));
    assert_eq!(answer("m=audio 20000 RTP/AVP 8\r\nc=IN IP4 224.2.1.1/127\r\n"), Err(SdpError::Address));
}

#[test]
fn sizes_are_bounded_before_anything_is_read() {
    let long = format!("{HEAD}{}", "a=x\r\n".repeat(600));
    assert_eq!(sdp::answer(long.as_bytes(), &media("192.0.2.20:30000")), Err(SdpError::TooLarge));
    assert_eq!(answer(&"m=audio 20000 RTP/AVP 8\r\n".repeat(17)), Err(SdpError::TooLarge));
    let error = sdp::answer(&vec![b'x'; 20_000], &media("192.0.2.20:30000")).unwrap_err();
    assert_eq!((error, error.status()), (SdpError::TooLarge, 413));
    assert_eq!(sdp::answer(b"hello", &media("192.0.2.20:30000")), Err(SdpError::Malformed));
}

#[test]
fn a_session_name_in_another_character_set_does_no_harm() {
    let mut offer = b"v=0\r\no=J\xf6rg 1 1 IN IP4 192.0.2.10\r\ns=\xe4\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n".to_vec();
    offer.extend_from_slice(b"m=audio 20000 RTP/AVP 8\r\n");
    assert!(sdp::answer(&offer, &media("192.0.2.20:30000")).is_ok());
}

#[test]
fn both_sides_of_an_offer_agree() {
    let (phone, server) = (media("192.0.2.10:20000"), media("192.0.2.20:30000"));
    let answered = sdp::answer(sdp::offer(&phone).as_bytes(), &server).unwrap();
    let accepted = sdp::accept_answer(answered.answer.as_bytes(), &phone).unwrap();
    assert_eq!(
        (answered.codec, answered.dtmf_pt, answered.rtcp_mux),
        (accepted.codec, accepted.dtmf_pt, accepted.rtcp_mux)
    );
    assert_eq!((accepted.remote, answered.remote), (addr("192.0.2.20:30000"), addr("192.0.2.10:20000")));
}

#[test]
fn an_answer_that_does_not_fit_is_refused() {
    let phone = Capabilities { codecs: vec![Codec::Pcma], ..media("192.0.2.10:20000") };
    let read = |lines: &str| sdp::accept_answer(format!("{HEAD}{lines}").as_bytes(), &phone);
    assert_eq!(read("m=audio 20000 RTP/AVP 0\r\n"), Err(SdpError::NoCommonCodec));
    assert_eq!(read("m=audio 0 RTP/AVP 8\r\n"), Err(SdpError::NoAudio));
    assert_eq!(read("m=audio 20000 RTP/AVP 8\r\nm=audio 20002 RTP/AVP 8\r\n"), Err(SdpError::NotAnAnswer));
    assert_eq!(read("m=audio 20000 RTP/AVP 97\r\na=rtpmap:97 PCMA/8000\r\n"), Err(SdpError::NotAnAnswer));
}

fn wide() -> Capabilities {
    Capabilities { codecs: vec![Codec::Opus, Codec::G722, Codec::Pcma], ..media("192.0.2.20:30000") }
}

fn answer_wide(media_lines: &str) -> Result<Negotiated, SdpError> {
    sdp::answer(format!("{HEAD}{media_lines}").as_bytes(), &wide())
}

#[test]
fn this_sides_order_decides_among_what_is_offered() {
    let narrow = answer_wide("m=audio 20000 RTP/AVP 0 8\r\n").unwrap();
    assert_eq!((narrow.codec, narrow.payload_type), (Codec::Pcma, 8));
    let agreed = answer_wide("m=audio 20000 RTP/AVP 8 9\r\na=rtpmap:9 G722/8000\r\n").unwrap();
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::G722, 9));
    assert!(
        agreed.answer.contains("m=audio 30000 RTP/AVP 9\r\n") && agreed.answer.contains("a=rtpmap:9 G722/8000\r\n")
    );
}

#[test]
fn opus_has_its_own_clock_for_events_too() {
    let offer = "m=audio 20000 RTP/AVP 96 8 101 102\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1;stereo=1\r\n\
                 a=rtpmap:101 telephone-event/8000\r\na=rtpmap:102 telephone-event/48000\r\n";
    let agreed = answer_wide(offer).unwrap();
    assert_eq!((agreed.codec, agreed.payload_type, agreed.dtmf_pt), (Codec::Opus, 96, Some(102)));
    for line in ["m=audio 30000 RTP/AVP 96 102", "a=rtpmap:96 opus/48000/2", "a=rtpmap:102 telephone-event/48000"] {
        assert!(agreed.answer.contains(&format!("{line}\r\n")), "{}", agreed.answer);
    }
    assert!(agreed.answer.contains("a=fmtp:96 useinbandfec=1;stereo=0"));
    let mono = answer_wide("m=audio 20000 RTP/AVP 96 8\r\na=rtpmap:96 opus/48000\r\n").unwrap();
    assert_eq!(mono.codec, Codec::Pcma, "Opus is always announced with two channels");
}

#[test]
fn an_offer_of_ours_in_every_codec_is_answered_and_understood() {
    for wanted in [Codec::Opus, Codec::G722, Codec::Pcma] {
        let phone = Capabilities { codecs: vec![wanted], ..media("192.0.2.10:20000") };
        let answered = sdp::answer(sdp::offer(&wide()).as_bytes(), &phone).unwrap();
        let accepted = sdp::accept_answer(answered.answer.as_bytes(), &wide()).unwrap();
        assert_eq!((answered.codec, accepted.codec, accepted.payload_type), (wanted, wanted, wanted.payload_type()));
        assert!(accepted.dtmf_pt.is_some() && accepted.dtmf_pt == answered.dtmf_pt, "{wanted:?}");
    }
}

#[test]
fn a_stream_with_thousands_of_formats_costs_no_more_than_one() {
    let numbers: String = (0..3_000).map(|nth| format!(" {}", nth % 96)).collect();
    let maps = "a=rtpmap:8 X/8000\r\n".repeat(480);
    let error = answer(&format!("m=audio 20000 RTP/AVP{numbers}\r\n{maps}")).unwrap_err();
    assert!(matches!(error, SdpError::NoCommonCodec | SdpError::TooLarge));
}

#[test]
fn a_bundle_is_not_claimed_and_the_order_of_streams_is_kept() {
    let offer = format!(
        "{HEAD}a=group:BUNDLE a v\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\nm=audio 20000 RTP/AVP 8\r\na=mid:a\r\n"
    );
    let agreed = sdp::answer(offer.as_bytes(), &media("192.0.2.20:30000")).unwrap();
    assert!(!agreed.answer.contains("BUNDLE"));
    assert!(agreed.answer.find("m=video 0 ") < agreed.answer.find("m=audio 30000 "));
}
