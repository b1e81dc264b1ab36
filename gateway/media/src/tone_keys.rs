//! Key presses as tones within the voice (ITU-T Q.23, received by the limits of Q.24): for phones that send no telephone events.
//!
//! A key is believed when two blocks of 12.75 ms in a row are made of its two tones alone, of like strength. That is the talk-off
//! protection: a voice has harmonics, so that two tones never carry nearly all of its energy for so long.

use std::f32::consts::TAU;

use crate::SAMPLE_RATE;

/// Samples in a block: short enough that a press of 40 ms fills two, long enough to tell neighbours apart.
const BLOCK: usize = 102;
const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
const KEYS: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Mean square of the quietest key: -42 dBFS, some 39 dB below the loudest tone of the line.
const MIN_MEAN_SQUARE: f32 = 67_000.0;
/// The share of a block's energy that the two tones must have.
const MIN_SHARE: f32 = 0.82;
/// The same for a key that is down already: a wavering line does not make two presses of one.
const KEEPS_SHARE: f32 = 0.6;
/// How much the higher tone may be weaker than the lower one (a long line), and stronger, as power ratios: 8 and 4 dB.
const WEAKER: f32 = 6.3;
const STRONGER: f32 = 2.5;
/// How far each tone must stand above the other three of its group, as a power ratio: 8 dB.
const ABOVE_GROUP: f32 = 6.3;

/// Blocks in agreement that begin a press, and blocks without the key that end it.
const BEGINS: u8 = 2;
const ENDS: u8 = 3;

/// Hears keys in one call.
#[derive(Debug, Clone)]
pub struct ToneKeys {
    coefficients: [f32; 8],
    last: [f32; 8],
    before: [f32; 8],
    energy: f32,
    filled: usize,
    seen: Option<char>,
    run: u8,
    down: Option<char>,
    missed: u8,
}

impl Default for ToneKeys {
    fn default() -> Self {
        let mut frequencies = LOW.into_iter().chain(HIGH);
        let coefficients =
            [(); 8].map(|()| 2.0 * (TAU * frequencies.next().unwrap_or_default() / SAMPLE_RATE as f32).cos());
        Self {
            coefficients,
            last: [0.0; 8],
            before: [0.0; 8],
            energy: 0.0,
            filled: 0,
            seen: None,
            run: 0,
            down: None,
            missed: 0,
        }
    }
}

impl ToneKeys {
    /// Takes samples at 8,000 Hz in any portions; returns the key that went down in them.
    pub fn handle_samples(&mut self, samples: &[i16]) -> Option<char> {
        let mut pressed = None;
        for &sample in samples {
            let sample = f32::from(sample);
            self.energy += sample * sample;
            for ((last, before), coefficient) in self.last.iter_mut().zip(&mut self.before).zip(self.coefficients) {
                let now = sample + coefficient * *last - *before;
                *before = *last;
                *last = now;
            }
            self.filled += 1;
            if self.filled == BLOCK {
                let heard = self.judge();
                pressed = self.follow(heard).or(pressed);
                self.clear();
            }
        }
        pressed
    }

    /// Forgets a press that was under way: audio is missing, or another source speaks.
    pub fn reset(&mut self) {
        *self = Self { coefficients: self.coefficients, ..Self::default() };
    }

    fn clear(&mut self) {
        self.last = [0.0; 8];
        self.before = [0.0; 8];
        self.energy = 0.0;
        self.filled = 0;
    }

    fn judge(&self) -> Option<char> {
        if self.energy < MIN_MEAN_SQUARE * BLOCK as f32 {
            return None;
        }
        let mut powers = [0.0f32; 8];
        let states = self.last.iter().zip(&self.before).zip(self.coefficients);
        for (power, ((last, before), coefficient)) in powers.iter_mut().zip(states) {
            *power = last * last + before * before - coefficient * last * before;
        }
        let (low, high) = powers.split_at(4);
        let (row, column) = (strongest(low)?, strongest(high)?);
        let share = 2.0 * (row.power + column.power) / (self.energy * BLOCK as f32);
        let alike = column.power * WEAKER > row.power && column.power < row.power * STRONGER;
        let begins = share > MIN_SHARE && alike && row.stands_out && column.stands_out;
        let key = KEYS.get(row.place)?.get(column.place).copied();
        key.filter(|_| begins || (key == self.down && share > KEEPS_SHARE))
    }

