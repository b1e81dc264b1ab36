//! Whose packets a call listens to: symmetric RTP with a lock (RFC 4961; the idea of RFC 7362's latching, made strict).
//!
//! Invariants: once locked, no other address replaces or mixes in; another SSRC from the locked address is followed only
//! when it sends in sequence while the old one is silent, and then none of its packets is lost.

use std::{net::SocketAddr, time::Duration};

use crate::rtp::RtpPacket;

/// For how long the address in the SDP may still take over from whoever came first.
const PROVISIONAL: Duration = Duration::from_secs(2);

/// For how long the current SSRC must have been silent before another one is followed.
const SILENT: Duration = Duration::from_millis(40);

/// How many packets in sequence another SSRC must send.
const IN_SEQUENCE: usize = 3;

/// The longest payload that is kept while its SSRC is on probation: 60 ms of G.711.
const MAX_HELD_PAYLOAD: usize = 480;

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It belongs to the stream.
    Current,
    /// It begins a stream; what [`SourceLock::take_held`] returns comes before it.
    New,
    /// It was kept until its SSRC has shown itself to be the new one.
    Held,
    /// It comes from an address that the call does not listen to.
    ForeignAddress,
    /// It comes from the right address, but from another source while the known one still sends.
    ForeignSsrc,
}

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

#[derive(Debug, Clone, Copy)]
struct Locked {
    address: SocketAddr,
    ssrc: u32,
    heard: Duration,
    /// Until when the SDP's address may still take over; `None` once it is final.
    provisional_until: Option<Duration>,
}

#[derive(Debug, Clone)]
struct Candidate {
    ssrc: u32,
    next: u16,
    held: Vec<HeldPacket>,
}

/// Decides whose packets are heard.
#[derive(Debug, Clone)]
pub struct SourceLock {
    expected: Option<SocketAddr>,
    locked: Option<Locked>,
    candidate: Option<Box<Candidate>>,
}

impl SourceLock {
    /// Creates a lock that prefers `expected`, the address that the peer's SDP named.
    pub fn new(expected: Option<SocketAddr>) -> Self {
        Self { expected, locked: None, candidate: None }
    }

    /// Opens the lock for a new address: a re-INVITE moved the media.
    pub fn expect(&mut self, expected: Option<SocketAddr>) {
        if self.expected != expected {
            *self = Self::new(expected);
        }
    }

    /// Returns the address that is listened to.
    pub fn address(&self) -> Option<SocketAddr> {
        self.locked.map(|locked| locked.address)
    }

    /// Returns the SSRC that is listened to.
    pub fn ssrc(&self) -> Option<u32> {
        self.locked.map(|locked| locked.ssrc)
    }

    /// Judges a packet that is valid in every other respect.
    pub fn admit(&mut self, arrival: Duration, from: SocketAddr, packet: &RtpPacket<'_>) -> Admission {
        let Some(locked) = &mut self.locked else {
            return self.lock(arrival, from, packet.ssrc);
        };
        if from != locked.address {
            let may_take_over = locked.provisional_until.is_some_and(|until| arrival <= until);
            if may_take_over && Some(from) == self.expected {
                return self.lock(arrival, from, packet.ssrc);
            }
            return Admission::ForeignAddress;
        }
        if packet.ssrc == locked.ssrc {
            locked.heard = arrival;
            if let Some(candidate) = &mut self.candidate {
                candidate.held.clear();
            }
            return Admission::Current;
        }
        let silent = arrival.saturating_sub(locked.heard) >= SILENT;
        self.judge_ssrc(arrival, packet, silent)
    }

    fn lock(&mut self, arrival: Duration, address: SocketAddr, ssrc: u32) -> Admission {
        let provisional = self.expected.is_some_and(|expected| expected != address);
        let provisional_until = provisional.then(|| arrival + PROVISIONAL);
        self.locked = Some(Locked { address, ssrc, heard: arrival, provisional_until });
        self.candidate = None;
        Admission::New
    }

