//! What one call hears: packets in, audio with its place in time out; everything else is counted by kind.
//!
//! Invariants: no packet panics or allocates (only an SSRC change, or a source that no SDP announced, has a few kept); each sequence number gives audio
//! once; audio is placed by timestamp, so writing by place repairs reordering, and what was lost is a gap of its own length.

use std::{net::SocketAddr, time::Duration};

use crate::{
    codec::Codec,
    dtmf::PressDecoder,
    placement::{Timeline, samples_at},
    rtp::{RtpError, RtpPacket},
    samples_in,
    sequence::{Order, SequenceTracker},
    source::{Admission, SourceLock},
};

/// Payload type of comfort noise (RFC 3389).
const COMFORT_NOISE: u8 = 13;

/// How much audio may be missing before the first packet of a recording and still belong to it.
const REORDER_ALLOWANCE: u64 = samples_in(200);

/// What a call's media agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// What the audio is coded in.
    pub codec: Codec,
    /// Payload type of the audio.
    pub payload_type: u8,
    /// Payload type of telephone events, when they were agreed on.
    pub dtmf_payload_type: Option<u8>,
    /// Where the peer's SDP says that it sends from; none when it gave no usable address.
    pub expected_source: Option<SocketAddr>,
}

/// Audio of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed<'a> {
    /// Place on the call's time line, in ticks; only differences mean anything.
    pub position: u64,
    /// Place in the recording, in ticks from its first packet; `None` when this packet is not recorded.
    pub at_samples: Option<u64>,
    /// The payload as it came.
    pub payload: &'a [u8],
}

/// What a packet that was accepted was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Audio, handed to the callback.
    Audio,
    /// Part of a telephone event; the key when it is the first part that came.
    Event(Option<char>),
    /// Comfort noise: the peer is there, and silent.
    ComfortNoise,
    /// Kept until its SSRC is known to be the new one.
    Held,
    /// Kept until its address, which nobody announced, has sent a stream; as yet nobody was heard.
    OnProbation,
}

/// Why a packet was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[repr(usize)]
pub enum Rejection {
    /// Fewer bytes than a header.
    #[error("too short for an RTP header")]
    TooShort,
    /// Not RTP version 2.
    #[error("not RTP version 2")]
    Version,
    /// Header or padding longer than the packet.
    #[error("header or padding is longer than the packet")]
    Truncated,
    /// A payload type that was not agreed on.
    #[error("payload type was not agreed on")]
    PayloadType,
    /// No payload, or one that is none of the codec's.
    #[error("no payload")]
    Empty,
    /// From an address that the call does not listen to.
    #[error("from another address")]
    ForeignAddress,
    /// From another SSRC while the known one still sends.
    #[error("from another source")]
    ForeignSsrc,
    /// Came before.
    #[error("duplicate")]
    Duplicate,
    /// Too far out of order to be placed.
    #[error("too far out of sequence")]
    Astray,
    /// Sealed with another key, forged, or sent again by somebody else. Counted by whoever opens packets.
    #[error("not sealed by the peer")]
    Unauthentic,
}

impl Rejection {
    /// Every kind with its name for a metric label, in the order of [`Rejections::counts`].
    pub const NAMES: [&'static str; 10] = [
        "too_short",
        "version",
        "truncated",
        "payload_type",
        "empty",
        "foreign_address",
        "foreign_ssrc",
        "duplicate",
        "astray",
        "unauthentic",
    ];
}

impl From<RtpError> for Rejection {
    fn from(error: RtpError) -> Self {
        match error {
            RtpError::TooShort => Self::TooShort,
            RtpError::Version => Self::Version,
            RtpError::Truncated => Self::Truncated,
        }
    }
}

/// How many packets were rejected, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rejections {
    counts: [u64; Rejection::NAMES.len()],
}

impl Rejections {
    fn add(&mut self, kind: Rejection) {
        if let Some(count) = self.counts.get_mut(kind as usize) {
            *count += 1;
        }
    }

    /// Returns the count of one kind.
    pub fn of(&self, kind: Rejection) -> u64 {
        self.counts.get(kind as usize).copied().unwrap_or_default()
    }

    /// Returns all counts in the order of [`Rejection::NAMES`].
    pub fn counts(&self) -> &[u64; Rejection::NAMES.len()] {
        &self.counts
    }
}

/// What came in so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ReceiverStats {
    /// Packets accepted, duplicates not counted.
    pub received: u64,
    /// Packets that the sequence numbers say were sent.
    pub expected: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that were overtaken by later ones, and used all the same.
    pub reordered: u64,
    /// Packets that came after the recording or the time line could take them.
    pub late: u64,
    /// Comfort-noise packets.
    pub comfort_noise: u64,
    /// Bytes of payload accepted.
    pub payload_bytes: u64,
    /// Interarrival jitter in ticks (RFC 3550 appendix A.8).
    pub jitter_samples: u32,
    /// How often the source changed (address or SSRC).
    pub source_changes: u64,
    /// How often a timestamp could not be believed.
    pub rebased: u64,
    /// What was rejected.
    pub rejections: Rejections,
}

