//! One call's encryption: what it opens and seals its packets with, and the room that it does so in.

use dauys_media::{
    rtp::HEADER_LEN,
    srtp::{KeyMaterial, Opener, Sealer, SrtpError, Suite},
};

/// The largest datagram that is opened or sealed, in bytes.
const ROOM: usize = 2_048;

/// What SDES agreed on for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SrtpKeys {
    /// The suite, both ways.
    pub suite: Suite,
    /// What this side seals with.
    pub local: KeyMaterial,
    /// What the peer seals with.
    pub remote: KeyMaterial,
}

pub(super) struct Protection {
    keys: SrtpKeys,
    opener: Opener,
    sealer: Sealer,
    room: [u8; ROOM],
}

impl Protection {
    pub fn new(keys: SrtpKeys) -> Box<Self> {
        Box::new(Self {
            keys,
            opener: Opener::new(keys.suite, &keys.remote),
            sealer: Sealer::new(keys.suite, &keys.local),
            room: [0; ROOM],
        })
    }

    /// Takes the keys of a new offer and answer. Keys that stay keep their counters (RFC 4568 section 7.1.4).
    pub fn rekey(&mut self, keys: SrtpKeys) {
        if (self.keys.suite, self.keys.remote) != (keys.suite, keys.remote) {
            self.opener = Opener::new(keys.suite, &keys.remote);
        }
        if (self.keys.suite, self.keys.local) != (keys.suite, keys.local) {
            self.sealer = Sealer::new(keys.suite, &keys.local);
        }
        self.keys = keys;
    }

    pub fn open(&mut self, packet: &[u8], is_rtcp: bool) -> Result<&[u8], SrtpError> {
        if is_rtcp { self.opener.open_rtcp(packet, &mut self.room) } else { self.opener.open(packet, &mut self.room) }
    }

    pub fn seal(&mut self, header: &[u8; HEADER_LEN], payload: &[u8]) -> Result<&[u8], SrtpError> {
        self.sealer.seal(header, payload, &mut self.room)
    }

    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        self.sealer.seal_rtcp(packet)
    }
}
