//! Line tones and key presses, found by Goertzel filters: nearly all of a frame's power in one or two known frequencies.
//!
//! Frequencies: call progress (ITU-T E.180: 425 Hz and its neighbours, special information tones),
//! DTMF (ITU-T Q.23), and answer tones of modems and fax machines (1100, 2100 Hz).

use super::activity::FRAME;
use crate::audio::SAMPLE_RATE;

const WINDOW: usize = 2 * FRAME;
/// Two tones less than 100 Hz apart (North America's ringing tone, 440 + 480 Hz) beat and are not told from a voice here.
const FREQUENCIES: [f32; 19] = [
    350.0, 400.0, 425.0, 450.0, 480.0, 620.0, 697.0, 770.0, 852.0, 941.0, 950.0, 1100.0, 1209.0, 1336.0, 1400.0,
    1477.0, 1633.0, 1800.0, 2100.0,
];
/// Share of the power that makes it a tone: 0.9 is a tone 10 dB above everything else.
const SHARE: f32 = 0.9;
/// The main lobe of a Hann window of 512 samples is 125 Hz wide: nearer filters hear the same tone twice.
const APART_HZ: f32 = 100.0;

/// A bank of Goertzel filters with a Hann window.
pub(super) struct ToneBank {
    hann: Vec<f32>,
    coefficients: [f32; FREQUENCIES.len()],
}

impl ToneBank {
    pub fn new() -> Self {
        let step = std::f32::consts::TAU / WINDOW as f32;
        Self {
            hann: (0..WINDOW).map(|i| 0.5 - 0.5 * (i as f32 * step).cos()).collect(),
            coefficients: FREQUENCIES.map(|f| 2.0 * (std::f32::consts::TAU * f / SAMPLE_RATE as f32).cos()),
        }
    }

    /// Returns whether one or two of the known frequencies hold nearly all the power.
    pub fn is_tone(&self, window: &[f32; WINDOW]) -> bool {
        let mut shaped = [0f32; WINDOW];
        shaped.iter_mut().zip(window).zip(&self.hann).for_each(|((out, x), w)| *out = x * w);
        // Both powers are scaled to what a sine of the same amplitude would have: sum(w) = N/2, sum(w²) = 3N/8.
        let total = shaped.iter().map(|s| s * s).sum::<f32>() / (0.375 * WINDOW as f32);
        let scale = 2.0 / (0.5 * WINDOW as f32).powi(2);
        let powers = self.coefficients.map(|c| goertzel(&shaped, c) * scale);
        let first = strongest(&powers, |_| true);
        let second = strongest(&powers, |f| (f - first.1).abs() >= APART_HZ);
        first.0 + second.0 >= SHARE * total
    }
}

fn strongest(powers: &[f32; FREQUENCIES.len()], allowed: impl Fn(f32) -> bool) -> (f32, f32) {
    powers
        .iter()
        .zip(FREQUENCIES)
        .filter(|&(_, f)| allowed(f))
        .fold((0.0, 0.0), |best, (&power, f)| if power > best.0 { (power, f) } else { best })
}

fn goertzel(shaped: &[f32], coefficient: f32) -> f32 {
    let (a, b) = shaped.iter().fold((0f32, 0f32), |(s1, s2), x| (x + coefficient * s1 - s2, s1));
    a * a + b * b - coefficient * a * b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(parts: &[(f32, f32)]) -> [f32; WINDOW] {
        std::array::from_fn(|i| {
            parts.iter().map(|&(f, a)| a * (std::f32::consts::TAU * f * i as f32 / SAMPLE_RATE as f32).sin()).sum()
        })
    }

    #[test]
    fn the_ringing_tone_and_every_key_are_tones() {
        let bank = ToneBank::new();
        assert!(bank.is_tone(&window(&[(425.0, 0.1)])));
        for low in [697.0, 770.0, 852.0, 941.0] {
            for high in [1209.0, 1336.0, 1477.0] {
                assert!(bank.is_tone(&window(&[(low, 0.2), (high, 0.25)])), "{low} + {high} Hz");
            }
        }
    }

    #[test]
    fn a_voice_with_many_harmonics_is_not_a_tone() {
        let harmonics: Vec<(f32, f32)> = (2..20).map(|n| (142.0 * n as f32, 0.3 / n as f32)).collect();
        assert!(!ToneBank::new().is_tone(&window(&harmonics)));
    }
}
