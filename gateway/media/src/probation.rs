//! Addresses that no SDP announced, on probation until they have sent a stream (RFC 7362's latching, made strict).
//!
//! Invariants: a stray packet, or one packet sprayed over and over, never passes; what a newcomer sent on probation is kept
//! and given back when it passes, so that a caller behind a NAT loses nothing; the table is bounded.

use std::{net::SocketAddr, time::Duration};

use crate::rtp::RtpPacket;

/// How many packets of a stream a newcomer must have sent: 160 ms of G.711 in frames of 20 ms.
const PACKETS: usize = 8;

/// How many addresses are watched at once; the one heard longest ago makes room.
const NEWCOMERS: usize = 4;

/// By how much the sequence number may move from one packet to the next, either way: some loss is no reason to start anew.
const MAX_STEP: u16 = 5;

/// The longest payload that is kept: 120 ms of G.711.
pub(crate) const MAX_HELD_PAYLOAD: usize = 960;

/// The longest payload whose timestamp may stand still: telephone events repeat theirs (RFC 4733 section 2.5.1.2).
const EVENT_PAYLOAD: usize = 16;

/// A packet kept back, in its owner's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPacket {
    /// When it arrived.
    pub arrival: Duration,
    /// Payload type.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Payload.
    pub payload: Vec<u8>,
}

impl HeldPacket {
    /// Copies a packet.
    pub(crate) fn of(arrival: Duration, packet: &RtpPacket<'_>) -> Self {
        Self {
            arrival,
            payload_type: packet.payload_type,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            payload: packet.payload.to_vec(),
        }
    }
}

#[derive(Debug, Clone)]
struct Newcomer {
    address: SocketAddr,
    ssrc: u32,
    held: Vec<HeldPacket>,
}

impl Newcomer {
    fn has(&self, packet: &RtpPacket<'_>) -> bool {
        self.ssrc == packet.ssrc && self.held.iter().any(|held| held.sequence == packet.sequence)
    }

    /// Whether time goes with the sequence, also where the network changed the order.
    fn continues(&self, packet: &RtpPacket<'_>) -> bool {
        let Some(last) = self.held.last() else { return false };
        let step = packet.sequence.wrapping_sub(last.sequence) as i16;
        let moved = packet.timestamp.wrapping_sub(last.timestamp) as i32;
        let stands_still = moved == 0 && packet.payload.len() <= EVENT_PAYLOAD;
        let together = moved.signum() == i32::from(step.signum());
        self.ssrc == packet.ssrc && (1..=MAX_STEP).contains(&step.unsigned_abs()) && (together || stands_still)
    }
}

/// Those who are on probation in one call.
#[derive(Debug, Clone, Default)]
pub struct Probation {
    newcomers: Vec<Newcomer>,
}

impl Probation {
    /// Watches a packet; returns what its sender sent before it, once that makes a stream.
    pub fn watch(&mut self, arrival: Duration, from: SocketAddr, packet: &RtpPacket<'_>) -> Option<Vec<HeldPacket>> {
        if packet.payload.len() > MAX_HELD_PAYLOAD {
            return None;
        }
        let newcomer = self.newcomer(from, packet.ssrc)?;
        if newcomer.has(packet) {
            return None;
        }
        if !newcomer.continues(packet) {
            newcomer.ssrc = packet.ssrc;
            newcomer.held.clear();
        }
        if newcomer.held.len() + 1 >= PACKETS {
            let held = std::mem::take(&mut newcomer.held);
            self.clear();
            return Some(held);
        }
        newcomer.held.push(HeldPacket::of(arrival, packet));
        None
    }

    /// Forgets everybody, and gives the memory back: few calls need it, and those only for a moment.
    pub fn clear(&mut self) {
        self.newcomers = Vec::new();
    }

    fn newcomer(&mut self, address: SocketAddr, ssrc: u32) -> Option<&mut Newcomer> {
        if let Some(at) = self.newcomers.iter().position(|newcomer| newcomer.address == address) {
            return self.newcomers.get_mut(at);
        }
        if self.newcomers.len() >= NEWCOMERS {
            let last_heard = |newcomer: &Newcomer| newcomer.held.last().map(|packet| packet.arrival);
            let oldest = (0..self.newcomers.len()).min_by_key(|at| self.newcomers.get(*at).map(last_heard))?;
            self.newcomers.swap_remove(oldest);
        }
        self.newcomers.push(Newcomer { address, ssrc, held: Vec::new() });
        self.newcomers.last_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn packet(sequence: u16, timestamp: u32) -> RtpPacket<'static> {
        RtpPacket { payload_type: 8, marker: false, sequence, timestamp, ssrc: 1, payload: &[0xD5; 160] }
    }

    /// Sends the packets of one address and returns how many it took, if it passed.
    fn passes(probation: &mut Probation, packets: impl Iterator<Item = RtpPacket<'static>>) -> Option<usize> {
        let mut sent = 0;
        for packet in packets {
            sent += 1;
            if let Some(held) = probation.watch(FRAME * sent, address(4_000), &packet) {
                assert_eq!(held.len() + 1, PACKETS);
                return Some(sent as usize);
            }
        }
        None
    }

    #[test]
    fn a_stream_passes_also_with_some_loss_and_out_of_order() {
        let stream =
            (0..8u16).map(|at| packet(65_530u16.wrapping_add(at), (u32::MAX - 300).wrapping_add(160 * u32::from(at))));
        assert_eq!(passes(&mut Probation::default(), stream), Some(8));
        let lossy = (0..30u16).filter(|at| at % 3 != 1).map(|at| packet(at, 160 * u32::from(at)));
        assert_eq!(passes(&mut Probation::default(), lossy), Some(8));
        let swapped = (0..30u16).map(|at| packet(at ^ 1, 160 * u32::from(at ^ 1)));
        assert_eq!(passes(&mut Probation::default(), swapped), Some(8));
    }

    #[test]
    fn one_packet_over_and_over_never_passes() {
        assert_eq!(passes(&mut Probation::default(), (0..500).map(|_| packet(1, 160))), None);
        assert_eq!(passes(&mut Probation::default(), (0..500).map(|at| packet(at, 160))), None);
        assert_eq!(
            passes(&mut Probation::default(), (0..500u16).map(|at| packet(at * 100, 160 * u32::from(at)))),
            None
        );
    }

    #[test]
    fn a_key_that_is_held_down_at_the_beginning_passes() {
        let key = (0..20).map(|at| RtpPacket { payload: &[1, 10, 0, 160], ..packet(at, 160) });
        assert_eq!(passes(&mut Probation::default(), key), Some(8));
    }

    #[test]
    fn strangers_do_not_keep_a_caller_on_probation() {
        let mut probation = Probation::default();
        for at in 0..7u16 {
            for stranger in 0..3 {
                assert_eq!(probation.watch(FRAME * u32::from(at), address(5_000 + stranger), &packet(7, 7)), None);
            }
            assert_eq!(probation.watch(FRAME * u32::from(at), address(4_000), &packet(at, 160 * u32::from(at))), None);
        }
        assert!(probation.watch(FRAME * 7, address(4_000), &packet(7, 1_120)).is_some());
    }

    #[test]
    fn the_table_is_bounded() {
        let mut probation = Probation::default();
        for port in 1..1_000 {
            probation.watch(FRAME * u32::from(port), address(port), &packet(1, 1));
            assert!(probation.newcomers.len() <= NEWCOMERS);
        }
    }
}
