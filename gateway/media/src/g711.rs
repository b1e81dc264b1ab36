//! G.711 A-law and µ-law (ITU-T G.711, 11/1988): one byte a sample, 8,000 samples a second.
//!
//! The decode tables are made from the recommendation's formula at compile time; encoding computes, because a 64 KiB
//! table per law would push the packet buffers out of the processor's cache.

/// Which companding law a stream uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// A-law, `PCMA` in SDP: Europe and Asia.
    Alaw,
    /// µ-law, `PCMU` in SDP: North America and Japan.
    Ulaw,
}

impl Codec {
    /// Returns the static payload type (RFC 3551 table 4).
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Ulaw => 0,
            Self::Alaw => 8,
        }
    }

    /// Returns the encoding name of SDP's `a=rtpmap` (RFC 3551).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ulaw => "PCMU",
            Self::Alaw => "PCMA",
        }
    }

    /// Returns the byte that stands for silence.
    pub const fn silence(self) -> u8 {
        match self {
            Self::Ulaw => 0xFF,
            Self::Alaw => 0xD5,
        }
    }

    /// Decodes one byte to a 16-bit linear sample.
    pub const fn decode(self, byte: u8) -> i16 {
        self.table()[byte as usize]
    }

    /// Encodes one 16-bit linear sample.
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Ulaw => encode_ulaw(sample),
            Self::Alaw => encode_alaw(sample),
        }
    }

    /// Decodes `bytes` to the end of `out`.
    pub fn decode_to(self, bytes: &[u8], out: &mut Vec<i16>) {
        let table = self.table();
        out.extend(bytes.iter().map(|&byte| table[byte as usize]));
    }

    /// Encodes `samples` to the end of `out`.
    pub fn encode_to(self, samples: &[i16], out: &mut Vec<u8>) {
        out.extend(samples.iter().map(|&sample| self.encode(sample)));
    }

    /// Returns the 256 linear values of this law, indexed by the byte on the wire.
    pub const fn table(self) -> &'static [i16; 256] {
        match self {
            Self::Ulaw => &ULAW,
            Self::Alaw => &ALAW,
        }
    }
}

static ALAW: [i16; 256] = decode_table(Codec::Alaw);
static ULAW: [i16; 256] = decode_table(Codec::Ulaw);

const fn decode_table(codec: Codec) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match codec {
            Codec::Alaw => decode_alaw(byte as u8),
            Codec::Ulaw => decode_ulaw(byte as u8),
        };
        byte += 1;
    }
    table
}

/// G.711 table 1: even bits are inverted on the wire; a 13-bit value, here left-aligned in 16 bits.
const fn decode_alaw(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let segment = (code >> 4) & 0x07;
    let step = ((code & 0x0F) as i16) << 4;
    let magnitude = match segment {
        0 => step + 8,
        _ => (step + 0x108) << (segment - 1),
    };
    if code & 0x80 != 0 { magnitude } else { -magnitude }
}

const fn encode_alaw(sample: i16) -> u8 {
    // One's complement for the negative half, as the recommendation's 13-bit sign-magnitude form wants.
    let (sign, magnitude) = if sample >= 0 { (0x80, sample as u16 >> 3) } else { (0, !sample as u16 >> 3) };
    let code = if magnitude < 32 {
        (magnitude >> 1) as u8
    } else {
        let segment = 11 - magnitude.leading_zeros() as u16;
        ((segment << 4) | ((magnitude >> segment) & 0x0F)) as u8
    };
    (code | sign) ^ 0x55
}

/// G.711 table 2: all bits are inverted on the wire; a 14-bit value with a bias of 33, here left-aligned in 16 bits.
const fn decode_ulaw(byte: u8) -> i16 {
    let code = !byte;
    let segment = (code >> 4) & 0x07;
    let magnitude = (((((code & 0x0F) as i32) << 3) + ULAW_BIAS) << segment) - ULAW_BIAS;
    if code & 0x80 == 0 { magnitude as i16 } else { -(magnitude as i16) }
}

const ULAW_BIAS: i32 = 0x84;
const ULAW_CLIP: i32 = 32_635;

