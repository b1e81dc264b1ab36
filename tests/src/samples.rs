//! Sample calls: recordings of synthetic voices, and noise for what needs no words.

/// Returns `seconds` of a voice-like sound at 8 kHz: a buzz that comes and goes, so that it counts as speech.
pub fn murmur(seconds: f32) -> Vec<i16> {
    (0..(seconds * 8_000.0) as usize)
        .map(|n| {
            let time = n as f32 / 8_000.0;
            let voice: f32 =
                (1..=12).map(|harmonic| (time * 130.0 * harmonic as f32 * std::f32::consts::TAU).sin()).sum();
            let syllables = 0.55 + 0.45 * (time * 4.0 * std::f32::consts::TAU).sin();
            (voice / 12.0 * syllables * 12_000.0) as i16
        })
        .collect()
}
