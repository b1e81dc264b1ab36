//! One call's media within its thread: its socket, what it hears, what it plays, and where its audio is recorded.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use dauys_media::{
    FRAME_SAMPLES,
    activity::ActivityConfig,
    codec::Codec,
    play::{Clip, Frame, PlayToken, Playback},
    quality::CallQuality,
    receiver::{Receiver, ReceiverConfig, Rejection},
    rtcp::{self, Reporter, SenderInfo},
    rtp::{self, HEADER_LEN},
    samples_in,
};
use socket2::SockAddr;
use tokio::sync::mpsc;

use super::{
    config::{CallMedia, MAX_FRAMES_PER_SEND, MediaConfig},
    event::{MediaCallId, MediaEvent, MediaEventKind},
    hearing::{Hearing, Listening, emit_activity},
    ports::MediaSlot,
    protection::Protection,
    sink::{RecordSink, Recorded},
    socket::{self, Batch},
    telemetry::Tally,
};

/// The most batches fetched from one call in one pass: a flood on one port must not take the others' time.
const MAX_BATCHES: usize = 8;

/// The most batches fetched when a recording ends: more than a socket's buffer holds.
const MAX_BATCHES_AT_THE_END: usize = 64;

/// For how long nothing must have come before it counts as silence: less is only jitter.
const QUIET_AFTER: Duration = Duration::from_millis(200);

/// Reports in a row that say that the far end hears nothing, before it is believed: 10 s of them.
const DEAF_REPORTS: u8 = 2;
/// What must have been sent before a far end that hears nothing is anybody's trouble: a second.
const AUDIBLE: u64 = 50;

/// Length of every packet of a byte a tick that is played.
const PACKET: usize = HEADER_LEN + FRAME_SAMPLES;

/// What a thread lends to its calls during a pass.
pub(super) struct Pass<'a, S> {
    pub config: &'a MediaConfig,
    pub batch: &'a mut Batch,
    pub sink: &'a mut S,
    pub events: &'a mpsc::Sender<MediaEvent>,
    pub tally: &'a mut Tally,
    pub rtcp: Option<&'a UdpSocket>,
    pub report: &'a mut Vec<u8>,
    pub now: Instant,
    /// Time since the Unix epoch, for RTCP.
    pub unix: Duration,
    pub tick: u64,
    /// How many frames are to be sent together.
    pub frames: usize,
}

/// The random numbers that a stream starts with (RFC 3550 section 5.1).
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamStart {
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
}

pub(super) struct Call<S: RecordSink> {
    id: MediaCallId,
    slot: MediaSlot,
    codec: Codec,
    receiver: Receiver,
    reporter: Reporter,
    playback: Playback,
    listening: Listening,
    srtp: Option<Box<Protection>>,
    track: Option<S::Track>,
    remote: Option<SocketAddr>,
    remote_rtcp: Option<SocketAddr>,
    rtcp_mux: bool,
    target: Option<(SocketAddr, SockAddr)>,
    held: bool,
    heard: bool,
    silence_told: bool,
    deafness_told: bool,
    last_heard: Instant,
    last_drained: Instant,
    last_sent: Instant,
    next_report: Instant,
    reported_sent: u32,
    reported_lost: u64,
    kernel_drops: u32,
    sent: u64,
    send_failed: u64,
    abandoned: Arc<AtomicBool>,
}