const fn encode_ulaw(sample: i16) -> u8 {
    let (sign, magnitude) = if sample >= 0 { (0, sample as i32) } else { (0x80, -(sample as i32)) };
    let clipped = if magnitude > ULAW_CLIP { ULAW_CLIP } else { magnitude };
    let biased = (clipped + ULAW_BIAS) as u16;
    let segment = 8 - biased.leading_zeros() as u16;
    !((sign | (segment << 4) | ((biased >> (segment + 3)) & 0x0F)) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use audio_codec::{Decoder, Encoder, pcma, pcmu};

    const BOTH: [Codec; 2] = [Codec::Alaw, Codec::Ulaw];

    #[test]
    fn the_recommendations_end_points_decode_as_printed() {
        // G.711 tables 1a and 2a, decoder output values 1 and 128, scaled to 16 bits.
        assert_eq!(Codec::Alaw.decode(0xD5), 8);
        assert_eq!(Codec::Alaw.decode(0xAA), 4_032 * 8);
        assert_eq!(Codec::Alaw.decode(0x2A), -4_032 * 8);
        assert_eq!(Codec::Ulaw.decode(0xFF), 0);
        assert_eq!(Codec::Ulaw.decode(0x80), 8_031 * 4);
        assert_eq!(Codec::Ulaw.decode(0x00), -8_031 * 4);
    }

    #[test]
    fn every_byte_survives_decode_and_encode() {
        for codec in BOTH {
            for byte in 0..=255u8 {
                // µ-law has two zeros; the negative one (0x7F) comes back as the positive.
                let expected = if codec == Codec::Ulaw && byte == 0x7F { 0xFF } else { byte };
                assert_eq!(codec.encode(codec.decode(byte)), expected, "{codec:?} {byte:#x}");
            }
        }
    }

    #[test]
    fn every_sample_lands_in_its_own_interval() {
        // The recommendation's decision values: a code stands for an interval with its value in the middle, 16 wide in
        // A-law's first two segments and 8 in µ-law's first, and doubled with each further segment.
        for codec in BOTH {
            let loudest = i32::from(codec.table().iter().copied().max().unwrap());
            for sample in i16::MIN..=i16::MAX {
                let code = codec.encode(sample);
                let (segment, half_step) = match codec {
                    Codec::Alaw => (((code ^ 0x55) >> 4) & 7, 8),
                    Codec::Ulaw => ((!code >> 4) & 7, 4),
                };
                let doublings = if codec == Codec::Alaw { segment.saturating_sub(1) } else { segment };
                let error = (i32::from(codec.decode(code)) - i32::from(sample).clamp(-loudest, loudest)).abs();
                assert!(error <= half_step << doublings, "{codec:?} {sample}: {error}");
                let sign_is_kept = codec.decode(code) == 0 || (codec.decode(code) < 0) == (sample < 0);
                assert!(sign_is_kept, "{codec:?} {sample}");
            }
        }
    }

    #[test]
    fn agrees_with_an_independent_implementation() {
        let bytes: Vec<u8> = (0..=255).collect();
        let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let decoders: [(Codec, &mut dyn Decoder); 2] =
            [(Codec::Alaw, &mut pcma::PcmaDecoder::new()), (Codec::Ulaw, &mut pcmu::PcmuDecoder::new())];
        for (codec, decoder) in decoders {
            let (mut ours, mut theirs) = (Vec::new(), [0; 256]);
            codec.decode_to(&bytes, &mut ours);
            decoder.decode_into(&bytes, &mut theirs).unwrap();
            assert_eq!(ours, theirs);
        }

        let mut encoded = Vec::new();
        let mut theirs = vec![0; samples.len()];
        Codec::Ulaw.encode_to(&samples, &mut encoded);
        pcmu::PcmuEncoder::new().encode_into(&samples, &mut theirs).unwrap();
        assert_eq!(encoded, theirs);
        encoded.clear();
        Codec::Alaw.encode_to(&samples, &mut encoded);
        pcma::PcmaEncoder::new().encode_into(&samples, &mut theirs).unwrap();
        let different = samples.iter().zip(encoded.iter().zip(&theirs)).filter(|(_, (a, b))| a != b);
        // Theirs is eight units off in A-law's negative half, so that some samples miss their interval; hence our own.
        assert!(different.into_iter().all(|(&sample, _)| sample < 0));
    }

    #[test]
    fn silence_is_the_quietest_code() {
        for codec in BOTH {
            let quietest = codec.table().iter().map(|level| level.unsigned_abs()).min().unwrap();
            assert_eq!(codec.decode(codec.silence()).unsigned_abs(), quietest);
        }
    }
}
