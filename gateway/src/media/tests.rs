//! The media plane over real loopback sockets: what a caller says is recorded, what we play is heard, and each event comes.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use dauys_media::{
    activity::ActivityConfig,
    codec::Codec,
    dtmf, g711,
    play::Clip,
    rtcp,
    rtp::{self, RtpHeader, RtpPacket},
    tone,
};
use tokio::{sync::mpsc, time::timeout};

use super::*;

mod codecs;

const PATIENCE: Duration = Duration::from_secs(10);
const FRAME: usize = 160;

/// A recording as it lies in memory: by place, zero where nothing came.
#[derive(Debug, Clone, PartialEq)]
enum Tape {
    Open(Vec<u8>),
    Finished(Vec<u8>),
    Abandoned(Vec<u8>),
}

#[derive(Clone, Default)]
struct MemorySink {
    tapes: Arc<Mutex<HashMap<&'static str, Tape>>>,
    full: bool,
}

impl MemorySink {
    fn change(&self, name: &'static str, change: impl FnOnce(Vec<u8>) -> Tape) {
        let mut tapes = self.tapes.lock().unwrap();
        let Some(Tape::Open(bytes)) = tapes.remove(name) else {
            panic!("{name} is not open");
        };
        tapes.insert(name, change(bytes));
    }

    fn tape(&self, name: &str) -> Option<Tape> {
        self.tapes.lock().unwrap().get(name).cloned()
    }
}

impl RecordSink for MemorySink {
    type Head = &'static str;
    type Tail = ();
    type Track = &'static str;
    type Finished = ();
    type Refused = &'static str;
    type Located = ();

    fn begin(&mut self, _codec: Codec, head: &'static str) -> Result<&'static str, &'static str> {
        if self.full {
            return Err("full");
        }
        self.tapes.lock().unwrap().insert(head, Tape::Open(Vec::new()));
        Ok(head)
    }

    fn append(&mut self, track: &mut &'static str, at_samples: u64, payload: &[u8]) {
        self.change(track, |mut bytes| {
            let at = at_samples as usize;
            bytes.resize(bytes.len().max(at + payload.len()), 0);
            bytes[at..at + payload.len()].copy_from_slice(payload);
            Tape::Open(bytes)
        });
    }

