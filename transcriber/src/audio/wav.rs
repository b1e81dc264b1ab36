//! A strict RIFF/WAVE reader for what telephony writes: linear 16-bit, A-law, µ-law and G.722 (format tags 1, 6, 7, 0x028F,
//! 0x0065 and 0xFFFE).

use audio_codec::Decoder;
use audio_codec::g722::G722Decoder;
use audio_codec::pcma::PcmaDecoder;
use audio_codec::pcmu::PcmuDecoder;

use super::{Audio, DecodeError, Format, Limits, check_duration, resample};

const TAG_PCM: u16 = 1;
const TAG_A_LAW: u16 = 6;
const TAG_MU_LAW: u16 = 7;
/// Registered for G.722 by two makers; both write 64 kbit/s, two samples a byte.
const TAGS_G722: [u16; 2] = [0x028F, 0x0065];
const TAG_EXTENSIBLE: u16 = 0xFFFE;
const MAX_CHANNELS: u16 = 8;
/// The tail that all `WAVE_FORMAT_EXTENSIBLE` sub-format GUIDs share after the two bytes of the tag.
const SUBFORMAT_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// What the `fmt ` chunk says.
struct Layout {
    format: Format,
    channels: u16,
    rate: u32,
}

impl Layout {
    fn bytes_per_sample(&self) -> usize {
        if self.format == Format::WavPcm16 { 2 } else { 1 }
    }
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Audio, DecodeError> {
    if bytes.get(8..12) != Some(b"WAVE") {
        return Err(DecodeError::UnknownContainer);
    }
    let (layout, data) = find_chunks(bytes)?;
    let frame = layout.bytes_per_sample() * usize::from(layout.channels);
    if data.len() % frame != 0 {
        return Err(DecodeError::Truncated("the last sample is incomplete"));
    }
    let frames = data.len() / frame * if layout.format == Format::WavG722 { 2 } else { 1 };
    if frames == 0 {
        return Err(DecodeError::Empty);
    }
    check_duration(frames as u64, layout.rate, limits)?;
    let mono = mix(&to_linear(layout.format, data), usize::from(layout.channels));
    Ok(Audio { samples: resample::to_16k(mono, layout.rate)?, format: layout.format })
}

pub(super) fn telephone_payload(bytes: &[u8]) -> Option<(Format, &[u8])> {
    let is_wave = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE");
    let (layout, data) = is_wave.then(|| find_chunks(bytes).ok()).flatten()?;
    let is_telephone = matches!(layout.format, Format::WavALaw | Format::WavMuLaw);
    (is_telephone && (layout.channels, layout.rate) == (1, 8_000)).then_some((layout.format, data))
}

/// Walks the chunks to the samples; a `fmt ` chunk must come first.
fn find_chunks(bytes: &[u8]) -> Result<(Layout, &[u8]), DecodeError> {
    let mut layout = None;
    let mut rest = bytes.get(12..).unwrap_or_default();
    loop {
        let Some((header, body)) = rest.split_at_checked(8) else {
            return Err(DecodeError::Truncated("no data chunk"));
        };
        let size = read_u32(header, 4).ok_or(DecodeError::Truncated("chunk header"))?;
        let id = header.get(..4).unwrap_or_default();
        if id == b"data" {
            let layout = layout.ok_or(DecodeError::Corrupt("samples come before their format"))?;
            // A writer that streams cannot know the length and says "all ones": everything up to the end.
            if size == u32::MAX {
                return Ok((layout, body));
            }
            let data = body.get(..size as usize).ok_or(DecodeError::Truncated("data chunk"))?;
            return Ok((layout, data));
        }
        let chunk = body.get(..size as usize).ok_or(DecodeError::Truncated("chunk"))?;
        if id == b"fmt " {
            if layout.is_some() {
                return Err(DecodeError::Corrupt("two format chunks"));
            }
            layout = Some(read_format(chunk)?);
        }
        // Chunks are padded to an even length (Multimedia Programming Interface, RIFF).
        let padded = size as usize + (size as usize & 1);
        rest = body.get(padded..).ok_or(DecodeError::Truncated("no data chunk"))?;
    }
}

fn read_format(chunk: &[u8]) -> Result<Layout, DecodeError> {
    let short = DecodeError::Truncated("format chunk");
    let word = |at| read_u16(chunk, at).ok_or_else(|| short.clone());
    let (mut tag, channels, bits) = (word(0)?, word(2)?, word(14)?);
    let rate = read_u32(chunk, 4).ok_or_else(|| short.clone())?;
    let block = word(12)?;
    if tag == TAG_EXTENSIBLE {
        let guid = chunk.get(24..40).ok_or_else(|| short.clone())?;
        if guid.get(2..) != Some(SUBFORMAT_TAIL.as_slice()) {
            return Err(DecodeError::Unsupported("WAV with a foreign sub-format".to_owned()));
        }
        tag = word(24)?;
    }
    let format = match (tag, bits) {
        (TAG_PCM, 16) => Format::WavPcm16,
        (TAG_A_LAW, 8) => Format::WavALaw,
        (TAG_MU_LAW, 8) => Format::WavMuLaw,
        // Four bits a sample is what it comes to; writers also say 8, 16 or nothing.
        (tag, _) if TAGS_G722.contains(&tag) => Format::WavG722,
        _ => return Err(DecodeError::Unsupported(format!("WAV format {tag} with {bits} bits"))),
    };
    if channels == 0 || channels > MAX_CHANNELS {
        return Err(DecodeError::Unsupported(format!("{channels} channels")));
    }
    if format == Format::WavG722 && (channels, rate) != (1, 16_000) {
        return Err(DecodeError::Unsupported(format!("G.722 with {channels} channels at {rate} Hz")));
    }
    let layout = Layout { format, channels, rate };
    if format != Format::WavG722 && usize::from(block) != layout.bytes_per_sample() * usize::from(channels) {
        return Err(DecodeError::Corrupt("block size does not fit the channels"));
    }
    Ok(layout)
}

fn to_linear(format: Format, data: &[u8]) -> Vec<i16> {
    match format {
        Format::WavALaw => expand(&mut PcmaDecoder::new(), data),
        Format::WavMuLaw => expand(&mut PcmuDecoder::new(), data),
        Format::WavG722 => expand(&mut G722Decoder::new(), data),
        // The others never come here.
        _ => data.as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair)).collect(),
    }
}

fn expand(decoder: &mut dyn Decoder, data: &[u8]) -> Vec<i16> {
    let mut samples = vec![0; decoder.max_decode_samples(data.len())];
    // It fails only when the room is too small, and then there are no samples, which the caller reports.
    let count = decoder.decode_into(data, &mut samples).unwrap_or(0);
    samples.truncate(count);
    samples
}

/// Averages the channels, so that what was said on any of them is heard.
fn mix(samples: &[i16], channels: usize) -> Vec<f32> {
    let scale = 1.0 / (32_768.0 * channels as f32);
    samples.chunks_exact(channels).map(|frame| frame.iter().map(|&s| f32::from(s)).sum::<f32>() * scale).collect()
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|&raw| u16::from_le_bytes(raw))
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|&raw| u32::from_le_bytes(raw))
}