    fn follow(&mut self, heard: Option<char>) -> Option<char> {
        self.run = if heard == self.seen { self.run.saturating_add(1) } else { 1 };
        self.seen = heard;
        if self.down.is_some() {
            self.missed = if heard == self.down { 0 } else { self.missed + 1 };
            if self.missed >= ENDS || (heard.is_some() && heard != self.down && self.run >= BEGINS) {
                self.down = None;
                self.missed = 0;
            }
        }
        if self.down.is_none() && heard.is_some() && self.run >= BEGINS {
            self.down = heard;
            return heard;
        }
        None
    }
}

/// The strongest tone of a group.
struct Strongest {
    place: usize,
    power: f32,
    /// It is well above the others.
    stands_out: bool,
}

fn strongest(group: &[f32]) -> Option<Strongest> {
    let (place, &power) = group.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let stands_out = group.iter().enumerate().all(|(other, &rival)| other == place || rival * ABOVE_GROUP < power);
    Some(Strongest { place, power, stands_out })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{codec::Codec, ear::Ear, play::Clip, samples_in, tone::tone};
    use proptest::prelude::*;

    fn dual(key: char, millis: u32, low_level: f32, high_level: f32) -> Vec<i16> {
        let row = KEYS.iter().position(|row| row.contains(&key)).unwrap();
        let column = KEYS[row].iter().position(|&other| other == key).unwrap();
        let pair = [tone(LOW[row], millis, low_level), tone(HIGH[column], millis, high_level)];
        pair[0].iter().zip(&pair[1]).map(|(a, b)| a + b).collect()
    }

    fn keys(samples: &[i16]) -> String {
        let mut detector = ToneKeys::default();
        samples.chunks(160).filter_map(|chunk| detector.handle_samples(chunk)).collect()
    }

    /// Presses each key in turn, with a pause after each.
    fn dialled(text: &str, millis: u32, low: f32, high: f32) -> Vec<i16> {
        let pause = vec![0; samples_in(60) as usize];
        text.chars().flat_map(|key| [dual(key, millis, low, high), pause.clone()].concat()).collect()
    }

    #[test]
    fn every_key_is_heard_once_for_each_press() {
        for (low, high) in [(0.2, 0.2), (0.02, 0.02), (0.2, 0.09), (0.15, 0.2)] {
            for millis in [50, 100, 1_000] {
                assert_eq!(
                    keys(&dialled("147*2580369#ABCD11", millis, low, high)),
                    "147*2580369#ABCD11",
                    "{low} {high} {millis}"
                );
            }
        }
    }

    #[test]
    fn a_press_survives_every_codec() {
        let samples = dialled("109#", 100, 0.2, 0.2);
        let clip = Clip::with_codecs(&samples, &Codec::ALL);
        for codec in Codec::ALL {
            let (mut ear, mut detector, mut heard) = (Ear::new(codec), ToneKeys::default(), String::new());
            for nth in 0..clip.frames() {
                ear.hear(clip.frame(codec, nth).unwrap(), |_, samples| heard.extend(detector.handle_samples(samples)));
            }
            assert_eq!(heard, "109#", "{codec:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_not_heard_as_one() {
        // Too short; one tone alone; tones of unlike strength; a dial tone; the beep.
        let short = dual('5', 20, 0.2, 0.2);
        let dial: Vec<i16> = tone(350.0, 500, 0.2).iter().zip(tone(440.0, 500, 0.2)).map(|(a, b)| a + b).collect();
        for other in [
            short,
            tone(697.0, 500, 0.3),
            dual('5', 200, 0.3, 0.02),
            dual('5', 200, 0.02, 0.3),
            dial,
            tone(1_000.0, 500, 0.3),
        ] {
            assert_eq!(keys(&[vec![0; 333], other, vec![0; 800]].concat()), "");
        }
    }

    proptest! {
        #[test]
        fn noise_has_no_keys(seed: u32, level in 1u32..15) {
            let mut state = seed | 1;
            let noise: Vec<i16> = (0..16_000).map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state as i32 >> (16 + level % 8)) as i16
            }).collect();
            prop_assert_eq!(keys(&noise), "");
        }
    }
}
