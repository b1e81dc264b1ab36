//! Any usual sample rate to 16 kHz, with a synchronous FFT resampler: the ratio is fixed and the whole clip is at hand.

use rubato::audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Fft, FixedSync, Resampler as _};

use super::{DecodeError, SAMPLE_RATE, sane};

/// The rates that recordings are made at; an odd one (7,919 Hz) would make an FFT of absurd size, and is a damaged header.
const RATES: [u32; 9] = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
const CHUNK: usize = 1024;

pub(super) fn to_16k(mono: Vec<f32>, rate: u32) -> Result<Vec<f32>, DecodeError> {
    if !RATES.contains(&rate) {
        return Err(DecodeError::Unsupported(format!("sample rate of {rate} Hz")));
    }
    if rate == SAMPLE_RATE || mono.is_empty() {
        return Ok(mono);
    }
    let unsupported = |_| DecodeError::Unsupported(format!("sample rate of {rate} Hz"));
    let mut resampler =
        Fft::<f32>::new(rate as usize, SAMPLE_RATE as usize, CHUNK, 1, FixedSync::Both).map_err(unsupported)?;
    let frames = mono.len();
    let input = InterleavedOwned::new_from(mono, 1, frames)
        .map_err(|_| DecodeError::Corrupt("sample count does not add up"))?;
    let output = resampler
        .process_all(&input, frames, None)
        .map_err(|_| DecodeError::Corrupt("sample count does not add up"))?;
    let mut samples = output.take_data();
    samples.iter_mut().for_each(|s| *s = sane(*s));
    Ok(samples)
}