impl<S: RecordSink> Call<S> {
    pub fn new(
        id: MediaCallId,
        slot: MediaSlot,
        media: &CallMedia,
        start: StreamStart,
        abandoned: Arc<AtomicBool>,
        pass: &Pass<'_, S>,
    ) -> Self {
        let receiver = Receiver::new(ReceiverConfig {
            codec: media.codec,
            payload_type: media.payload_type,
            dtmf_payload_type: media.dtmf_payload_type,
            expected_source: media.remote,
        });
        // A receiver that misses the first packets must not miss a rollover with them (RFC 3711 section 3.3.1).
        let sequence = if media.srtp.is_some() { start.sequence >> 1 } else { start.sequence };
        let mut call = Self {
            id,
            slot,
            codec: media.codec,
            receiver,
            reporter: Reporter::new(media.codec.clock()),
            playback: Playback::new(media.codec, media.payload_type, start.ssrc, sequence, start.timestamp),
            listening: Listening::new(media.codec, media.listen, media.keys_in_band),
            srtp: media.srtp.map(Protection::new),
            track: None,
            remote: media.remote,
            remote_rtcp: media.remote_rtcp,
            rtcp_mux: media.rtcp_mux,
            target: None,
            held: false,
            heard: false,
            silence_told: false,
            deafness_told: false,
            last_heard: pass.now,
            last_drained: pass.now,
            last_sent: pass.now,
            // The low bits of a random number spread the calls' reports over the interval (RFC 3550 section 6.2).
            next_report: pass.now + pass.config.report_interval.mul_f64(0.5 + f64::from(start.sequence) / 65_536.0),
            reported_sent: 0,
            reported_lost: 0,
            kernel_drops: 0,
            sent: 0,
            send_failed: 0,
            abandoned,
        };
        call.aim();
        call
    }

    pub fn id(&self) -> MediaCallId {
        self.id
    }

    pub fn ssrc(&self) -> u32 {
        self.playback.ssrc()
    }

    pub fn is_playing(&self) -> bool {
        self.playback.is_playing()
    }

    pub fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// Empties the socket, and does what is due now and then.
    pub fn drain(&mut self, pass: &mut Pass<'_, S>) {
        let before = self.last_heard;
        for _ in 0..MAX_BATCHES {
            if !self.fetch(pass) {
                break;
            }
        }
        self.aim();
        if self.last_heard == before {
            self.count_silence(pass);
        }
        self.last_drained = pass.now;
        if pass.now >= self.next_report {
            self.next_report = pass.now + pass.config.report_interval;
            self.report(pass);
            self.tell_deafness(pass);
        }
        if !self.held && !self.is_playing() && pass.now.duration_since(self.last_sent) >= pass.config.keep_alive {
            self.keep_alive(pass);
        }
    }

    /// Fetches one batch; returns whether more may wait.
    fn fetch(&mut self, pass: &mut Pass<'_, S>) -> bool {
        let Pass { batch, sink, events, tally, now, unix, .. } = pass;
        let mut hearing = Hearing {
            id: self.id,
            receiver: &mut self.receiver,
            listening: &mut self.listening,
            track: &mut self.track,
            sink: &mut **sink,
            events,
            tally,
            heard_before: &mut self.heard,
        };
        let (reporter, srtp) = (&mut self.reporter, &mut self.srtp);
        let ours = self.playback.ssrc();
        let (mut heard, mut drops) = (false, self.kernel_drops);
        let outcome = batch.receive(self.slot.socket(), |datagram| {
            drops = datagram.dropped.unwrap_or(drops);
            let arrival = datagram.arrival.unwrap_or(*unix);
            let is_rtcp = rtp::is_rtcp(datagram.bytes);
            let opened = match srtp.as_mut() {
                None => Ok(datagram.bytes),
                Some(srtp) => srtp.open(datagram.bytes, is_rtcp),
            };
            match opened {
                Err(_) => hearing.tally.reject(Rejection::Unauthentic),
                Ok(bytes) if is_rtcp => {
                    let theirs = hearing.receiver.source_ssrc();
                    if reporter.handle_packet(arrival, bytes, ours, theirs) != Ok(true) {
                        hearing.tally.rtcp_unused += 1;
                    }
                }
                Ok(bytes) => heard |= hearing.take(arrival, &datagram, bytes),
            }
        });
        self.tally_drops(drops, pass.tally);
        if heard {
            self.last_heard = *now;
            self.silence_told = false;
        }
        // A socket that fails reads as a silent one; the controller hears of it as missing media.
        outcome.unwrap_or(false)
    }

    fn tally_drops(&mut self, drops: u32, tally: &mut Tally) {
        tally.kernel_drops += u64::from(drops.wrapping_sub(self.kernel_drops));
        self.kernel_drops = drops;
    }

