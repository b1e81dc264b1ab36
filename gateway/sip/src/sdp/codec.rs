//! What a stream may be coded in, as SDP names it.

use sdp_types::Media;

use super::rtpmap;

/// The most formats of a stream that are looked at: more is no telephone.
const MAX_FORMATS: usize = 64;

/// A codec that the line may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 A-law, payload type 8.
    Pcma,
    /// G.711 µ-law, payload type 0.
    Pcmu,
    /// G.722 at 64 kbit/s, payload type 9.
    G722,
    /// Opus (RFC 7587), under a dynamic payload type.
    Opus,
}

impl Codec {
    /// The static payload type (RFC 3551 §6), and the one that an offer of ours gives to Opus.
    #[must_use]
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
            Self::G722 => 9,
            Self::Opus => 111,
        }
    }

    /// The encoding name in `a=rtpmap`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// The RTP clock in Hz: G.722's is 8,000 although it samples at 16,000 (RFC 3551 §4.5.2).
    #[must_use]
    pub fn clock(self) -> u32 {
        if self == Self::Opus { 48_000 } else { 8_000 }
    }

    /// The value of `a=rtpmap` behind the payload type.
    pub(super) fn encoding(self) -> String {
        match self {
            // Always two channels here, whatever is sent (RFC 7587 §7).
            Self::Opus => "opus/48000/2".to_owned(),
            _ => format!("{}/{}", self.name(), self.clock()),
        }
    }

    /// The value of `a=fmtp` behind the payload type.
    pub(super) fn parameters(self) -> Option<&'static str> {
        (self == Self::Opus).then_some("useinbandfec=1;stereo=0;sprop-stereo=0")
    }

    fn is(self, media: &Media, payload_type: u8) -> bool {
        match rtpmap(media, payload_type) {
            Some(encoding) => encoding.eq_ignore_ascii_case(&self.encoding()),
            None => self != Self::Opus && self.payload_type() == payload_type,
        }
    }
}

/// The payload types of a stream, as far as they are looked at.
pub(super) fn formats(media: &Media) -> Vec<u8> {
    let numbers = media.fmt.split_ascii_whitespace().filter_map(|format| format.parse().ok());
    numbers.filter(|number| *number < 128).take(MAX_FORMATS).collect()
}

/// The first of `wanted` that the stream has, with its payload type.
pub(super) fn choose(media: &Media, formats: &[u8], wanted: &[Codec]) -> Option<(Codec, u8)> {
    wanted.iter().find_map(|codec| {
        let payload_type = formats.iter().copied().find(|number| codec.is(media, *number))?;
        Some((*codec, payload_type))
    })
}

/// The payload type of telephone events: those that count by the codec's own clock (RFC 4733 §2.1), else those at 8,000 Hz.
pub(super) fn events(media: &Media, formats: &[u8], codec: Codec) -> Option<(u8, u32)> {
    [codec.clock(), 8_000].into_iter().find_map(|clock| {
        let name = format!("telephone-event/{clock}");
        let named = |number: &u8| rtpmap(media, *number).is_some_and(|encoding| encoding.eq_ignore_ascii_case(&name));
        formats.iter().copied().find(named).map(|number| (number, clock))
    })
}
