//! Music in several makes, the same every time: what callers hear on hold, and what plays in their rooms.

use std::f32::consts::TAU;

use super::support::RATE;

/// Pieces of about so many seconds, with their names; the loudest sample of each is 1.
pub fn pieces(seconds: f32) -> Vec<(&'static str, Vec<f32>)> {
    let count = (seconds * RATE as f32) as usize;
    let chords = chords(count);
    let tremolo = chords.iter().enumerate().map(|(i, s)| s * (1.0 + 0.7 * (TAU * 5.0 * time(i)).sin())).collect();
    let made = [
        ("held chords", chords),
        ("chords with tremolo", tremolo),
        ("arpeggio", arpeggio(count)),
        ("plucked strings", plucked(count)),
        ("bells", bells(count)),
    ];
    made.into_iter().map(|(name, sound)| (name, loudest_is_one(sound))).collect()
}

fn time(at: usize) -> f32 {
    at as f32 / RATE as f32
}

fn loudest_is_one(sound: Vec<f32>) -> Vec<f32> {
    let peak = sound.iter().fold(1e-9f32, |most, s| most.max(s.abs()));
    sound.into_iter().map(|s| s / peak).collect()
}

/// A step of a repeated tune, in half tones.
fn tune(step: usize) -> f32 {
    [0.0, 4.0, 7.0, 12.0, 9.0, 5.0, 2.0, 7.0][step % 8]
}

fn note(half_tones: f32) -> f32 {
    196.0 * 2f32.powf(half_tones / 12.0)
}

fn harmonics(pitch: f32, at: f32, count: u8) -> f32 {
    (1..=count).map(|n| (TAU * pitch * f32::from(n) * at).sin() / f32::from(n)).sum()
}

/// Triads that swell and fade, two seconds each.
fn chords(count: usize) -> Vec<f32> {
    let length = 2 * RATE;
    let chord = |i: usize| {
        let swell = (std::f32::consts::PI * (i % length) as f32 / length as f32).sin().sqrt();
        let root = tune(i / length);
        [0.0, 4.0, 7.0].iter().map(|step| harmonics(note(root + step), time(i), 8)).sum::<f32>() * swell
    };
    (0..count).map(chord).collect()
}

/// A broken chord, a note each 180 ms.
fn arpeggio(count: usize) -> Vec<f32> {
    struck(count, 0.18, 0.36, |pitch, at| harmonics(pitch, at, 5) * (-3.0 * at).exp())
}

/// Bells: frequency modulation with partials in no harmonic row.
fn bells(count: usize) -> Vec<f32> {
    let bell = |pitch: f32, at: f32| {
        let partials = 3.0 * (-3.0 * at).exp() * (TAU * pitch * 1.41 * 2.0 * at).sin();
        (TAU * pitch * 2.0 * at + partials).sin() * (-3.0 * at).exp()
    };
    struck(count, 0.4, 1.2, bell)
}

/// Notes of the tune, struck at intervals, each sounding for a while.
fn struck(count: usize, every: f32, sounding: f32, voice: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    let mut sound = vec![0.0; count];
    let steps = (time(count) / every) as usize + 1;
    for step in 0..steps {
        let from = (step as f32 * every * RATE as f32) as usize;
        for (i, sample) in sound.iter_mut().skip(from).take((sounding * RATE as f32) as usize).enumerate() {
            *sample += voice(note(tune(step)), time(i)) * (time(i) * 200.0).min(1.0);
        }
    }
    sound
}

/// Strings: a burst of noise goes round in a delay line that takes its edge off (Karplus and Strong).
fn plucked(count: usize) -> Vec<f32> {
    let mut sound = vec![0.0; count];
    for step in 0..(time(count) / 0.25) as usize + 1 {
        let from = step * RATE / 4;
        let mut line: Vec<f32> = super::support::noise(1.0, 1.0 / note(tune(step)));
        let length = line.len();
        for (i, sample) in sound.iter_mut().skip(from).take(RATE).enumerate() {
            let (here, next) = (i % length, (i + 1) % length);
            *sample += line[here];
            line[here] = 0.498 * (line[here] + line[next]);
        }
    }
    sound
}
