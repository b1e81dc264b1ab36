//! What the work of the line costs without sockets, so that figures compare: by time, and by instructions where it runs under
//! `valgrind`. Prints the nanoseconds of one piece of work.
//!
//! `cargo run --release -p dauys-gateway --example bench -- invite|call|packet [times]`
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement prints, and works by the clock")]

use anyhow::{Context, bail};
use dauys_gateway::recording::{Codec, Settings, Store};
use dauys_media::activity::{ActivityConfig, ActivityDetector};
use dauys_media::receiver::{Receiver, ReceiverConfig};
use dauys_media::rtp::RtpHeader;
use dauys_sip::sdp::{self, Capabilities};
use dauys_sip::{Config, Endpoint, Event, Input, Output, Transport};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Calls under way at once in the packet measurement: their state does not fit the nearest cache, as in a storm.
const CALLS: usize = 1_000;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let work = arguments.next().context("which: invite, call or packet")?;
    let times: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let spent = match work.as_str() {
        "invite" => signalling(times, false),
        "call" => signalling(times, true),
        "packet" => packets(times)?,
        other => bail!("`{other}` is not measured: invite, call or packet"),
    };
    println!("{:.0}", spent.as_nanos() as f64 / times.max(1) as f64);
    Ok(())
}

/// The server's side of calls: each INVITE parsed, answered; and, where the whole call is wanted, its ACK and BYE taken.
fn signalling(times: u64, whole: bool) -> Duration {
    let peer: SocketAddr = ([192, 0, 2, 10], 5060).into();
    let local: SocketAddr = ([192, 0, 2, 20], 5060).into();
    let media = Capabilities::g711(local);
    let offer = sdp::offer(&Capabilities::g711(peer));
    let mut endpoint =
        Endpoint::new(Config { max_dialogs: 100_000, max_transactions: 500_000, ..Config::new([7; 32]) });
    let mut now = Instant::now();
    let mut spent = Duration::ZERO;
    for call in 0..times {
        let invite = request("INVITE", call, 1, "", &offer);
        let started = Instant::now();
        let mut answer = take(&mut endpoint, now, local, peer, &invite, &media);
        spent += started.elapsed();
        let text = answer.pop().unwrap_or_default();
        let tag = tag_of(&text);
        for (method, seq) in [("ACK", 1), ("BYE", 2)] {
            let message = request(method, call, seq, tag, "");
            let started = Instant::now();
            take(&mut endpoint, now, local, peer, &message, &media);
            if whole {
                spent += started.elapsed();
            }
        }
        // 1,000 calls a second, so that finished transactions go as they do in a storm.
        now += Duration::from_millis(1);
        let started = Instant::now();
        endpoint.handle_timeout(now);
        if whole {
            spent += started.elapsed();
        }
    }
    spent
}

fn request(method: &str, call: u64, seq: u32, tag: &str, body: &str) -> Vec<u8> {
    let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let text = format!(
        "{method} sip:109@192.0.2.20 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK{method}{call};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:77000000001@192.0.2.10>;tag=f{call}\r\nTo: <sip:109@192.0.2.20>{tag}\r\n\
         Call-ID: {call}@192.0.2.10\r\nCSeq: {seq} {method}\r\nContact: <sip:77000000001@192.0.2.10>\r\n{kind}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    text.into_bytes()
}

fn take(
    endpoint: &mut Endpoint,
    now: Instant,
    local: SocketAddr,
    peer: SocketAddr,
    bytes: &[u8],
    media: &Capabilities,
) -> Vec<String> {
    endpoint.handle_input(now, Input::Datagram { local, peer, transport: Transport::Udp, bytes });
    let mut sent = Vec::new();
    while let Some(output) = endpoint.poll_output() {
        match output {
            Output::Send { bytes, .. } => sent.push(String::from_utf8_lossy(&bytes).into_owned()),
            Output::Event(Event::Incoming { call, offer: Some(offer), .. }) => {
                if let Ok(agreed) = sdp::answer(&offer, media) {
                    let _ = endpoint.answer(call, now, agreed.answer.as_bytes());
                }
            }
            Output::Event(_) => {}
        }
    }
    sent
}

fn tag_of(answer: &str) -> &str {
    let to = answer.lines().find(|line| line.starts_with("To:")).unwrap_or_default();
    to.rsplit_once("tag=").map_or("", |(_, tag)| tag)
}

/// Packets from the socket's buffer to the recording log: judged, placed, listened to, gathered, written.
fn packets(times: u64) -> anyhow::Result<Duration> {
    let folder = std::env::temp_dir().join(format!("dauys-bench-{}", std::process::id()));
    let (store, _) = Store::open(&folder, Settings::default(), |_| b"{}".to_vec())?;
    let mut writer = store.writer();
    let from: SocketAddr = ([192, 0, 2, 10], 4000).into();
    let config = ReceiverConfig {
        codec: dauys_media::codec::Codec::Alaw,
        payload_type: 8,
        dtmf_payload_type: Some(101),
        expected_source: Some(from),
    };
    let mut calls = Vec::new();
    for call in 0..CALLS {
        let mut receiver = Receiver::new(config);
        receiver.start_recording();
        let detector = ActivityDetector::new(dauys_media::g711::Codec::Alaw, ActivityConfig::default());
        calls.push((receiver, detector, writer.begin(Uuid::from_u128(call as u128), Codec::Pcma, b"{}")?));
    }
    let began = Instant::now();
    let mut done = 0;
    let mut round = 0u32;
    while done < times {
        let header = RtpHeader {
            payload_type: 8,
            marker: false,
            sequence: round as u16,
            timestamp: round.wrapping_mul(160),
            ssrc: 1,
        };
        let mut packet = Vec::with_capacity(172);
        header.write(&[(round % 251) as u8; 160], &mut packet);
        let arrival = Duration::from_millis(20) * round;
        for (receiver, detector, track) in &mut calls {
            let _ = receiver.handle_packet(arrival, from, &packet, |placed| {
                if let Some(at) = placed.at_samples {
                    writer.append(*track, at, placed.payload);
                }
                detector.handle_frame(placed.position, placed.payload);
            });
        }
        if round.is_multiple_of(3) {
            writer.tick(Instant::now());
        }
        done += CALLS as u64;
        round += 1;
    }
    writer.tick(Instant::now());
    let spent = began.elapsed();
    drop(writer);
    drop(store);
    std::fs::remove_dir_all(&folder)?;
    Ok(spent)
}
