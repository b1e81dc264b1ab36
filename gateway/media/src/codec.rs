//! The codecs that the line hears and speaks, and the one clock that it keeps for all of them.
//!
//! A call's time line counts ticks of 1/8,000 s whatever the codec: one byte of G.711, one byte of G.722 at 64 kbit/s (whose RTP
//! clock is 8,000 Hz although it samples at twice that, RFC 3551 section 4.5.2), and six steps of Opus's 48,000 Hz clock.

use crate::{FRAME_SAMPLES, SAMPLE_RATE, g711, g722, opus};

/// What a stream is coded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Codec {
    /// G.711 A-law.
    #[default]
    Alaw,
    /// G.711 µ-law.
    Ulaw,
    /// G.722 at 64 kbit/s: wide band.
    G722,
    /// Opus (RFC 7587).
    Opus,
}

impl Codec {
    /// Every codec, cheapest first.
    pub const ALL: [Self; 4] = [Self::Alaw, Self::Ulaw, Self::G722, Self::Opus];

    /// Returns the encoding name of SDP's `a=rtpmap`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alaw => g711::Codec::Alaw.name(),
            Self::Ulaw => g711::Codec::Ulaw.name(),
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// Returns the static payload type (RFC 3551 table 4), and for Opus the dynamic one that is usual.
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Alaw => g711::Codec::Alaw.payload_type(),
            Self::Ulaw => g711::Codec::Ulaw.payload_type(),
            Self::G722 => 9,
            Self::Opus => 111,
        }
    }

    /// Returns the companding law of what is G.711.
    pub const fn law(self) -> Option<g711::Codec> {
        match self {
            Self::Alaw => Some(g711::Codec::Alaw),
            Self::Ulaw => Some(g711::Codec::Ulaw),
            Self::G722 | Self::Opus => None,
        }
    }

    /// Returns how many steps of the RTP clock one tick of the time line has.
    pub const fn steps_per_tick(self) -> u32 {
        match self {
            Self::Alaw | Self::Ulaw | Self::G722 => 1,
            Self::Opus => opus::CLOCK / SAMPLE_RATE,
        }
    }

    /// Returns the rate of the RTP clock, in Hz.
    pub const fn clock(self) -> u32 {
        SAMPLE_RATE * self.steps_per_tick()
    }

    /// Returns how long a packet's payload lasts, in ticks; 0 when it is no payload of this codec.
    pub fn ticks(self, payload: &[u8]) -> u64 {
        match self {
            Self::Alaw | Self::Ulaw | Self::G722 => payload.len() as u64,
            Self::Opus => opus::ticks(payload),
        }
    }

    /// Returns 20 ms of silence as a payload.
    pub fn silent_frame(self) -> &'static [u8] {
        static ALAW: [u8; FRAME_SAMPLES] = [g711::Codec::Alaw.silence(); FRAME_SAMPLES];
        static ULAW: [u8; FRAME_SAMPLES] = [g711::Codec::Ulaw.silence(); FRAME_SAMPLES];
        static G722: [u8; FRAME_SAMPLES] = [g722::SILENCE; FRAME_SAMPLES];
        match self {
            Self::Alaw => &ALAW,
            Self::Ulaw => &ULAW,
            Self::G722 => &G722,
            Self::Opus => opus::SILENT_FRAME,
        }
    }
}

impl From<g711::Codec> for Codec {
    fn from(law: g711::Codec) -> Self {
        match law {
            g711::Codec::Alaw => Self::Alaw,
            g711::Codec::Ulaw => Self::Ulaw,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_milliseconds_are_160_ticks_in_every_codec() {
        for codec in Codec::ALL {
            assert_eq!(codec.ticks(codec.silent_frame()), 160, "{codec:?}");
            assert_eq!(codec.clock(), if codec == Codec::Opus { 48_000 } else { 8_000 });
        }
    }
}