/// The recording's place on the call's time line.
#[derive(Debug, Clone, Copy)]
enum Recording {
    Off,
    /// The next packet becomes sample `resume_at`; nothing before `not_before` belongs to it.
    Starting {
        resume_at: u64,
        not_before: Option<u64>,
    },
    On {
        origin: u64,
        resume_at: u64,
    },
}

/// The receiving side of one call.
#[derive(Debug, Clone)]
pub struct Receiver {
    config: ReceiverConfig,
    source: SourceLock,
    sequence: SequenceTracker,
    timeline: Timeline,
    presses: PressDecoder,
    recording: Recording,
    recorded: u64,
    transit: Option<u32>,
    /// Sixteen times the jitter in ticks, as in the RFC's integer form.
    jitter_x16: u32,
    stats: ReceiverStats,
}

impl Receiver {
    /// Creates a receiver that records nothing yet.
    pub fn new(config: ReceiverConfig) -> Self {
        Self {
            source: SourceLock::new(config.expected_source),
            config,
            sequence: SequenceTracker::default(),
            timeline: Timeline::new(config.codec.steps_per_tick()),
            presses: PressDecoder::default(),
            recording: Recording::Off,
            recorded: 0,
            transit: None,
            jitter_x16: 0,
            stats: ReceiverStats::default(),
        }
    }