    fn count_silence(&mut self, pass: &mut Pass<'_, S>) {
        let silent = pass.now.duration_since(self.last_heard);
        if silent >= QUIET_AFTER {
            let since = pass.now.duration_since(self.last_drained);
            let changed = self.listening.handle_silence(samples_in(since.as_millis() as u32));
            let recorded = self.receiver.recorded_samples();
            emit_activity(pass.events, pass.tally, self.id, changed, (recorded, false));
        }
        if silent >= pass.config.no_media_after && !self.held && !std::mem::replace(&mut self.silence_told, true) {
            let silence_ms = silent.as_millis() as u64;
            pass.tally.not_heard_from += 1;
            emit(pass.events, pass.tally, self.id, MediaEventKind::NoMedia { silence_ms });
        }
    }

    /// Sends to where the caller is heard from; until then to where its SDP says that it listens.
    fn aim(&mut self) {
        let wanted = self.receiver.source_address().or(self.remote);
        if self.target.as_ref().map(|(address, _)| *address) != wanted {
            self.target = wanted.map(|address| (address, address.into()));
        }
    }

    /// Sends what is due from this tick until the call's next turn: one frame, or as many as are sent together.
    pub fn send_frames(&mut self, pass: &mut Pass<'_, S>) {
        if self.held {
            return;
        }
        if self.srtp.is_some() || self.codec == Codec::Opus {
            return self.send_one_by_one(pass);
        }
        let mut packets = [0; PACKET * MAX_FRAMES_PER_SEND];
        let mut count = 0;
        for packet in packets.chunks_exact_mut(PACKET).take(pass.frames) {
            let Some((frame, ended)) = self.playback.next_frame(pass.tick + count as u64) else {
                break;
            };
            let (header, payload) = packet.split_at_mut(HEADER_LEN);
            header.copy_from_slice(&frame.header);
            payload.copy_from_slice(frame.payload);
            count += 1;
            if let Some(token) = ended {
                emit(pass.events, pass.tally, self.id, MediaEventKind::PlayedOut(token));
            }
        }
        let bytes = packets.get(..PACKET * count).unwrap_or_default();
        if count > 1 && self.transmit_together(bytes) {
            self.sent(count as u64, 0, pass);
            return;
        }
        for packet in bytes.chunks_exact(PACKET) {
            let delivered = u64::from(transmit(&self.slot, self.target.as_ref(), packet, &[]));
            self.sent(delivered, 1 - delivered, pass);
        }
    }

    /// Sends several packets with one system call; `false` when the kernel or the interface cannot, and nothing was sent.
    fn transmit_together(&self, bytes: &[u8]) -> bool {
        let Some((_, to)) = &self.target else {
            return false;
        };
        socket::send_segments(self.slot.socket(), to, bytes, PACKET as u16).is_ok()
    }

    /// Sends frames of any length, sealed where the call is encrypted.
    fn send_one_by_one(&mut self, pass: &mut Pass<'_, S>) {
        for ahead in 0..pass.frames {
            let Some((frame, ended)) = self.playback.next_frame(pass.tick + ahead as u64) else {
                break;
            };
            let delivered = u64::from(dispatch(self.srtp.as_deref_mut(), &self.slot, self.target.as_ref(), &frame));
            self.sent(delivered, 1 - delivered, pass);
            if let Some(token) = ended {
                emit(pass.events, pass.tally, self.id, MediaEventKind::PlayedOut(token));
            }
        }
    }

    fn keep_alive(&mut self, pass: &mut Pass<'_, S>) {
        let frame = self.playback.keep_alive(pass.tick);
        let delivered = u64::from(dispatch(self.srtp.as_deref_mut(), &self.slot, self.target.as_ref(), &frame));
        self.sent(delivered, 1 - delivered, pass);
    }

    fn sent(&mut self, delivered: u64, failed: u64, pass: &mut Pass<'_, S>) {
        self.last_sent = pass.now;
        self.sent += delivered;
        pass.tally.sent += delivered;
        self.send_failed += failed;
        pass.tally.send_failures += failed;
    }

