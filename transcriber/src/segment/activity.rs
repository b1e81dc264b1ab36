//! What each 16 ms frame sounds like: its level, the voice detector's score, and whether it is a line tone.

use earshot::Detector;

use super::tone::ToneBank;

/// Samples in a frame: 16 ms at 16 kHz, as the voice detector wants them.
pub(super) const FRAME: usize = 256;
/// The level given to digital silence, in dB of full scale.
pub(super) const SILENCE_DBFS: f32 = -100.0;
/// A tone must hold for so many frames (48 ms); a vowel passes through one for less.
const TONE_FRAMES: usize = 3;

/// One frame of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub level_dbfs: f32,
    pub voice: f32,
    pub tone: bool,
}

/// Describes every frame, the last one filled up with silence.
pub(super) fn analyse(samples: &[f32]) -> Vec<Frame> {
    let mut detector = Detector::default_boxed();
    let bank = ToneBank::new();
    let mut window = [0f32; 2 * FRAME];
    let mut frames: Vec<Frame> = Vec::with_capacity(samples.len() / FRAME + 1);
    for chunk in samples.chunks(FRAME) {
        window.copy_within(FRAME.., 0);
        let (_, newest) = window.split_at_mut(FRAME);
        for (i, slot) in newest.iter_mut().enumerate() {
            *slot = chunk.get(i).copied().unwrap_or(0.0).clamp(-1.0, 1.0);
        }
        let level_dbfs = level_dbfs(newest);
        let voice = detector.predict_f32(newest);
        frames.push(Frame { level_dbfs, voice, tone: level_dbfs > SILENCE_DBFS && bank.is_tone(&window) });
    }
    keep_lasting_tones(&mut frames);
    frames
}

fn level_dbfs(frame: &[f32]) -> f32 {
    let power = frame.iter().map(|s| s * s).sum::<f32>() / frame.len() as f32;
    (10.0 * power.max(1e-10).log10()).max(SILENCE_DBFS)
}

/// Clears tones too short to be one, and widens the lasting ones by a frame, where the tone only fills half the window.
fn keep_lasting_tones(frames: &mut [Frame]) {
    let raw: Vec<bool> = frames.iter().map(|f| f.tone).collect();
    let mut lasting = vec![false; raw.len()];
    let mut start = 0;
    for run in raw.chunk_by(|a, b| a == b) {
        let end = start + run.len();
        if run.first() == Some(&true) && run.len() >= TONE_FRAMES {
            let from = start.saturating_sub(1);
            lasting.iter_mut().take(end + 1).skip(from).for_each(|t| *t = true);
        }
        start = end;
    }
    frames.iter_mut().zip(lasting).for_each(|(frame, tone)| frame.tone = tone);
}
