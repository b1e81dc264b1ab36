//! Whose packets a call listens to: symmetric RTP with a lock (RFC 4961; the idea of RFC 7362's latching, made strict).
//!
//! Invariants: the address in the SDP is believed at once, any other only when it has sent a stream; once locked, no other
//! address replaces or mixes in; another SSRC from the locked address is followed only when it sends in sequence while the
//! old one is silent. None of the packets of whoever is taken is lost.

use std::{net::SocketAddr, time::Duration};

use crate::{
    probation::{HeldPacket, MAX_HELD_PAYLOAD, Probation},
    rtp::RtpPacket,
};

/// For how long the address in the SDP may still take over from another one.
const PROVISIONAL: Duration = Duration::from_secs(2);

/// For how long the current SSRC must have been silent before another one is followed.
const SILENT: Duration = Duration::from_millis(40);

/// How many packets in sequence another SSRC must send.
const IN_SEQUENCE: usize = 3;

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It belongs to the stream.
    Current,
    /// It begins a stream; what [`SourceLock::take_held`] returns comes before it.
    New,
    /// It was kept until its SSRC has shown itself to be the new one.
    Held,
    /// It was kept until its address, which nobody announced, has sent a stream.
    OnProbation,
    /// It comes from an address that the call does not listen to.
    ForeignAddress,
    /// It comes from the right address, but from another source while the known one still sends.
    ForeignSsrc,
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
    probation: Probation,
    candidate: Option<Box<Candidate>>,
    released: Vec<HeldPacket>,
}

impl SourceLock {
    /// Creates a lock that prefers `expected`, the address that the peer's SDP named.
    pub fn new(expected: Option<SocketAddr>) -> Self {
        Self { expected, locked: None, probation: Probation::default(), candidate: None, released: Vec::new() }
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
            return self.meet(arrival, from, packet);
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

    fn meet(&mut self, arrival: Duration, from: SocketAddr, packet: &RtpPacket<'_>) -> Admission {
        if Some(from) != self.expected {
            let Some(held) = self.probation.watch(arrival, from, packet) else {
                return Admission::OnProbation;
            };
            self.released = held;
        }
        self.probation.clear();
        self.lock(arrival, from, packet.ssrc)
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
            candidate.held.push(HeldPacket::of(arrival, packet));
            return Admission::Held;
        }
        if !silent {
            candidate.held.clear();
            return Admission::ForeignSsrc;
        }
        self.released = self.candidate.take().map(|candidate| candidate.held).unwrap_or_default();
        if let Some(locked) = &mut self.locked {
            locked.ssrc = packet.ssrc;
            locked.heard = arrival;
        }
        Admission::New
    }

    /// Returns the packets that were kept back before the one that was admitted as new.
    pub fn take_held(&mut self) -> Vec<HeldPacket> {
        std::mem::take(&mut self.released)
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
        let timestamp = 160 * u32::from(sequence);
        RtpPacket { payload_type: 8, marker: false, sequence, timestamp, ssrc, payload: &[0xD5; 160] }
    }

    /// A lock that has taken the NAT's address 60000 at 160 ms.
    fn behind_a_nat() -> SourceLock {
        let mut lock = SourceLock::new(Some(address(4_000)));
        for at in 1..8 {
            assert_eq!(lock.admit(FRAME * at, address(60_000), &packet(1, at as u16)), Admission::OnProbation);
        }
        assert_eq!(lock.address(), None);
        assert_eq!(lock.admit(FRAME * 8, address(60_000), &packet(1, 8)), Admission::New);
        lock
    }

    #[test]
    fn behind_a_nat_whoever_sends_a_stream_is_taken_and_nothing_of_it_is_lost() {
        let mut lock = behind_a_nat();
        let held: Vec<u16> = lock.take_held().iter().map(|held| held.sequence).collect();
        assert_eq!(held, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(lock.admit(FRAME * 9, address(60_000), &packet(1, 9)), Admission::Current);
        assert_eq!(lock.admit(FRAME * 9, address(60_001), &packet(1, 10)), Admission::ForeignAddress);
        assert_eq!(lock.address(), Some(address(60_000)));
    }

    #[test]
    fn a_stranger_who_comes_before_the_announced_caller_is_not_heard() {
        let mut lock = SourceLock::new(Some(address(4_000)));
        for at in 0..7 {
            assert_eq!(lock.admit(FRAME * at, address(60_000), &packet(9, at as u16)), Admission::OnProbation);
        }
        assert_eq!(lock.admit(FRAME * 7, address(4_000), &packet(1, 1)), Admission::New);
        assert!(lock.take_held().is_empty());
        assert_eq!(lock.admit(FRAME * 8, address(60_000), &packet(9, 8)), Admission::ForeignAddress);
        assert_eq!(lock.admit(FRAME * 8, address(4_000), &packet(1, 2)), Admission::Current);
    }

    #[test]
    fn the_announced_address_takes_over_at_first_and_never_later() {
        let mut lock = behind_a_nat();
        assert_eq!(lock.admit(FRAME * 9, address(4_000), &packet(2, 9)), Admission::New);
        assert_eq!(lock.admit(FRAME * 9, address(60_000), &packet(1, 9)), Admission::ForeignAddress);

        let mut lock = behind_a_nat();
        let later = Duration::from_secs(3);
        assert_eq!(lock.admit(later, address(4_000), &packet(2, 9)), Admission::ForeignAddress);
    }

    #[test]
    fn a_second_source_mixed_in_is_never_heard() {
        let mut lock = SourceLock::new(Some(address(4_000)));
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
        let mut lock = SourceLock::new(Some(address(4_000)));
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
        let mut lock = SourceLock::new(Some(address(4_000)));
        lock.admit(Duration::ZERO, address(4_000), &packet(1, 0));
        lock.expect(Some(address(5_000)));
        assert_eq!(lock.admit(FRAME, address(5_000), &packet(2, 0)), Admission::New);
    }
}