    fn report(&mut self, pass: &mut Pass<'_, S>) {
        let stats = self.receiver.stats();
        pass.tally.lost += stats.lost.saturating_sub(self.reported_lost);
        self.reported_lost = self.reported_lost.max(stats.lost);
        let (packets, octets) = self.playback.sent_counts();
        let sender = (packets != self.reported_sent).then(|| SenderInfo {
            ntp: rtcp::ntp_timestamp(pass.unix),
            timestamp: self.playback.timestamp(pass.tick),
            packets,
            octets,
        });
        self.reported_sent = packets;
        let block = self.receiver.source_ssrc().map(|ssrc| {
            let jitter = stats.jitter_samples * self.codec.steps_per_tick();
            self.reporter.report_block(pass.unix, ssrc, self.receiver.sequence_mut(), jitter)
        });
        let ssrc = self.playback.ssrc();
        rtcp::write_report(pass.report, ssrc, sender.as_ref(), block.as_ref(), &pass.config.cname);
        if let Some(srtp) = &mut self.srtp
            && srtp.seal_rtcp(pass.report).is_err()
        {
            pass.tally.send_failures += 1;
            return;
        }
        let outcome = match (self.rtcp_mux, &self.target, self.remote_rtcp, pass.rtcp) {
            (true, Some((_, target)), _, _) => socket::send(self.slot.socket(), target, pass.report, &[]),
            (false, _, Some(remote), Some(shared)) => socket::send(shared, &remote.into(), pass.report, &[]),
            _ => return,
        };
        if outcome.is_err() {
            pass.tally.send_failures += 1;
        }
    }

    /// Says once that the caller is heard and does not hear: one-way audio that only the far end's reports show.
    fn tell_deafness(&mut self, pass: &mut Pass<'_, S>) {
        let deaf = self.reporter.deaf_reports() >= DEAF_REPORTS && self.sent >= AUDIBLE && !self.held;
        if deaf && !std::mem::replace(&mut self.deafness_told, true) {
            pass.tally.not_heard_by += 1;
            emit(pass.events, pass.tally, self.id, MediaEventKind::NotHeard);
        }
    }

    /// Takes a datagram of the shared RTCP port. What is sealed names no call of ours in the clear, so it never comes here.
    pub fn handle_rtcp(&mut self, arrival: Duration, from: SocketAddr, bytes: &[u8]) -> bool {
        let known = [self.receiver.source_address(), self.remote_rtcp, self.remote];
        if !known.iter().flatten().any(|address| address.ip() == from.ip()) {
            return false;
        }
        let (ours, theirs) = (self.playback.ssrc(), self.receiver.source_ssrc());
        self.reporter.handle_packet(arrival, bytes, ours, theirs) == Ok(true)
    }

    /// Queues prompts, and tells at once when there is nothing in them.
    pub fn play(&mut self, clips: Vec<Clip>, token: PlayToken, pass: &mut Pass<'_, S>) {
        match self.playback.play(clips, token) {
            Ok(false) => {}
            Ok(true) => emit(pass.events, pass.tally, self.id, MediaEventKind::PlayedOut(token)),
            Err(_) => emit(pass.events, pass.tally, self.id, MediaEventKind::PlayRefused(token)),
        }
    }

    pub fn stop_playing(&mut self) {
        self.playback.stop();
    }

    pub fn begin_recording(&mut self, head: S::Head, pass: &mut Pass<'_, S>) -> Result<(), S::Refused> {
        // What came before this moment belongs to what the caller was doing before.
        self.drain(pass);
        self.abandon_track(pass);
        self.track = Some(pass.sink.begin(self.codec, head)?);
        self.receiver.start_recording();
        Ok(())
    }

    /// Begins the recording of a call that has only just begun: with its very first packet.
    pub fn record_from_the_start(&mut self, head: S::Head, pass: &mut Pass<'_, S>) -> Result<(), S::Refused> {
        self.track = Some(pass.sink.begin(self.codec, head)?);
        self.receiver.start_recording();
        Ok(())
    }

    pub fn pause_recording(&mut self, pause: bool, pass: &mut Pass<'_, S>) {
        self.drain(pass);
        if pause {
            self.receiver.stop_recording();
        } else if self.track.is_some() {
            self.receiver.start_recording();
        }
    }

    pub fn finish_recording(&mut self, tail: S::Tail, pass: &mut Pass<'_, S>) -> Option<(Recorded, S::Finished)> {
        // Whatever waits belongs to the recording, however long this thread was kept from it.
        for _ in 0..MAX_BATCHES_AT_THE_END {
            if !self.fetch(pass) {
                break;
            }
        }
        self.drain(pass);
        let track = self.track.take()?;
        let recorded = self.recorded();
        self.receiver.finish_recording();
        let finished = pass.sink.finish(track, tail, &recorded);
        Some((recorded, finished))
    }