    fn locate(&mut self, _track: &mut &'static str) {}

    fn finish(&mut self, track: &'static str, _tail: (), recorded: &Recorded) {
        self.change(track, |bytes| {
            assert_eq!(recorded.samples, bytes.len() as u64);
            Tape::Finished(bytes)
        });
    }

    fn abandon(&mut self, track: &'static str, _recorded: &Recorded) {
        self.change(track, Tape::Abandoned);
    }

    fn pass_done(&mut self, _now: Instant) {}
}

fn config(first_port: u16) -> MediaConfig {
    MediaConfig {
        bind_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        first_port,
        last_port: first_port + 63,
        rtcp_port: Some(0),
        ..MediaConfig::default()
    }
}

fn plane(config: MediaConfig) -> (MediaPlane<MemorySink>, mpsc::Receiver<MediaEvent>, MemorySink) {
    let sink = MemorySink::default();
    let (plane, events) = MediaPlane::start(config, |_| io::Result::Ok(sink.clone())).unwrap();
    (plane, events, sink)
}

async fn next_event(events: &mut mpsc::Receiver<MediaEvent>) -> MediaEventKind {
    timeout(PATIENCE, events.recv()).await.expect("an event comes in time").expect("the plane runs").kind
}

async fn answer<T>(reply: Result<Reply<T>, Busy>) -> T {
    timeout(PATIENCE, reply.unwrap()).await.expect("an answer comes in time").expect("the call is there")
}

/// The caller's phone, as far as a test needs one.
struct Phone {
    socket: UdpSocket,
    line: SocketAddr,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl Phone {
    fn new() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let line = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        Self { socket, line, ssrc: 0xCA11, sequence: 65_500, timestamp: u32::MAX - 500 }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Calls: allocates a port, starts the media and aims the phone at it.
    fn call(&mut self, plane: &MediaPlane<MemorySink>, change: impl FnOnce(&mut CallMedia)) -> MediaHandle<MemorySink> {
        let slot = plane.allocate().unwrap();
        self.line = SocketAddr::from((Ipv4Addr::LOCALHOST, slot.port()));
        let mut media = CallMedia {
            codec: Codec::Alaw,
            payload_type: 8,
            dtmf_payload_type: Some(101),
            remote: Some(self.address()),
            remote_rtcp: None,
            rtcp_mux: false,
            ..CallMedia::default()
        };
        change(&mut media);
        plane.start_call(slot, media).unwrap()
    }

    fn packet(&self, payload_type: u8, offset: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let sequence = self.sequence.wrapping_add(offset);
        let mut bytes = Vec::new();
        RtpHeader { payload_type, marker: false, sequence, timestamp, ssrc: self.ssrc }.write(payload, &mut bytes);
        bytes
    }

    /// Says `bytes` in 20 ms packets, every two of them the wrong way round.
    fn say(&mut self, bytes: &[u8]) {
        let mut packets: Vec<_> = bytes
            .chunks(FRAME)
            .zip(0u16..)
            .map(|(frame, nth)| {
                let timestamp = self.timestamp.wrapping_add(u32::from(nth) * FRAME as u32);
                self.packet(8, nth, timestamp, frame)
            })
            .collect();
        self.sequence = self.sequence.wrapping_add(packets.len() as u16);
        self.timestamp = self.timestamp.wrapping_add(bytes.len() as u32);
        if let Some(rest) = packets.get_mut(1..) {
            rest.chunks_exact_mut(2).for_each(<[_]>::reverse);
        }
        for packet in packets {
            self.send(&packet);
        }
    }

    fn press(&mut self, key: char) {
        for packet in dtmf::press(key, Duration::from_millis(100)).unwrap() {
            let bytes = self.packet(101, 0, self.timestamp, &packet.payload);
            self.sequence = self.sequence.wrapping_add(1);
            self.send(&bytes);
        }
        self.timestamp = self.timestamp.wrapping_add(2_000);
    }

    fn send(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.line).unwrap();
    }

