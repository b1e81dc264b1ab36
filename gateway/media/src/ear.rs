//! What a call sounds like in the telephone band, whatever its codec: one 16-bit sample at 8,000 Hz a tick.
//!
//! Speech detection and in-band keys of a G.711 call with telephone events need no samples; only other calls have an ear.

use crate::{
    codec::Codec,
    g711, g722,
    opus::{self, MAX_TICKS},
};

/// Decodes one stream.
pub enum Ear {
    /// G.711 in one of its laws.
    Law(g711::Codec),
    /// G.722, its lower half.
    G722(Box<g722::NarrowDecoder>),
    /// Opus.
    Opus(Box<opus::NarrowDecoder>),
}

impl Ear {
    /// Creates an ear for a codec.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Alaw => Self::Law(g711::Codec::Alaw),
            Codec::Ulaw => Self::Law(g711::Codec::Ulaw),
            Codec::G722 => Self::G722(Box::default()),
            Codec::Opus => Self::Opus(Box::default()),
        }
    }

    /// Decodes a packet and hands its samples over, at most [`MAX_TICKS`] at once, with how far into the packet they start.
    pub fn hear(&mut self, payload: &[u8], mut each: impl FnMut(u64, &[i16])) {
        let mut buffer = [0i16; MAX_TICKS];
        let mut at = 0;
        let mut take = |samples: &[i16]| {
            each(at, samples);
            at += samples.len() as u64;
        };
        match self {
            Self::Law(law) => payload.chunks(MAX_TICKS).for_each(|piece| {
                let table = law.table();
                buffer.iter_mut().zip(piece).for_each(|(sample, &byte)| *sample = table[usize::from(byte)]);
                take(buffer.get(..piece.len()).unwrap_or_default());
            }),
            Self::G722(decoder) => payload.chunks(MAX_TICKS).for_each(|piece| take(decoder.decode(piece, &mut buffer))),
            Self::Opus(decoder) => take(decoder.decode(payload, &mut buffer)),
        }
    }
}

impl std::fmt::Debug for Ear {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Ear")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        play::Clip,
        tone::{Goertzel, tone},
    };

    #[test]
    fn every_codec_is_heard_at_the_same_pace() {
        let clip = Clip::with_codecs(&tone(697.0, 400, 0.3), &Codec::ALL);
        for codec in Codec::ALL {
            let (mut ear, mut heard) = (Ear::new(codec), Vec::new());
            for nth in 0..clip.frames() {
                ear.hear(clip.frame(codec, nth).unwrap(), |at, samples| {
                    assert_eq!(at, 0);
                    heard.extend_from_slice(samples);
                });
            }
            assert_eq!(heard.len(), 3_200, "{codec:?}");
            assert!(Goertzel::new(697.0).share(&heard[800..2_400]) > 0.9, "{codec:?}");
        }
    }

    #[test]
    fn a_long_packet_comes_in_pieces() {
        let mut places = Vec::new();
        Ear::new(Codec::Alaw).hear(&[0xD5; 1_000], |at, samples| places.push((at, samples.len())));
        assert_eq!(places, [(0, 960), (960, 40)]);
    }
}