    /// Says where the recording lies so far; `None` without one.
    pub fn locate_recording(&mut self, pass: &mut Pass<'_, S>) -> Option<S::Located> {
        self.track.as_mut().map(|track| pass.sink.locate(track))
    }

    fn recorded(&self) -> Recorded {
        Recorded { samples: self.receiver.recorded_samples(), quality: self.quality() }
    }

    fn abandon_track(&mut self, pass: &mut Pass<'_, S>) {
        if let Some(track) = self.track.take() {
            let recorded = self.recorded();
            self.receiver.finish_recording();
            pass.sink.abandon(track, &recorded);
        }
    }

    pub fn set_remote(&mut self, remote: Option<SocketAddr>, remote_rtcp: Option<SocketAddr>) {
        self.remote = remote;
        self.remote_rtcp = remote_rtcp;
        self.receiver.expect_source(remote);
        self.aim();
    }

    /// Takes what a new offer and answer agreed on: another address, codec or key.
    pub fn renegotiate(&mut self, media: &CallMedia, pass: &mut Pass<'_, S>) {
        // What came before belongs to what was agreed on before.
        self.drain(pass);
        self.set_remote(media.remote, media.remote_rtcp);
        self.rtcp_mux = media.rtcp_mux;
        match (&mut self.srtp, media.srtp) {
            (Some(srtp), Some(keys)) => srtp.rekey(keys),
            (srtp, keys) => *srtp = keys.map(Protection::new),
        }
        self.receiver.set_codec(media.codec, media.payload_type, media.dtmf_payload_type);
        self.playback.set_codec(media.codec, media.payload_type);
        if media.codec != self.codec {
            self.codec = media.codec;
            self.listening.set_codec(media.codec, media.keys_in_band);
            self.reporter.set_clock(media.codec.clock());
            if let Some(track) = &mut self.track {
                pass.sink.set_codec(track, media.codec);
            }
        }
    }

    pub fn hold(&mut self, held: bool, pass: &Pass<'_, S>) {
        self.held = held;
        // The silence of a held call is nobody's fault.
        self.last_heard = pass.now;
        self.silence_told = false;
    }

    pub fn listen(&mut self, config: Option<ActivityConfig>) {
        self.listening.listen(config);
    }

    pub fn quality(&self) -> CallQuality {
        CallQuality {
            codec: self.codec,
            received: self.receiver.stats(),
            lost_by_us: u64::from(self.kernel_drops),
            sent: self.sent,
            send_failed: self.send_failed,
            far_end: self.reporter.far_end(),
        }
    }

    /// Takes in what still waits, ends an open recording, and says how the call was.
    pub fn close(mut self, pass: &mut Pass<'_, S>) -> CallQuality {
        for _ in 0..MAX_BATCHES {
            if !self.fetch(pass) {
                break;
            }
        }
        self.abandon_track(pass);
        let quality = self.quality();
        pass.tally.lost += quality.received.lost.saturating_sub(self.reported_lost);
        quality
    }
}

/// Sends one frame, sealed where the call is encrypted; says whether it left.
fn dispatch(
    srtp: Option<&mut Protection>,
    slot: &MediaSlot,
    target: Option<&(SocketAddr, SockAddr)>,
    frame: &Frame<'_>,
) -> bool {
    match srtp {
        None => transmit(slot, target, &frame.header, frame.payload),
        Some(srtp) => srtp.seal(&frame.header, frame.payload).is_ok_and(|packet| transmit(slot, target, packet, &[])),
    }
}

fn transmit(slot: &MediaSlot, target: Option<&(SocketAddr, SockAddr)>, head: &[u8], body: &[u8]) -> bool {
    target.is_some_and(|(_, to)| socket::send(slot.socket(), to, head, body).is_ok())
}

pub(super) fn emit(events: &mpsc::Sender<MediaEvent>, tally: &mut Tally, call: MediaCallId, kind: MediaEventKind) {
    if events.try_send(MediaEvent { call, kind }).is_err() {
        tally.events_dropped += 1;
    }
}
