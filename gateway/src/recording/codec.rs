//! What a recording's payload is coded in, and how packets stand in a run of it. Pure.
//!
//! G.711 and G.722 have one byte a tick of 1/8,000 s, so that a run is the payloads one behind the other. Opus packets differ in
//! length: in a run each stands behind its length in two bytes, little-endian, and lasts as long as it says itself.

use dauys_media::codec;

/// The codec of a recording's payload, named as RTP names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// G.711 µ-law, RTP payload type 0.
    Pcmu,
    /// G.711 A-law, RTP payload type 8.
    #[default]
    Pcma,
    /// G.722, RTP payload type 9.
    G722,
    /// Opus.
    Opus,
}

impl Codec {
    /// Says the byte that sounds like nothing, where a byte is a tick.
    pub const fn silence(self) -> u8 {
        match self {
            Self::Pcmu => 0xFF,
            Self::Pcma => 0xD5,
            Self::G722 | Self::Opus => dauys_media::g722::SILENCE,
        }
    }

    /// Returns the same codec as the media core names it.
    pub const fn media(self) -> codec::Codec {
        match self {
            Self::Pcmu => codec::Codec::Ulaw,
            Self::Pcma => codec::Codec::Alaw,
            Self::G722 => codec::Codec::G722,
            Self::Opus => codec::Codec::Opus,
        }
    }

    /// Says how long one packet's payload lasts, in ticks.
    pub fn ticks(self, payload: &[u8]) -> u64 {
        match self {
            Self::Opus => self.media().ticks(payload),
            _ => payload.len() as u64,
        }
    }

    /// Puts one packet's payload at the end of a run.
    pub fn append_to_run(self, payload: &[u8], run: &mut Vec<u8>) {
        if self == Self::Opus {
            let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
            run.extend_from_slice(&length.to_le_bytes());
            run.extend_from_slice(payload.get(..length.into()).unwrap_or(payload));
        } else {
            run.extend_from_slice(payload);
        }
    }

    /// Says how long a run lasts, in ticks.
    pub fn ticks_of_run(self, run: &[u8]) -> u64 {
        match self {
            Self::Opus => packets(run).map(|packet| self.ticks(packet)).sum(),
            _ => run.len() as u64,
        }
    }

    pub(super) const fn wire(self) -> u8 {
        self.media().payload_type()
    }

    pub(super) const fn from_wire(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            9 => Some(Self::G722),
            111 => Some(Self::Opus),
            _ => None,
        }
    }
}

impl From<codec::Codec> for Codec {
    fn from(codec: codec::Codec) -> Self {
        match codec {
            codec::Codec::Alaw => Self::Pcma,
            codec::Codec::Ulaw => Self::Pcmu,
            codec::Codec::G722 => Self::G722,
            codec::Codec::Opus => Self::Opus,
        }
    }
}

/// Walks the packets of an Opus run; what does not add up at the end is left out.
pub(super) fn packets(mut run: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = run.split_first_chunk()?;
        let (packet, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        run = rest;
        Some(packet)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_run_gives_its_packets_back(list in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20), cut in 0usize..400) {
            let mut run = Vec::new();
            list.iter().for_each(|packet| Codec::Opus.append_to_run(packet, &mut run));
            prop_assert!(packets(&run).eq(list.iter().map(Vec::as_slice)));
            run.truncate(run.len().saturating_sub(cut));
            prop_assert!(packets(&run).zip(&list).all(|(read, put)| read == put));
        }
    }

    #[test]
    fn every_codec_is_read_back() {
        for codec in codec::Codec::ALL.map(Codec::from) {
            assert_eq!(Codec::from_wire(codec.wire()), Some(codec));
            assert_eq!(Codec::from(codec.media()), codec);
        }
        assert_eq!(Codec::from_wire(1), None);
    }
}