    fn judge_ssrc(&mut self, arrival: Duration, packet: &RtpPacket<'_>, silent: bool) -> Admission {
        if packet.payload.len() > MAX_HELD_PAYLOAD {
            return Admission::ForeignSsrc;
        }
        let candidate = self.candidate.get_or_insert_with(|| {
            Box::new(Candidate { ssrc: packet.ssrc, next: packet.sequence, held: Vec::with_capacity(IN_SEQUENCE) })
        });
        if candidate.ssrc != packet.ssrc || candidate.next != packet.sequence {
            candidate.ssrc = packet.ssrc;
            candidate.held.clear();
        }
        candidate.next = packet.sequence.wrapping_add(1);
        if candidate.held.len() + 1 < IN_SEQUENCE {
            candidate.held.push(HeldPacket {
                arrival,
                payload_type: packet.payload_type,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                payload: packet.payload.to_vec(),
            });
            return Admission::Held;
        }
        if !silent {
            candidate.held.clear();
            return Admission::ForeignSsrc;
        }
        if let Some(locked) = &mut self.locked {
            locked.ssrc = packet.ssrc;
            locked.heard = arrival;
        }
        Admission::New
    }

    /// Returns the packets that were kept back before the one that was admitted as new.
    pub fn take_held(&mut self) -> Vec<HeldPacket> {
        self.candidate.take().map(|candidate| candidate.held).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn packet(ssrc: u32, sequence: u16) -> RtpPacket<'static> {
        RtpPacket { payload_type: 8, marker: false, sequence, timestamp: 0, ssrc, payload: &[0xD5; 160] }
    }

    #[test]
    fn behind_a_nat_the_first_valid_source_is_taken() {
        let mut lock = SourceLock::new(Some(address(4_000)));
        assert_eq!(lock.admit(FRAME, address(60_000), &packet(1, 1)), Admission::New);
        assert_eq!(lock.admit(FRAME, address(60_000), &packet(1, 2)), Admission::Current);
        assert_eq!(lock.admit(FRAME, address(60_001), &packet(1, 3)), Admission::ForeignAddress);
        assert_eq!(lock.address(), Some(address(60_000)));
    }

    #[test]
    fn the_announced_address_takes_over_at_first_and_never_later() {
        let mut lock = SourceLock::new(Some(address(4_000)));
        lock.admit(FRAME, address(60_000), &packet(1, 1));
        assert_eq!(lock.admit(FRAME * 2, address(4_000), &packet(2, 9)), Admission::New);
        assert_eq!(lock.admit(FRAME * 2, address(60_000), &packet(1, 2)), Admission::ForeignAddress);

        let mut lock = SourceLock::new(Some(address(4_000)));
        lock.admit(FRAME, address(60_000), &packet(1, 1));
        let later = Duration::from_secs(3);
        assert_eq!(lock.admit(later, address(4_000), &packet(2, 9)), Admission::ForeignAddress);
    }

    #[test]
    fn a_second_source_mixed_in_is_never_heard() {
        let mut lock = SourceLock::new(None);
        lock.admit(Duration::ZERO, address(4_000), &packet(1, 0));
        for frame in 1..200u16 {
            let now = FRAME * u32::from(frame);
            // Three forged packets in sequence for each true one.
            for forged in 0..3 {
                let admission = lock.admit(now, address(4_000), &packet(66, frame * 3 + forged));
                assert!(matches!(admission, Admission::Held | Admission::ForeignSsrc), "{admission:?}");
            }
            assert_eq!(lock.admit(now, address(4_000), &packet(1, frame)), Admission::Current);
        }
        assert_eq!(lock.ssrc(), Some(1));
    }

    #[test]
    fn a_new_ssrc_is_followed_and_its_first_packets_are_kept() {
        let mut lock = SourceLock::new(None);
        lock.admit(Duration::ZERO, address(4_000), &packet(1, 0));
        assert_eq!(lock.admit(FRAME, address(4_000), &packet(2, 700)), Admission::Held);
        assert_eq!(lock.admit(FRAME * 2, address(4_000), &packet(2, 701)), Admission::Held);
        assert_eq!(lock.admit(FRAME * 3, address(4_000), &packet(2, 702)), Admission::New);
        let held: Vec<u16> = lock.take_held().iter().map(|held| held.sequence).collect();
        assert_eq!(held, [700, 701]);
        assert_eq!(lock.admit(FRAME * 4, address(4_000), &packet(2, 703)), Admission::Current);
    }

    #[test]
    fn a_reinvite_opens_the_lock() {
        let mut lock = SourceLock::new(None);
        lock.admit(Duration::ZERO, address(4_000), &packet(1, 0));
        lock.expect(Some(address(5_000)));
        assert_eq!(lock.admit(FRAME, address(5_000), &packet(2, 0)), Admission::New);
    }
}