    /// Waits for the next datagram.
    fn hear(&self) -> (Vec<u8>, SocketAddr) {
        let mut bytes = [0; 2_048];
        let (length, from) = self.socket.recv_from(&mut bytes).expect("something is heard in time");
        (bytes[..length].to_vec(), from)
    }
}

/// `frames` of audio in which no two frames are alike and no byte is 0.
fn speech(frames: usize) -> Vec<u8> {
    (0..frames * FRAME).map(|at| (1 + (at / FRAME * 31 + at) % 251) as u8).collect()
}

#[tokio::test]
async fn what_the_caller_says_is_recorded_and_keys_are_heard() {
    let (plane, mut events, sink) = plane(config(22_000));
    let mut phone = Phone::new();
    let call = phone.call(&plane, |_| {});
    answer(call.record("a")).await.unwrap();
    let said = speech(100);
    phone.say(&said);
    phone.press('1');
    phone.press('#');
    assert_eq!(next_event(&mut events).await, MediaEventKind::Heard);
    assert_eq!(next_event(&mut events).await, MediaEventKind::Dtmf('1'));
    assert_eq!(next_event(&mut events).await, MediaEventKind::Dtmf('#'));
    let (recorded, ()) = answer(call.finish_recording(())).await;
    assert_eq!(recorded.millis(), 2_000);
    assert_eq!(sink.tape("a"), Some(Tape::Finished(said)));
    let quality = answer(call.close()).await;
    assert_eq!((quality.received.received, quality.received.lost, quality.lost_by_us), (116, 0, 0));
    assert!(quality.received.reordered >= 40);
    assert!(quality.mos().is_some_and(|mos| mos > 4.0));
}

#[tokio::test]
async fn two_recordings_of_one_call_are_two_and_a_pause_is_left_out() {
    let (plane, _events, sink) = plane(config(22_100));
    let mut phone = Phone::new();
    let call = phone.call(&plane, |_| {});
    let said = speech(30);
    let (before, first, rest) = (&said[..5 * FRAME], &said[5 * FRAME..15 * FRAME], &said[15 * FRAME..]);
    phone.say(before);
    answer(call.record("first")).await.unwrap();
    phone.say(first);
    answer(call.finish_recording(())).await;
    answer(call.record("second")).await.unwrap();
    phone.say(&rest[..5 * FRAME]);
    call.pause_recording(true).unwrap();
    answer(call.quality()).await;
    phone.say(&rest[5 * FRAME..10 * FRAME]);
    call.pause_recording(false).unwrap();
    answer(call.quality()).await;
    phone.say(&rest[10 * FRAME..]);
    answer(call.finish_recording(())).await;
    assert_eq!(sink.tape("first"), Some(Tape::Finished(first.to_vec())));
    assert_eq!(sink.tape("second"), Some(Tape::Finished([&rest[..5 * FRAME], &rest[10 * FRAME..]].concat())));
    let nothing_open = call.finish_recording(()).unwrap();
    assert!(timeout(PATIENCE, nothing_open).await.unwrap().is_err());
}

#[tokio::test]
async fn a_sink_that_is_full_says_so_and_the_call_goes_on() {
    let full = MemorySink { full: true, ..MemorySink::default() };
    let (plane, mut events) = MediaPlane::start(config(22_200), |_| Ok(full.clone())).unwrap();
    let mut phone = Phone::new();
    let call = phone.call(&plane, |_| {});
    assert_eq!(answer(call.record("a")).await, Err("full"));
    phone.press('5');
    assert_eq!(next_event(&mut events).await, MediaEventKind::Heard);
    assert_eq!(next_event(&mut events).await, MediaEventKind::Dtmf('5'));
}

#[tokio::test]
async fn prompts_are_heard_whole_in_order_and_at_the_pace_of_speech() {
    let (plane, mut events, _sink) = plane(config(22_300));
    for (law, payload_type) in [(g711::Codec::Alaw, 8), (g711::Codec::Ulaw, 0)] {
        let mut phone = Phone::new();
        let call = phone.call(&plane, |media| {
            media.codec = law.into();
            media.payload_type = payload_type;
        });
        let beep = Clip::new(&tone::tone(tone::SPEAK_NOW_HZ, 300, 0.4));
        let pause = Clip::silence(100);
        let began = tokio::time::Instant::now();
        call.play(vec![beep.clone(), pause.clone()], 7).unwrap();
        call.play(vec![beep.clone()], 8).unwrap();
        let mut heard = Vec::new();
        let mut last: Option<RtpHeader> = None;
        for _ in 0..35 {
            let (bytes, from) = phone.hear();
            assert_eq!(from, phone.line, "the same port sends and listens");
            let packet = RtpPacket::parse(&bytes).unwrap();
            assert_eq!((packet.payload_type, packet.marker), (payload_type, last.is_none()));
            if let Some(last) = last {
                assert_eq!(packet.sequence, last.sequence.wrapping_add(1));
                assert_eq!(packet.ssrc, last.ssrc);
                // A machine that stalls may leave ticks out; the timestamps then say so.
                assert_eq!(packet.timestamp.wrapping_sub(last.timestamp) % FRAME as u32, 0);
            }
            heard.extend_from_slice(packet.payload);
            let RtpPacket { payload_type, marker, sequence, timestamp, ssrc, .. } = packet;
            last = Some(RtpHeader { payload_type, marker, sequence, timestamp, ssrc });
        }
        assert_eq!(heard, [beep.bytes(law), pause.bytes(law), beep.bytes(law)].concat());
        assert!(began.elapsed() >= Duration::from_millis(500), "35 frames were sent within {:?}", began.elapsed());
        assert_eq!(next_event(&mut events).await, MediaEventKind::PlayedOut(7));
        assert_eq!(next_event(&mut events).await, MediaEventKind::PlayedOut(8));
        assert_eq!(answer(call.close()).await.sent, 35);
    }
}

#[tokio::test]
async fn frames_sent_together_arrive_as_packets_of_their_own() {
    for frames_per_send in [2, 3] {
        let (plane, mut events, _sink) = plane(MediaConfig { frames_per_send, ..config(23_500) });
        let mut phone = Phone::new();
        let call = phone.call(&plane, |_| {});
        // Eleven frames: the last send has fewer than the others.
        let beep = Clip::new(&tone::tone(440.0, 220, 0.4));
        call.play(vec![beep.clone()], 1).unwrap();
        let mut heard = Vec::new();
        let mut stamps = Vec::new();
        for _ in 0..11 {
            let (bytes, _) = phone.hear();
            let packet = RtpPacket::parse(&bytes).unwrap();
            heard.extend_from_slice(packet.payload);
            stamps.push((packet.sequence, packet.timestamp));
        }
        assert_eq!(heard, beep.bytes(g711::Codec::Alaw));
        for pair in stamps.windows(2) {
            let [(sequence, timestamp), (next, later)] = pair else { unreachable!() };
            assert_eq!(*next, sequence.wrapping_add(1));
            let step = later.wrapping_sub(*timestamp);
            assert!(step >= FRAME as u32 && step.is_multiple_of(FRAME as u32), "{step}");
        }
        assert_eq!(next_event(&mut events).await, MediaEventKind::PlayedOut(1));
        assert_eq!(answer(call.close()).await.sent, 11);
    }
}

#[tokio::test]
async fn a_stopped_prompt_ends_and_another_begins() {
    let (plane, mut events, _sink) = plane(config(22_400));
    let mut phone = Phone::new();
    let call = phone.call(&plane, |_| {});
    call.play(vec![Clip::silence(60_000)], 1).unwrap();
    phone.hear();
    call.stop_playing().unwrap();
    call.play(vec![Clip::silence(40)], 2).unwrap();
    assert_eq!(next_event(&mut events).await, MediaEventKind::PlayedOut(2));
    call.play(vec![], 3).unwrap();
    assert_eq!(next_event(&mut events).await, MediaEventKind::PlayedOut(3));
    call.play(vec![Clip::silence(20); 1_000], 4).unwrap();
    assert_eq!(next_event(&mut events).await, MediaEventKind::PlayRefused(4));
}

#[tokio::test]
async fn a_held_call_hears_nothing_and_then_the_rest() {
    let (plane, mut events, _sink) = plane(config(22_500));
    let mut phone = Phone::new();
    let call = phone.call(&plane, |_| {});
    call.play(vec![Clip::silence(400)], 1).unwrap();
    phone.hear();
    call.hold(true).unwrap();
    let sent = answer(call.quality()).await.sent;
    phone.socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut bytes = [0; 2_048];
    let waiting = std::iter::from_fn(|| phone.socket.recv_from(&mut bytes).ok()).count() as u64;
    assert_eq!(1 + waiting, sent, "nothing is sent while the call is held");
    call.hold(false).unwrap();
    assert_eq!(next_event(&mut events).await, MediaEventKind::PlayedOut(1));
    assert_eq!(answer(call.quality()).await.sent, 20);
}

#[tokio::test]
async fn behind_a_nat_we_send_to_where_we_hear_from_and_an_intruder_changes_nothing() {
    let (plane, mut events, sink) = plane(config(22_600));
    let mut phone = Phone::new();
    let nowhere = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let announced = nowhere.local_addr().unwrap();
    let call = phone.call(&plane, |media| media.remote = Some(announced));
    answer(call.record("nat")).await.unwrap();
    let said = speech(20);
    phone.say(&said);
    assert_eq!(next_event(&mut events).await, MediaEventKind::Heard);
    let mut intruder = Phone::new();
    intruder.line = phone.line;
    intruder.say(&speech(50));
    answer(call.finish_recording(())).await;
    assert_eq!(sink.tape("nat"), Some(Tape::Finished(said)));
    call.play(vec![Clip::silence(20)], 1).unwrap();
    assert_eq!(RtpPacket::parse(&phone.hear().0).unwrap().payload.len(), FRAME);
    assert_eq!(next_event(&mut events).await, MediaEventKind::PlayedOut(1));
    let rejected = answer(call.close()).await.received.rejections;
    assert_eq!(rejected.of(dauys_media::receiver::Rejection::ForeignAddress), 50);
}

#[tokio::test]
async fn a_reinvite_moves_the_call() {
    let (plane, mut events, _sink) = plane(config(22_700));
    let mut phone = Phone::new();
    let call = phone.call(&plane, |_| {});
    phone.say(&speech(3));
    assert_eq!(next_event(&mut events).await, MediaEventKind::Heard);
    let mut other = Phone::new();
    other.line = phone.line;
    call.set_remote(Some(other.address()), None).unwrap();
    call.play(vec![Clip::silence(20)], 1).unwrap();
    other.hear();
    other.press('3');
    assert_eq!(next_event(&mut events).await, MediaEventKind::PlayedOut(1));
    assert_eq!(next_event(&mut events).await, MediaEventKind::Dtmf('3'));
}

#[tokio::test]
async fn speech_and_its_end_are_told() {
    let (plane, mut events, _sink) = plane(config(22_800));
    let mut phone = Phone::new();
    let call = phone.call(&plane, |_| {});
    call.listen(Some(ActivityConfig { hangover_ms: 800, ..ActivityConfig::default() })).unwrap();
    answer(call.quality()).await;
    let mut samples = vec![0; 4_000];
    samples.extend(tone::tone(300.0, 600, 0.3));
    samples.extend(vec![0; 8_000]);
    let mut bytes = Vec::new();
    g711::Codec::Alaw.encode_to(&samples, &mut bytes);
    phone.say(&bytes);
    assert_eq!(next_event(&mut events).await, MediaEventKind::Heard);
    assert!(matches!(next_event(&mut events).await, MediaEventKind::SpeechStarted { .. }));
    let ended = next_event(&mut events).await;
    assert!(matches!(ended, MediaEventKind::SpeechEnded { silence_ms: 800..=860, .. }), "{ended:?}");
}

#[tokio::test]
async fn a_caller_who_goes_silent_on_the_wire_has_stopped_speaking_and_is_missed() {
    let (plane, mut events, _sink) = plane(MediaConfig { no_media_after: Duration::from_secs(1), ..config(22_900) });
    let mut phone = Phone::new();
    let listen = ActivityConfig { hangover_ms: 400, ..ActivityConfig::default() };
    let _call = phone.call(&plane, |media| media.listen = Some(listen));
    let mut bytes = Vec::new();
    g711::Codec::Alaw.encode_to(&tone::tone(300.0, 600, 0.3), &mut bytes);
    phone.say(&bytes);
    assert_eq!(next_event(&mut events).await, MediaEventKind::Heard);
    assert!(matches!(next_event(&mut events).await, MediaEventKind::SpeechStarted { .. }));
    assert!(matches!(next_event(&mut events).await, MediaEventKind::SpeechEnded { silence_ms: 400.., .. }));
    assert!(matches!(next_event(&mut events).await, MediaEventKind::NoMedia { silence_ms: 1_000.. }));
    phone.press('0');
    assert_eq!(next_event(&mut events).await, MediaEventKind::Dtmf('0'));
    assert!(matches!(next_event(&mut events).await, MediaEventKind::NoMedia { .. }), "told again after it was heard");
}

#[tokio::test]
async fn the_path_is_kept_open_while_nothing_plays() {
    let (plane, _events, _sink) = plane(MediaConfig { keep_alive: Duration::from_millis(60), ..config(23_000) });
    let mut phone = Phone::new();
    let _call = phone.call(&plane, |_| {});
    for _ in 0..3 {
        let (bytes, _) = phone.hear();
        let packet = RtpPacket::parse(&bytes).unwrap();
        assert!(packet.marker && packet.payload.iter().all(|&byte| byte == g711::Codec::Alaw.silence()));
    }
}

/// Answers a report of ours as a phone does, so that the round trip can be measured.
fn answer_report(bytes: &[u8], phone_ssrc: u32) -> Option<Vec<u8>> {
    let report = rtcp::reports(bytes).next()?.ok()?;
    let sender = report.sender?;
    let block = rtcp::ReportBlock {
        ssrc: report.ssrc,
        fraction_lost: 64,
        lost: 5,
        highest: 1,
        jitter: 16,
        last_sender_report: (sender.ntp >> 16) as u32,
        delay_since: 0,
    };
    let mut bytes = Vec::new();
    rtcp::write_report(&mut bytes, phone_ssrc, None, Some(&block), "phone");
    Some(bytes)
}

#[tokio::test]
async fn reports_go_both_ways_on_the_calls_own_port() {
    let (plane, mut events, _sink) =
        plane(MediaConfig { report_interval: Duration::from_millis(200), ..config(23_100) });
    let mut phone = Phone::new();
    let call = phone.call(&plane, |media| media.rtcp_mux = true);
    phone.say(&speech(10));
    assert_eq!(next_event(&mut events).await, MediaEventKind::Heard);
    call.play(vec![Clip::silence(5_000)], 1).unwrap();
    let response = loop {
        let (bytes, _) = phone.hear();
        if !rtp::is_rtcp(&bytes) {
            continue;
        }
        let blocks: Vec<_> =
            rtcp::reports(&bytes).flatten().flat_map(|report| report.blocks().collect::<Vec<_>>()).collect();
        assert_eq!((blocks[0].ssrc, blocks[0].lost), (phone.ssrc, 0));
        if let Some(response) = answer_report(&bytes, phone.ssrc) {
            break response;
        }
    };
    phone.send(&response);
    phone.press('1');
    assert_eq!(next_event(&mut events).await, MediaEventKind::Dtmf('1'));
    let far = answer(call.quality()).await.far_end.expect("the report was taken");
    assert_eq!((far.lost, far.fraction_lost, far.jitter_ms), (5, 0.25, 2.0));
    assert!(far.round_trip_ms.is_some_and(|trip| trip < 10_000.0));
}

#[tokio::test]
async fn one_rtcp_port_serves_the_calls_of_all_threads() {
    let config = MediaConfig { threads: 2, report_interval: Duration::from_millis(200), ..config(23_200) };
    let (plane, _events, _sink) = plane(config);
    let shared = SocketAddr::from((Ipv4Addr::LOCALHOST, plane.rtcp_port().unwrap()));
    let mut calls = Vec::new();
    for _ in 0..4 {
        let mut phone = Phone::new();
        let reports = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        reports.set_read_timeout(Some(PATIENCE)).unwrap();
        let call = phone.call(&plane, |media| media.remote_rtcp = Some(reports.local_addr().unwrap()));
        call.play(vec![Clip::silence(10_000)], 1).unwrap();
        calls.push((call, phone, reports));
    }
    for (call, phone, reports) in &calls {
        let mut bytes = [0; 2_048];
        let response = loop {
            let (length, from) = reports.recv_from(&mut bytes).unwrap();
            assert_eq!(from, shared);
            if let Some(response) = answer_report(&bytes[..length], phone.ssrc) {
                break response;
            }
        };
        reports.send_to(&response, shared).unwrap();
        let far = timeout(PATIENCE, async {
            loop {
                if let Some(far) = answer(call.quality()).await.far_end {
                    return far;
                }
            }
        });
        assert_eq!(far.await.expect("the report reaches its call").lost, 5);
    }
}

#[tokio::test]
async fn the_last_port_is_the_last_and_a_closed_call_gives_its_port_back() {
    let (plane, _events, sink) = plane(MediaConfig { last_port: 23_303, ..config(23_300) });
    let (mut first, mut second) = (Phone::new(), Phone::new());
    let (first_call, second_call) = (first.call(&plane, |_| {}), second.call(&plane, |_| {}));
    assert!(matches!(plane.allocate(), Err(Exhausted::AllInUse)));
    answer(first_call.close()).await;
    assert_eq!(plane.ports_in_use(), 1);
    let third = first.call(&plane, |_| {});

    answer(second_call.record("left")).await.unwrap();
    second.say(&speech(4));
    drop(second_call);
    let freed = timeout(PATIENCE, async {
        while plane.ports_in_use() > 1 {
            tokio::task::yield_now().await;
        }
    });
    freed.await.expect("a dropped call gives its port back");
    assert_eq!(sink.tape("left"), Some(Tape::Abandoned(speech(4))));

    answer(third.record("open")).await.unwrap();
    first.say(&speech(6));
    answer(third.quality()).await;
    drop(plane);
    assert_eq!(sink.tape("open"), Some(Tape::Abandoned(speech(6))), "a stopping plane keeps what came");
    assert_eq!(third.stop_playing(), Err(Busy::Stopped));
}

#[tokio::test]
async fn a_flood_of_garbage_is_counted_and_disturbs_nobody() {
    let (plane, mut events, sink) = plane(config(23_400));
    let mut phone = Phone::new();
    let call = phone.call(&plane, |_| {});
    answer(call.record("a")).await.unwrap();
    let said = speech(10);
    for garbage in [&[][..], &[0x80], &[0x40; 40], &[0x80, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], &[0x80, 200, 0, 99]] {
        for _ in 0..20 {
            phone.send(garbage);
        }
    }
    phone.say(&said);
    assert_eq!(next_event(&mut events).await, MediaEventKind::Heard);
    answer(call.finish_recording(())).await;
    assert_eq!(sink.tape("a"), Some(Tape::Finished(said)));
    let quality = answer(call.close()).await;
    assert_eq!(quality.received.rejections.counts().iter().sum::<u64>(), 80);
    assert_eq!(quality.received.received, 10);
}

#[tokio::test]
async fn a_crowd_is_served_together_and_the_change_is_not_heard() {
    let (plane, _events, _sink) = plane(MediaConfig { crowd: 2, ..config(23_900) });
    let mut phones: Vec<Phone> = (0..3).map(|_| Phone::new()).collect();
    let calls: Vec<_> = phones.iter_mut().map(|phone| phone.call(&plane, |_| {})).collect();
    // One plays before, during and after the crowd of three.
    let (long, short) = (Clip::new(&tone::tone(440.0, 900, 0.4)), Clip::new(&tone::tone(440.0, 200, 0.4)));
    calls[0].play(vec![long.clone()], 1).unwrap();
    let mut heard = Vec::new();
    let mut stamps: Vec<(u16, u32)> = Vec::new();
    for nth in 0..45 {
        if nth == 10 {
            calls[1].play(vec![short.clone()], 1).unwrap();
            calls[2].play(vec![short.clone()], 1).unwrap();
        }
        let (bytes, _) = phones[0].hear();
        let packet = RtpPacket::parse(&bytes).unwrap();
        heard.extend_from_slice(packet.payload);
        stamps.push((packet.sequence, packet.timestamp));
    }
    assert_eq!(heard, long.bytes(g711::Codec::Alaw));
    for pair in stamps.windows(2) {
        assert_eq!(pair[1].0, pair[0].0.wrapping_add(1));
        let step = pair[1].1.wrapping_sub(pair[0].1);
        assert!((1..1_000).contains(&(step / FRAME as u32)) && step.is_multiple_of(FRAME as u32), "{step}");
    }
}

#[tokio::test]
async fn a_recording_that_begins_with_its_call_has_the_very_first_packet() {
    let (plane, _events, sink) = plane(config(23_960));
    let mut phone = Phone::new();
    let slot = plane.allocate().unwrap();
    phone.line = SocketAddr::from((Ipv4Addr::LOCALHOST, slot.port()));
    // The packets wait in the socket before the thread knows of the call.
    let said = speech(5);
    phone.say(&said);
    let media = CallMedia {
        codec: Codec::Alaw,
        payload_type: 8,
        dtmf_payload_type: Some(101),
        remote: Some(phone.address()),
        remote_rtcp: None,
        ..CallMedia::default()
    };
    let (call, begun) = plane.start_recorded(slot, media, "a").unwrap();
    timeout(PATIENCE, begun).await.unwrap().unwrap().unwrap();
    answer(call.finish_recording(())).await;
    assert_eq!(sink.tape("a"), Some(Tape::Finished(said)));
}