    /// Takes a datagram that arrived at `arrival` (any clock whose differences are true) and calls `hear` for its audio, more
    /// than once when a new SSRC's first packets were kept back.
    ///
    /// # Errors
    /// Says why the packet was not used; the rejection is counted.
    pub fn handle_packet(
        &mut self,
        arrival: Duration,
        from: SocketAddr,
        bytes: &[u8],
        mut hear: impl FnMut(Placed<'_>),
    ) -> Result<Accepted, Rejection> {
        let outcome = self.take(arrival, from, bytes, &mut hear);
        if let Err(kind) = outcome {
            self.stats.rejections.add(kind);
        }
        outcome
    }

    fn take(
        &mut self,
        arrival: Duration,
        from: SocketAddr,
        bytes: &[u8],
        hear: &mut impl FnMut(Placed<'_>),
    ) -> Result<Accepted, Rejection> {
        let packet = RtpPacket::parse(bytes)?;
        let known = packet.payload_type == self.config.payload_type
            || Some(packet.payload_type) == self.config.dtmf_payload_type
            || packet.payload_type == COMFORT_NOISE;
        if !known {
            return Err(Rejection::PayloadType);
        }
        let is_audio = packet.payload_type == self.config.payload_type;
        if packet.payload.is_empty() || is_audio && self.config.codec.ticks(packet.payload) == 0 {
            return Err(Rejection::Empty);
        }
        match self.source.admit(arrival, from, &packet) {
            Admission::Current => {}
            Admission::New => self.change_source(hear),
            Admission::Held => return Ok(Accepted::Held),
            Admission::OnProbation => return Ok(Accepted::OnProbation),
            Admission::ForeignAddress => return Err(Rejection::ForeignAddress),
            Admission::ForeignSsrc => return Err(Rejection::ForeignSsrc),
        }
        self.take_in_stream(arrival, &packet, hear)
    }

    fn change_source(&mut self, hear: &mut impl FnMut(Placed<'_>)) {
        if self.timeline.end().is_some() {
            self.stats.source_changes += 1;
        }
        self.timeline.change_source();
        self.sequence.change_source();
        self.presses.change_source();
        self.transit = None;
        for held in self.source.take_held() {
            let packet = RtpPacket {
                payload_type: held.payload_type,
                marker: false,
                sequence: held.sequence,
                timestamp: held.timestamp,
                ssrc: 0,
                payload: &held.payload,
            };
            // Their numbers are in sequence by construction; a rejection here would only be a count less.
            let _ = self.take_in_stream(held.arrival, &packet, hear);
        }
    }

    fn take_in_stream(
        &mut self,
        arrival: Duration,
        packet: &RtpPacket<'_>,
        hear: &mut impl FnMut(Placed<'_>),
    ) -> Result<Accepted, Rejection> {
        match self.sequence.handle_sequence(packet.sequence) {
            Order::Ahead | Order::Restarted => {}
            Order::Reordered => self.stats.reordered += 1,
            Order::Duplicate => return Err(Rejection::Duplicate),
            Order::Astray => return Err(Rejection::Astray),
        }
        self.stats.payload_bytes += packet.payload.len() as u64;
        if packet.payload_type == self.config.payload_type {
            self.measure_jitter(arrival, packet.timestamp);
            self.place(arrival, packet, hear);
            return Ok(Accepted::Audio);
        }
        if Some(packet.payload_type) == self.config.dtmf_payload_type {
            return Ok(Accepted::Event(self.presses.handle_event(packet.timestamp, packet.payload)));
        }
        self.stats.comfort_noise += 1;
        Ok(Accepted::ComfortNoise)
    }

    fn measure_jitter(&mut self, arrival: Duration, timestamp: u32) {
        let steps = self.config.codec.steps_per_tick();
        let transit = (samples_at(arrival) as u32).wrapping_mul(steps).wrapping_sub(timestamp);
        if let Some(before) = self.transit {
            let mut difference = (transit.wrapping_sub(before) as i32).unsigned_abs();
            if steps > 1 {
                difference /= steps;
            }
            // A re-based timestamp is a jump of the sender's, not of the network.
            if u64::from(difference) <= Timeline::MAX_JUMP {
                self.jitter_x16 = self.jitter_x16 + difference - ((self.jitter_x16 + 8) >> 4);
            }
        }
        self.transit = Some(transit);
    }

    fn place(&mut self, arrival: Duration, packet: &RtpPacket<'_>, hear: &mut impl FnMut(Placed<'_>)) {
        let samples = self.config.codec.ticks(packet.payload);
        let Some(position) = self.timeline.place(arrival, packet.timestamp, samples) else {
            self.stats.late += 1;
            return;
        };
        let at_samples = self.place_in_recording(position);
        if let Some(at) = at_samples {
            self.recorded = self.recorded.max(at + samples);
        }
        hear(Placed { position, at_samples, payload: packet.payload });
    }

    fn place_in_recording(&mut self, position: u64) -> Option<u64> {
        if let Recording::Starting { resume_at, not_before } = self.recording {
            let origin = match not_before {
                // It was overtaken by the start of the recording.
                Some(end) if position < end => return None,
                // The one before it may still be on its way.
                Some(end) if position - end <= REORDER_ALLOWANCE => end,
                _ => position,
            };
            self.recording = Recording::On { origin, resume_at };
        }
        let Recording::On { origin, resume_at } = self.recording else {
            return None;
        };
        let at = position.checked_sub(origin).map(|since| since + resume_at);
        if at.is_none() {
            self.stats.late += 1;
        }
        at
    }

    /// Begins to record, or goes on right after what was recorded before the last [`Receiver::stop_recording`].
    pub fn start_recording(&mut self) {
        if matches!(self.recording, Recording::Off) {
            self.recording = Recording::Starting { resume_at: self.recorded, not_before: self.timeline.end() };
        }
    }

    /// Stops recording; the time until it starts again is left out.
    pub fn stop_recording(&mut self) {
        self.recording = Recording::Off;
    }

    /// Forgets the recording's length, so that the next one begins at sample 0.
    pub fn finish_recording(&mut self) {
        self.recording = Recording::Off;
        self.recorded = 0;
    }

    /// Returns whether audio is being recorded.
    pub fn is_recording(&self) -> bool {
        !matches!(self.recording, Recording::Off)
    }

    /// Returns the recording's length so far, in ticks.
    pub fn recorded_samples(&self) -> u64 {
        self.recorded
    }

    /// Listens to another address from now on: a re-INVITE moved the media. The same address changes nothing.
    pub fn expect_source(&mut self, expected: Option<SocketAddr>) {
        self.source.expect(expected);
    }

    /// Listens for another codec from now on: a re-INVITE agreed on it. The audio goes on where time is.
    pub fn set_codec(&mut self, codec: Codec, payload_type: u8, dtmf_payload_type: Option<u8>) {
        if codec.clock() != self.config.codec.clock() {
            self.timeline.change_clock(codec.steps_per_tick());
            self.transit = None;
        }
        self.config = ReceiverConfig { codec, payload_type, dtmf_payload_type, ..self.config };
    }

    /// Returns the address that the call listens to, which is also where it should send.
    pub fn source_address(&self) -> Option<SocketAddr> {
        self.source.address()
    }

    /// Returns the SSRC that the call listens to.
    pub fn source_ssrc(&self) -> Option<u32> {
        self.source.ssrc()
    }

    /// Returns what came in so far.
    pub fn stats(&self) -> ReceiverStats {
        ReceiverStats {
            received: self.sequence.received(),
            expected: self.sequence.expected(),
            lost: self.sequence.lost(),
            jitter_samples: self.jitter_x16 >> 4,
            rebased: self.timeline.rebased(),
            ..self.stats
        }
    }

    /// Returns the sequence tracker, for a report block.
    pub fn sequence_mut(&mut self) -> &mut SequenceTracker {
        &mut self.sequence
    }
}
