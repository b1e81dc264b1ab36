//! G.722 at 64 kbit/s (ITU-T G.722 mode 1): one byte for two samples at 16,000 Hz, so that a byte is one tick of the time line.

use audio_codec::{
    Encoder,
    g722::{Bitrate, G722Decoder, G722Encoder},
};

/// A byte that, repeated, decodes to silence: of all bytes the one that ends nearest to zero, and soonest after speech.
pub const SILENCE: u8 = 0xFC;

/// Samples per second of what is decoded in full.
pub const WIDE_RATE: u32 = 16_000;

/// Decodes a whole stream to 16-bit samples at [`WIDE_RATE`].
pub fn decode(bytes: &[u8]) -> Vec<i16> {
    let mut samples = vec![0; bytes.len() * 2];
    let decoded = G722Decoder::new().decode_frame_into(bytes, &mut samples).unwrap_or_default();
    samples.truncate(decoded);
    samples
}

/// Encodes 8 kHz samples; each becomes a byte.
pub fn encode_narrow(samples: &[i16]) -> Vec<u8> {
    // The encoder takes the wide rate: a straight line between two samples is smooth enough below its split at 4 kHz.
    let wide: Vec<i16> = samples
        .iter()
        .zip(samples.iter().skip(1).chain(samples.last()))
        .flat_map(|(&now, &next)| [now, now.midpoint(next)])
        .collect();
    let mut bytes = vec![0; samples.len()];
    let encoded = G722Encoder::new().encode_into(&wide, &mut bytes).unwrap_or_default();
    bytes.truncate(encoded);
    bytes
}

/// Decodes a stream's lower half, the telephone band, packet by packet: one sample at 8,000 Hz a byte.
pub struct NarrowDecoder(G722Decoder);

impl Default for NarrowDecoder {
    fn default() -> Self {
        Self(G722Decoder::with_options(Bitrate::Mode1_64000, false, true))
    }
}

impl NarrowDecoder {
    /// Decodes `bytes` to the start of `out` and returns the samples; what does not fit is left out.
    pub fn decode<'a>(&mut self, bytes: &[u8], out: &'a mut [i16]) -> &'a [i16] {
        let bytes = bytes.get(..out.len()).unwrap_or(bytes);
        let decoded = self.0.decode_frame_into(bytes, out).unwrap_or_default();
        out.get(..decoded).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Goertzel, tone};

    #[test]
    fn a_tone_survives_and_lasts_as_long() {
        let bytes = encode_narrow(&tone(1_000.0, 500, 0.3));
        assert_eq!(bytes.len(), 4_000);
        let mut out = [0; 4_000];
        let heard = NarrowDecoder::default().decode(&bytes, &mut out);
        assert!(Goertzel::new(1_000.0).share(&heard[800..2_400]) > 0.95);
        let wide = decode(&bytes);
        assert_eq!(wide.len(), 8_000);
        // At twice the rate the same tone lies at half the frequency of an 8 kHz meter.
        assert!(Goertzel::new(500.0).share(&wide[1_600..4_800]) > 0.95);
    }

    #[test]
    fn the_silent_byte_is_silent_also_right_after_speech() {
        assert!(decode(&[SILENCE; 800]).iter().all(|sample| sample.unsigned_abs() < 32));
        let gap = [encode_narrow(&tone(400.0, 500, 0.5)), vec![SILENCE; 800]].concat();
        // 10 ms after the last byte of speech.
        assert!(decode(&gap)[8_160..].iter().all(|sample| sample.unsigned_abs() < 128));
    }

    #[test]
    fn any_bytes_decode() {
        let bytes: Vec<u8> = (0..4_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert_eq!(decode(&bytes).len(), 8_000);
        assert_eq!(NarrowDecoder::default().decode(&bytes, &mut [0; 100]).len(), 100);
    }
}
