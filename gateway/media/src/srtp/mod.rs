//! Encrypted media: SRTP and SRTCP (RFC 3711, RFC 7714), keyed by what SDES agreed on (RFC 4568).
//!
//! Invariants: nothing is believed before its tag is right, so that forged packets move neither the rollover counter nor the replay
//! window; each index is accepted once; no packet allocates. The caller lends the room that a packet is opened or sealed in.

mod keys;
mod replay;

pub use keys::{KeyMaterial, Suite};

use keys::{Keys, Purpose};
use replay::{Replay, Window};

use crate::rtp::HEADER_LEN;

/// The most that sealing adds to an RTP packet, in bytes.
pub const MAX_TRAILER: usize = 16;
/// The most that sealing adds to an RTCP packet, in bytes: a tag and the index.
pub const MAX_RTCP_TRAILER: usize = 20;

/// Sources that are followed at once: one speaks, and another may take over.
const SOURCES: usize = 4;

const RTCP_HEADER_LEN: usize = 8;
/// Set in the index word when the RTCP packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;

/// Why a packet cannot be opened or sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    /// Too short, or its header runs past the end.
    #[error("malformed SRTP packet")]
    Malformed,
    /// The tag is wrong: another key, or a forgery.
    #[error("wrong authentication tag")]
    Tag,
    /// It came before, or is too old to tell.
    #[error("replayed packet")]
    Replayed,
    /// The caller's room is too small.
    #[error("no room for the packet")]
    Room,
    /// The key has sealed as many packets as it may.
    #[error("the key is used up")]
    KeyUsedUp,
}

/// Opens what the peer sends.
#[derive(Clone)]
pub struct Opener {
    suite: Suite,
    rtp: Keys,
    rtcp: Keys,
    sources: [Source; SOURCES],
    rtcp_sources: [Source; SOURCES],
    clock: u64,
}

/// One SSRC of the peer's.
#[derive(Debug, Clone, Copy, Default)]
struct Source {
    ssrc: u32,
    used: u64,
    window: Option<Window>,
}

impl Opener {
    /// Derives the session keys from what the peer's SDP said.
    pub fn new(suite: Suite, material: &KeyMaterial) -> Self {
        Self {
            suite,
            rtp: Keys::derive(suite, material, Purpose::Rtp),
            rtcp: Keys::derive(suite, material, Purpose::Rtcp),
            sources: Default::default(),
            rtcp_sources: Default::default(),
            clock: 0,
        }
    }

    /// Opens an RTP packet into `room` and returns it as it was before it was sealed.
    ///
    /// # Errors
    /// When it is malformed, forged or came before; nothing is then remembered of it.
    pub fn open<'a>(&mut self, packet: &[u8], room: &'a mut [u8]) -> Result<&'a [u8], SrtpError> {
        let header_len = rtp_header_len(packet).ok_or(SrtpError::Malformed)?;
        let sealed_len = packet.len().checked_sub(self.suite.rtp_tag_len()).ok_or(SrtpError::Malformed)?;
        if sealed_len < header_len {
            return Err(SrtpError::Malformed);
        }
        let sequence = u16::from_be_bytes([byte(packet, 2), byte(packet, 3)]);
        let ssrc = word(packet, 8).ok_or(SrtpError::Malformed)?;
        let known = self.sources.iter().find(|source| source.ssrc == ssrc).and_then(|source| source.window);
        let index = known.map_or(u64::from(sequence), |window| window.index_of(sequence));
        if known.is_some_and(|window| window.judge(index) == Replay::Seen) {
            return Err(SrtpError::Replayed);
        }
        let opened = room.get_mut(..sealed_len).ok_or(SrtpError::Room)?;
        self.rtp.open_rtp(packet, header_len, ssrc, index, opened)?;
        self.clock += 1;
        accept(&mut self.sources, ssrc, index, self.clock);
        Ok(opened)
    }

    /// Opens an RTCP packet into `room`.
    ///
    /// # Errors
    /// As [`Opener::open`].
    pub fn open_rtcp<'a>(&mut self, packet: &[u8], room: &'a mut [u8]) -> Result<&'a [u8], SrtpError> {
        let ssrc = word(packet, 4).ok_or(SrtpError::Malformed)?;
        let (index_at, opened_len) = self.suite.rtcp_layout(packet.len()).ok_or(SrtpError::Malformed)?;
        if opened_len < RTCP_HEADER_LEN {
            return Err(SrtpError::Malformed);
        }
        let index_word = word(packet, index_at).ok_or(SrtpError::Malformed)?;
        let index = u64::from(index_word & !ENCRYPTED);
        let known = self.rtcp_sources.iter().find(|source| source.ssrc == ssrc).and_then(|source| source.window);
        if known.is_some_and(|window| window.judge(index) == Replay::Seen) {
            return Err(SrtpError::Replayed);
        }
        let opened = room.get_mut(..opened_len).ok_or(SrtpError::Room)?;
        self.rtcp.open_rtcp(packet, index_word, ssrc, opened)?;
        self.clock += 1;
        accept(&mut self.rtcp_sources, ssrc, index, self.clock);
        Ok(opened)
    }
}

