//! Recordings without speech as a line hears them: silence, noise, hum, ring-back, busy, key presses and music on hold, each
//! from a seed, through a telephone channel.

use std::f32::consts::TAU;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

const RATE: f32 = 16_000.0;

/// Makes recording number `seed`; 4 to 20 s at 16 kHz.
pub fn recording(seed: u64) -> (&'static str, Vec<f32>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let count = (rng.random_range(4.0..20.0) * RATE) as usize;
    let (kind, mut sound) = match seed % 8 {
        0 => ("silence", vec![0.0; count]),
        1 => ("white noise", noise(&mut rng, count, 0.0)),
        2 => ("line noise", noise(&mut rng, count, 0.93)),
        3 => ("hum", tones(count, &[50.0, 100.0, 150.0, 250.0])),
        4 => ("ring-back", cadence(tones(count, &[425.0]), 1.0, rng.random_range(3.0..5.0))),
        5 => ("busy", cadence(tones(count, &[425.0]), 0.35, 0.35)),
        6 => ("keys", keys(&mut rng, count)),
        _ => ("music", music(&mut rng, count)),
    };
    let peak = sound.iter().fold(1e-9f32, |most, s| most.max(s.abs()));
    let gain = 10f32.powf(rng.random_range(-40.0..-3.0) / 20.0) / peak;
    let hiss = 10f32.powf(rng.random_range(-75.0..-45.0) / 20.0);
    for sample in &mut sound {
        let raw = (*sample * gain + hiss * rng.random_range(-1.0..1.0f32)).clamp(-1.0, 1.0);
        // Eight bits of A-law are about 38 dB above their own noise: a step in proportion to the sample.
        let step = (raw.abs() / 32.0).max(1.0 / 4096.0);
        *sample = (raw / step).round() * step;
    }
    (kind, sound)
}

/// Noise; the nearer `colour` is to 1, the deeper.
fn noise(rng: &mut StdRng, count: usize, colour: f32) -> Vec<f32> {
    let mut last = 0.0;
    let wander = rng.random_range(0.1..2.0f32);
    let mut next = |at: usize| {
        last = colour * last + rng.random_range(-1.0..1.0f32);
        // Level moves slowly, as on a radio link.
        last * (1.0 + 0.4 * (TAU * wander * at as f32 / RATE).sin())
    };
    (0..count).map(&mut next).collect()
}

fn tones(count: usize, frequencies: &[f32]) -> Vec<f32> {
    let at = |i: usize| frequencies.iter().map(|f| (TAU * f * i as f32 / RATE).sin()).sum();
    (0..count).map(at).collect()
}

fn cadence(mut sound: Vec<f32>, on: f32, off: f32) -> Vec<f32> {
    for (i, sample) in sound.iter_mut().enumerate() {
        if (i as f32 / RATE) % (on + off) > on {
            *sample = 0.0;
        }
    }
    sound
}

fn keys(rng: &mut StdRng, count: usize) -> Vec<f32> {
    let (low, high) = ([697.0, 770.0, 852.0, 941.0], [1209.0, 1336.0, 1477.0]);
    let mut sound = Vec::with_capacity(count);
    while sound.len() < count {
        let pair = [low[rng.random_range(0..4)], high[rng.random_range(0..3)]];
        sound.extend(tones((rng.random_range(0.06..0.4) * RATE) as usize, &pair));
        sound.extend(vec![0.0; (rng.random_range(0.05..2.0) * RATE) as usize]);
    }
    sound.truncate(count);
    sound
}

/// A melody over chords, each note with overtones that die away, some with vibrato.
fn music(rng: &mut StdRng, count: usize) -> Vec<f32> {
    let scale = [0, 2, 4, 5, 7, 9, 11, 12];
    let base = rng.random_range(110.0..260.0f32);
    let beat = rng.random_range(0.18..0.6f32);
    let (overtones, vibrato) = (rng.random_range(1..8), rng.random_range(0.0..6.0f32));
    let decay = rng.random_range(0.5..6.0f32);
    let mut sound = vec![0.0; count];
    let mut start = 0.0;
    while ((start * RATE) as usize) < count {
        let chord = rng.random_range(0..5);
        for note in [chord, chord + 2, rng.random_range(0..8)] {
            let step = scale[note % 8] as f32;
            let pitch = base * 2f32.powf(step / 12.0);
            let from = (start * RATE) as usize;
            for (i, sample) in sound.iter_mut().skip(from).take((2.0 * beat * RATE) as usize).enumerate() {
                let time = i as f32 / RATE;
                let phase = TAU * pitch * time + 0.4 * (TAU * vibrato * time).sin();
                let voice: f32 = (1..=overtones).map(|n| (phase * n as f32).sin() / n as f32).sum();
                *sample += voice * (-decay * time).exp() * (time * 60.0).min(1.0);
            }
        }
        start += beat * [1.0, 1.0, 0.5, 2.0][rng.random_range(0..4)];
    }
    sound
}
