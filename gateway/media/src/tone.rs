//! Single tones: made (the beep before "speak now") and heard (by a phone that waits for it).
//!
//! Hearing is Goertzel's algorithm: the share of a frame's energy at one frequency.

use std::f32::consts::TAU;

use crate::{FRAME_SAMPLES, SAMPLE_RATE, samples_in};

/// Frequency of the beep after which the caller speaks, in Hz.
pub const SPEAK_NOW_HZ: f32 = 1_000.0;

/// Length of the fade at both ends, in samples: without it a tone clicks.
const FADE: usize = 40;

/// Makes a tone of `millis` at `amplitude` (0 to 1), faded in and out over 5 ms.
pub fn tone(hertz: f32, millis: u32, amplitude: f32) -> Vec<i16> {
    let samples = samples_in(millis) as usize;
    let step = TAU * hertz / SAMPLE_RATE as f32;
    let peak = amplitude.clamp(0.0, 1.0) * f32::from(i16::MAX);
    (0..samples)
        .map(|at| {
            let edge = at.min(samples - 1 - at).min(FADE) as f32 / FADE as f32;
            ((step * at as f32).sin() * peak * edge) as i16
        })
        .collect()
}

/// Measures one frequency in a frame.
#[derive(Debug, Clone, Copy)]
pub struct Goertzel {
    coefficient: f32,
}

impl Goertzel {
    /// Creates a meter for `hertz`.
    pub fn new(hertz: f32) -> Self {
        Self { coefficient: 2.0 * (TAU * hertz / SAMPLE_RATE as f32).cos() }
    }

    /// Returns the share of the frame's energy at the frequency, about 1 for a pure tone and 0 for silence.
    pub fn share(&self, frame: &[i16]) -> f32 {
        let (mut before, mut last, mut energy) = (0.0f32, 0.0f32, 0.0f32);
        for &sample in frame {
            let sample = f32::from(sample);
            let now = sample + self.coefficient * last - before;
            before = last;
            last = now;
            energy += sample * sample;
        }
        if energy < 1.0 {
            return 0.0;
        }
        let power = last * last + before * before - self.coefficient * last * before;
        2.0 * power / (energy * frame.len() as f32)
    }
}

/// Says when a tone begins and ends in a stream of samples.
#[derive(Debug, Clone)]
pub struct ToneDetector {
    goertzel: Goertzel,
    frame: Vec<i16>,
    run: u32,
    present: bool,
}

/// Mean square below which a frame is no tone: -45 dBFS.
const MIN_MEAN_SQUARE: f32 = 34_000.0;
/// Share of the energy that must be at the frequency.
const MIN_SHARE: f32 = 0.7;
/// Frames in agreement before a change is believed: 60 ms.
const AGREE: u32 = 3;

impl ToneDetector {
    /// Creates a detector for `hertz`.
    pub fn new(hertz: f32) -> Self {
        Self { goertzel: Goertzel::new(hertz), frame: Vec::with_capacity(FRAME_SAMPLES), run: 0, present: false }
    }

    /// Takes samples in any portions; returns the last change: `Some(true)` when the tone began, `Some(false)` when it ended.
    pub fn handle_samples(&mut self, samples: &[i16]) -> Option<bool> {
        let mut changed = None;
        for &sample in samples {
            self.frame.push(sample);
            if self.frame.len() == FRAME_SAMPLES {
                changed = self.judge().or(changed);
                self.frame.clear();
            }
        }
        changed
    }

    fn judge(&mut self) -> Option<bool> {
        let energy: f32 = self.frame.iter().map(|&sample| f32::from(sample) * f32::from(sample)).sum();
        let loud = energy / self.frame.len() as f32 > MIN_MEAN_SQUARE;
        let heard = loud && self.goertzel.share(&self.frame) > MIN_SHARE;
        self.run = if heard == self.present { 0 } else { self.run + 1 };
        if self.run < AGREE {
            return None;
        }
        self.run = 0;
        self.present = heard;
        Some(heard)
    }

    /// Returns whether the tone is there.
    pub fn is_present(&self) -> bool {
        self.present
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::g711::Codec;

    fn through_the_line(samples: &[i16]) -> Vec<i16> {
        samples.iter().map(|&sample| Codec::Alaw.decode(Codec::Alaw.encode(sample))).collect()
    }

    #[test]
    fn the_beep_is_heard_and_its_end_too() {
        let mut detector = ToneDetector::new(SPEAK_NOW_HZ);
        assert_eq!(detector.handle_samples(&[0; 1_600]), None);
        let beep = through_the_line(&tone(SPEAK_NOW_HZ, 300, 0.3));
        assert_eq!(beep.chunks(33).find_map(|piece| detector.handle_samples(piece)), Some(true));
        assert_eq!(detector.handle_samples(&[0; 1_600]), Some(false));
    }

    #[test]
    fn other_tones_and_noise_are_not_the_beep() {
        let mut state = 1u32;
        let noise: Vec<i16> = (0..16_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 18) as i16
            })
            .collect();
        for other in [tone(700.0, 500, 0.3), tone(1_300.0, 500, 0.3), noise, tone(SPEAK_NOW_HZ, 40, 0.3)] {
            let mut detector = ToneDetector::new(SPEAK_NOW_HZ);
            assert_eq!(detector.handle_samples(&through_the_line(&other)), None);
        }
    }

    #[test]
    fn a_tone_has_its_length_and_level() {
        let made = tone(SPEAK_NOW_HZ, 250, 0.5);
        assert_eq!(made.len(), 2_000);
        let peak = made.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!((16_000..=16_400).contains(&peak), "{peak}");
    }
}