/// Seals what we send: one SSRC.
#[derive(Clone)]
pub struct Sealer {
    suite: Suite,
    rtp: Keys,
    rtcp: Keys,
    rollovers: u32,
    last_sequence: Option<u16>,
    rtcp_index: u32,
}

impl Sealer {
    /// Derives the session keys from what our SDP said.
    pub fn new(suite: Suite, material: &KeyMaterial) -> Self {
        Self {
            suite,
            rtp: Keys::derive(suite, material, Purpose::Rtp),
            rtcp: Keys::derive(suite, material, Purpose::Rtcp),
            rollovers: 0,
            last_sequence: None,
            rtcp_index: 0,
        }
    }

    /// Seals an RTP packet of `header` and `payload` into `room`; packets must come in the order of their numbers.
    ///
    /// # Errors
    /// When the room is too small: [`MAX_TRAILER`] more than the packet is enough.
    pub fn seal<'a>(
        &mut self,
        header: &[u8; HEADER_LEN],
        payload: &[u8],
        room: &'a mut [u8],
    ) -> Result<&'a [u8], SrtpError> {
        let sequence = u16::from_be_bytes([header[2], header[3]]);
        if self.last_sequence.is_some_and(|last| sequence < last) {
            self.rollovers = self.rollovers.checked_add(1).ok_or(SrtpError::KeyUsedUp)?;
        }
        self.last_sequence = Some(sequence);
        let index = (u64::from(self.rollovers) << 16) | u64::from(sequence);
        let plain_len = HEADER_LEN + payload.len();
        let sealed = room.get_mut(..plain_len + self.suite.rtp_tag_len()).ok_or(SrtpError::Room)?;
        let (head, body) = sealed.split_at_mut(HEADER_LEN);
        head.copy_from_slice(header);
        body.get_mut(..payload.len()).ok_or(SrtpError::Room)?.copy_from_slice(payload);
        self.rtp.seal_rtp(sealed, plain_len, index)?;
        Ok(sealed)
    }

    /// Seals an RTCP packet in place; what is added is appended.
    ///
    /// # Errors
    /// When the packet has no header, or the key is used up after 2^31 packets.
    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        if self.rtcp_index >= ENCRYPTED {
            return Err(SrtpError::KeyUsedUp);
        }
        self.rtcp.seal_rtcp(packet, self.rtcp_index | ENCRYPTED)?;
        self.rtcp_index += 1;
        Ok(())
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Opener").field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sealer").field("suite", &self.suite).finish_non_exhaustive()
    }
}

/// Takes note of a packet whose tag was right; a new source takes the place of the one that was silent for longest.
fn accept(sources: &mut [Source; SOURCES], ssrc: u32, index: u64, clock: u64) {
    let known = sources.iter().position(|source| source.ssrc == ssrc && source.window.is_some());
    let oldest = || sources.iter().enumerate().min_by_key(|(_, source)| source.used).map(|(place, _)| place);
    let Some(source) = known.or_else(oldest).and_then(|place| sources.get_mut(place)) else {
        return;
    };
    let mut window = source.window.filter(|_| known.is_some()).unwrap_or_else(|| Window::starting(index));
    window.accept(index);
    *source = Source { ssrc, used: clock, window: Some(window) };
}

/// Returns the length of an RTP header with its contributing sources and extension.
fn rtp_header_len(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    if first >> 6 != 2 {
        return None;
    }
    let fixed = HEADER_LEN + 4 * usize::from(first & 0x0F);
    if first & 0x10 == 0 {
        return Some(fixed);
    }
    let words = u16::from_be_bytes([*packet.get(fixed + 2)?, *packet.get(fixed + 3)?]);
    Some(fixed + 4 + 4 * usize::from(words))
}

fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or_default()
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;
