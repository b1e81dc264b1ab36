//! A recording as a WAV file: G.711 as it came, format tag 6 (A-law) or 7 (µ-law) with a `fact` chunk, or 16-bit samples. Pure.
//!
//! Source: Microsoft's "Multimedia Programming Interface and Data Specifications", 1991, and its 1994 revision (non-PCM formats carry
//! `cbSize` and a `fact` chunk).

use super::format::Codec;

/// The length of everything before the samples, in bytes.
pub const HEADER: usize = 58;

const RATE: u32 = 8_000;

/// Makes a WAV file of mono G.711 at 8,000 samples a second. What does not fit a RIFF file (4 GiB) is cut off.
pub fn write(codec: Codec, payload: &[u8]) -> Vec<u8> {
    let most = u32::MAX - 64;
    let samples = u32::try_from(payload.len()).unwrap_or(most).min(most);
    let payload = payload.get(..samples as usize).unwrap_or(payload);
    let padding = samples % 2;

    let mut file = Vec::with_capacity(HEADER + payload.len() + 1);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(HEADER as u32 - 8 + samples + padding).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&18u32.to_le_bytes());
    file.extend_from_slice(&tag(codec).to_le_bytes());
    file.extend_from_slice(&1u16.to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&1u16.to_le_bytes());
    file.extend_from_slice(&8u16.to_le_bytes());
    file.extend_from_slice(&0u16.to_le_bytes());
    file.extend_from_slice(b"fact");
    file.extend_from_slice(&4u32.to_le_bytes());
    file.extend_from_slice(&samples.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&samples.to_le_bytes());
    file.extend_from_slice(payload);
    if padding == 1 {
        file.push(0);
    }
    file
}

/// Makes a WAV file of mono 16-bit samples at `rate` Hz. What does not fit a RIFF file (4 GiB) is cut off.
pub fn write_linear(samples: &[i16], rate: u32) -> Vec<u8> {
    const LINEAR_HEADER: usize = 44;
    let most = (u32::MAX as usize - LINEAR_HEADER) / 2;
    let samples = samples.get(..most).unwrap_or(samples);
    let bytes = samples.len() as u32 * 2;

    let mut file = Vec::with_capacity(LINEAR_HEADER + bytes as usize);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(LINEAR_HEADER as u32 - 8 + bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16u32.to_le_bytes());
    file.extend_from_slice(&1u16.to_le_bytes());
    file.extend_from_slice(&1u16.to_le_bytes());
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(rate * 2).to_le_bytes());
    file.extend_from_slice(&2u16.to_le_bytes());
    file.extend_from_slice(&16u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&bytes.to_le_bytes());
    samples.iter().for_each(|sample| file.extend_from_slice(&sample.to_le_bytes()));
    file
}

const fn tag(codec: Codec) -> u16 {
    if matches!(codec, Codec::Pcmu) { 7 } else { 6 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_back() {
        let samples = [0, 1, -1, i16::MAX, i16::MIN];
        let file = write_linear(&samples, 16_000);
        let reader = hound::WavReader::new(std::io::Cursor::new(file)).unwrap();
        assert_eq!((reader.spec().sample_rate, reader.spec().bits_per_sample, reader.spec().channels), (16_000, 16, 1));
        assert!(reader.into_samples::<i16>().map(Result::unwrap).eq(samples));
    }

    #[test]
    fn the_header_is_58_bytes_and_the_payload_is_untouched() {
        let payload: Vec<u8> = (0..=255).chain(0..=44).collect();
        for (codec, tag) in [(Codec::Pcma, 6), (Codec::Pcmu, 7)] {
            let file = write(codec, &payload);
            assert_eq!(&file[..4], b"RIFF");
            assert_eq!(u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize, file.len() - 8);
            assert_eq!(&file[8..16], b"WAVEfmt ");
            assert_eq!(u16::from_le_bytes(file[20..22].try_into().unwrap()), tag);
            assert_eq!(&file[38..42], b"fact");
            assert_eq!(u32::from_le_bytes(file[46..50].try_into().unwrap()), 301);
            assert_eq!(&file[50..54], b"data");
            assert_eq!(u32::from_le_bytes(file[54..58].try_into().unwrap()), 301);
            assert_eq!(&file[HEADER..HEADER + 301], payload);
            assert_eq!(file.len(), HEADER + 302, "chunks start on even bytes");
        }
    }
}
