//! What comes in wrong ends in a clear outcome: a status, an event, a ticket for a person; never in a crash or a lost citizen.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

mod support;

use dauys_loadtest::phone::EndBy;
use dauys_loadtest::phone::place;
use dauys_media::g711::Codec;
use dauys_tests::dauys::Dauys;
use std::net::SocketAddr;
use std::time::Duration;
use support::{plan, target, tickets};
use tempfile::TempDir;
use tokio::net::UdpSocket;

/// A telephone that says what it likes, byte by byte.
struct Raw {
    socket: UdpSocket,
    peer: SocketAddr,
}

impl Raw {
    async fn new(peer: SocketAddr) -> Self {
        Self { socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(), peer }
    }

    async fn send(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.peer).await.unwrap();
    }

    /// Sends a request with a body and returns the status of the first final response.
    async fn status(&self, method: &str, number: u32, body: &str) -> u16 {
        let local = self.socket.local_addr().unwrap();
        let request = format!(
            "{method} sip:109@{peer} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{number}{method};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:77000000004@{local}>;tag=f{number}\r\nTo: <sip:109@{peer}>\r\n\
             Call-ID: raw-{number}@{local}\r\nCSeq: 1 {method}\r\nContact: <sip:raw@{local}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}",
            peer = self.peer,
            length = body.len()
        );
        self.send(request.as_bytes()).await;
        let mut buffer = [0u8; 4_096];
        let final_status = async {
            loop {
                let length = self.socket.recv(&mut buffer).await.unwrap();
                let text = String::from_utf8_lossy(&buffer[..length]);
                let status: u16 = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
                if status >= 200 && text.contains(&format!("raw-{number}@")) {
                    return status;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), final_status).await.unwrap()
    }
}

fn sdp(media: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{media}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_messages_are_refused_and_the_line_goes_on() {
    let data = TempDir::new().unwrap();
    let dauys = Dauys::start(data.path(), &[]).await.unwrap();
    let raw = Raw::new(dauys.sip).await;
    let long = vec![b'A'; 60_000];
    for bytes in [
        b"".as_slice(),
        b"\0\0\0\0",
        b"INVITE",
        b"INVITE sip:109 SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"INVITE sip:109@h SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n",
        &[0xFF; 2_000],
        &long,
    ] {
        raw.send(bytes).await;
    }
    assert_eq!(raw.status("OPTIONS", 1, "").await, 200);
    assert_eq!(raw.status("INVITE", 2, &sdp("m=audio 40000 RTP/AVP 18\r\na=rtpmap:18 G729/8000")).await, 488);
    assert_eq!(raw.status("INVITE", 3, "this is no session description").await, 400);
    assert_eq!(raw.status("INVITE", 4, &sdp("m=video 40000 RTP/AVP 96\r\na=rtpmap:96 H264/90000")).await, 488);
    assert_eq!(raw.status("SUBSCRIBE", 5, "").await, 405);
    assert_eq!(raw.status("BYE", 6, "").await, 481);
    assert_eq!(raw.status("INVITE", 7, &sdp("m=audio 40000 RTP/AVP 8")).await, 200);
    assert_eq!(dauys.get("/readyz").await.unwrap()["ready"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_caller_becomes_a_ticket_for_a_person_and_a_call_without_a_word_leaves_none() {
    let data = TempDir::new().unwrap();
    let settings = [("DAUYS__CALLS__START_SILENCE_MS", "1000")];
    let dauys = Dauys::start(data.path(), &settings).await.unwrap();
    let target = target(&dauys);
    let mut waits = plan(vec![0; 160], EndBy::Silence);
    waits.press = "2".to_owned();
    let silent = place(&target, "anonymous", waits, &[Codec::Alaw]);
    let gone = place(&target, "77000000005", plan(vec![0; 160], EndBy::HangUp), &[Codec::Ulaw]);
    let (silent, gone) = tokio::join!(silent, gone);
    let ticket = dauys.ticket_of(&silent.unwrap().call_id).await.unwrap();
    assert_eq!((ticket.agency.as_str(), ticket.transcript.as_str()), ("inspectorate", ""));
    gone.unwrap();
    let listed = tickets(&dauys).await;
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0]["status"], &listed[0]["anonymous"]), (&"review".into(), &true.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_sends_speech_into_a_call_is_not_in_its_recording() {
    let data = TempDir::new().unwrap();
    let dauys = Dauys::start(
        data.path(),
        &[("DAUYS__MEDIA__FIRST_PORT", "45000"), ("DAUYS__MEDIA__LAST_PORT", "45098"), ("DAUYS__CALLS__LIMIT", "50")],
    )
    .await
    .unwrap();
    let caller = tokio::spawn({
        let target = target(&dauys);
        async move { place(&target, "77000000006", plan(support::sample("kk-water"), EndBy::Hash), &[Codec::Alaw]).await }
    });
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut packet = vec![0x80, 8, 0, 0, 0, 0, 0, 0, 0xDE, 0xAD, 0xBE, 0xEF];
    packet.extend([0x2A; 160]);
    let mut sequence = 0u16;
    while !caller.is_finished() {
        sequence = sequence.wrapping_add(1);
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        for port in (45_000..45_100).step_by(2) {
            let _ = stranger.send_to(&packet, ("127.0.0.1", port)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let report = caller.await.unwrap().unwrap();
    let ticket = dauys.ticket_of(&report.call_id).await.unwrap();
    assert_eq!(ticket.category, "water", "{ticket:?}");
    let recording = support::recording(&dauys, &tickets(&dauys).await[0]).await;
    assert!(!support::payload(&recording).windows(160).any(|frame| frame == [0x2A; 160]), "the stranger was recorded");
}
