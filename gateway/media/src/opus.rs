//! Opus as it travels in RTP (RFC 7587): how long a packet lasts, what fills a gap, and prompts made by libopus itself.
//!
//! The length of a packet stands in its first bytes (RFC 6716 section 3); nothing is decoded to know it.

use opusic_c::{Application, Bitrate, Channels, Decoder, Encoder, SampleRate};

use crate::FRAME_SAMPLES;

/// The RTP clock, whatever rate is coded (RFC 7587 section 4.1), in Hz.
pub const CLOCK: u32 = 48_000;

/// 20 ms of nothing in the narrow band: a packet without a frame, which a decoder conceals (RFC 6716 section 2.1.9).
pub const SILENT_FRAME: &[u8] = &[1 << 3];

/// The longest packet, in ticks: 120 ms (RFC 6716 section 3.2.5).
pub const MAX_TICKS: usize = 960;

/// 2.5 ms, the shortest frame, in ticks.
const SHORTEST: u64 = 20;
/// A packet of 2.5 ms without a frame: CELT, narrow band.
const SHORTEST_GAP: u8 = 16 << 3;
/// Bits a second of prompts: speech in the telephone band needs no more.
const PROMPT_BITS: u32 = 24_000;
/// The longest packet that is made, in bytes.
const MAX_MADE: usize = 400;

/// Returns how long one frame of a packet lasts, in ticks, from its table-of-contents byte (RFC 6716 table 2).
const fn frame_ticks(contents: u8) -> u64 {
    let config = contents >> 3;
    match config {
        0..=11 => [80, 160, 320, 480][(config & 3) as usize],
        12..=15 => [80, 160][(config & 1) as usize],
        _ => [20, 40, 80, 160][(config & 3) as usize],
    }
}

/// Returns how long a packet lasts, in ticks of 1/8,000 s; 0 when it is no Opus packet.
pub fn ticks(packet: &[u8]) -> u64 {
    let Some(&contents) = packet.first() else {
        return 0;
    };
    let frames = match contents & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1).copied().unwrap_or_default() & 0x3F),
    };
    let all = frames * frame_ticks(contents);
    if all as usize > MAX_TICKS { 0 } else { all }
}

/// Fills a gap of `ticks` with packets that ask the decoder to conceal it (RFC 7845 section 4.1), in the coding of the packet
/// before or after it; returns each with its length. What is shorter than 2.5 ms cannot be filled and is left out.
pub fn gap(contents: u8, ticks: u64) -> impl Iterator<Item = ([u8; 1], u64)> {
    let frame = frame_ticks(contents);
    let whole = std::iter::repeat_n(([contents & !3], frame), (ticks / frame) as usize);
    let rest = std::iter::repeat_n(([SHORTEST_GAP | (contents & 4)], SHORTEST), (ticks % frame / SHORTEST) as usize);
    whole.chain(rest)
}

/// Encodes 8 kHz samples as packets of 20 ms; the last one is filled up with silence. Empty when libopus refuses.
pub fn encode(samples: &[i16]) -> Vec<Vec<u8>> {
    let Ok(mut encoder) = Encoder::new(Channels::Mono, SampleRate::Hz8000, Application::Voip) else {
        return Vec::new();
    };
    if encoder.set_bitrate(Bitrate::Value(PROMPT_BITS)).is_err() {
        return Vec::new();
    }
    let packets = samples.chunks(FRAME_SAMPLES).map(|chunk| {
        let mut frame = [0u16; FRAME_SAMPLES];
        for (place, &sample) in frame.iter_mut().zip(chunk) {
            // The binding names the words unsigned; libopus reads them as the signed ones that they are.
            *place = sample.cast_unsigned();
        }
        let mut packet = vec![0; MAX_MADE];
        let length = encoder.encode_to_slice(&frame, &mut packet).ok()?;
        packet.truncate(length);
        Some(packet)
    });
    packets.collect::<Option<_>>().unwrap_or_default()
}

/// Decodes a stream to the telephone band, packet by packet.
pub struct NarrowDecoder(Option<Decoder>);

impl Default for NarrowDecoder {
    fn default() -> Self {
        Self(Decoder::new(Channels::Mono, SampleRate::Hz8000).ok())
    }
}

impl NarrowDecoder {
    /// Decodes a packet to the start of `out`, one sample a tick, and returns the samples: none where it cannot be decoded.
    pub fn decode<'a>(&mut self, packet: &[u8], out: &'a mut [i16; MAX_TICKS]) -> &'a [i16] {
        let mut words = [0u16; MAX_TICKS];
        let Some(decoder) = &mut self.0 else {
            return &[];
        };
        let decoded = decoder.decode_to_slice(packet, &mut words, false).unwrap_or_default();
        for (place, word) in out.iter_mut().zip(words) {
            *place = word.cast_signed();
        }
        out.get(..decoded).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Goertzel, tone};
    use opusic_c::utils;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lengths_are_those_that_libopus_tells(packet in prop::collection::vec(any::<u8>(), 0..6)) {
            let theirs = if packet.is_empty() { 0 } else { utils::get_nb_samples(&packet, SampleRate::Hz8000).unwrap_or(0) };
            prop_assert_eq!(ticks(&packet), theirs as u64);
        }

        #[test]
        fn a_gap_is_filled_to_the_frame(contents: u8, length in 0u64..100_000) {
            let filled: u64 = gap(contents, length).map(|(packet, lasts)| {
                assert_eq!(ticks(&packet), lasts);
                lasts
            }).sum();
            prop_assert!(filled <= length && length - filled < SHORTEST);
        }

        #[test]
        fn any_packet_decodes_or_is_silent(packet in prop::collection::vec(any::<u8>(), 1..200)) {
            let mut out = [0; MAX_TICKS];
            let heard = NarrowDecoder::default().decode(&packet, &mut out).len() as u64;
            prop_assert!(heard == 0 || heard == ticks(&packet));
        }
    }

    #[test]
    fn a_prompt_is_heard_as_it_was() {
        let packets = encode(&tone(1_000.0, 990, 0.3));
        assert_eq!(packets.len(), 50);
        let (mut decoder, mut heard, mut out) = (NarrowDecoder::default(), Vec::new(), [0; MAX_TICKS]);
        for packet in &packets {
            assert_eq!(ticks(packet), 160);
            heard.extend_from_slice(decoder.decode(packet, &mut out));
        }
        assert_eq!(heard.len(), 8_000);
        assert!(Goertzel::new(1_000.0).share(&heard[2_000..6_000]) > 0.95);
    }
}
