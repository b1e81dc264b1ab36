//! Whether a stretch is music: its sound rests on partials that hold their pitch, where a voice never stops gliding.
//!
//! Each partial (a peak of the spectrum) is followed from frame to frame. What counts is the share of the sound's power in
//! partials that stay at one frequency for longer than a voice does. A voice over music takes that share away with every
//! vowel and every consonant, so that only a stretch without any such moment is music.

use std::ops::Range;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::activity::{FRAME, Frame};
use crate::audio::SAMPLE_RATE;

/// Every second sample is enough: nothing below is sought above 4 kHz.
const DECIMATE: usize = 2;
const HOP: usize = FRAME / DECIMATE;
/// 128 ms, which keeps the notes of a low chord apart.
const WINDOW: usize = 8 * HOP;
const BINS: usize = WINDOW / 2 + 1;
const BIN_HZ: f32 = SAMPLE_RATE as f32 / (DECIMATE * WINDOW) as f32;
/// Hum and rumble lie below.
const LOWEST_BIN: usize = 14;
/// A peak with less of a frame's power is noise.
const LEAST_OF_FRAME: f32 = 0.002;
/// How far a partial that holds its pitch strays from its own mean, in Hz and as a share of the frequency.
const STRAY_HZ: f32 = 4.0;
const STRAY_SHARE: f32 = 0.004;
/// How many frames (224 ms) make it one: a voice holds its pitch for less.
const HELD: u32 = 14;
/// Frames so much weaker than the loudest of their window (25 dB) are pauses.
const PAUSE: f32 = 0.003;
/// The windows that are judged, in frames (1.5 s), and how many of them must sound.
const JUDGED: usize = 94;
const FEWEST: usize = 30;
/// The share of held power that every window of music has; and all of it together.
const EVERY_WINDOW: f32 = 0.4;
const ALTOGETHER: f32 = 0.5;

/// Finds out whether stretches are music. Made once for a recording: it keeps its tables and buffers.
pub(super) struct MusicEar {
    transform: Arc<dyn RealToComplex<f32>>,
    hann: Vec<f32>,
    input: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    power: [f32; BINS],
}

/// A peak of one frame's spectrum.
#[derive(Debug, Clone, Copy)]
struct Peak {
    hertz: f32,
    share: f32,
    partial: usize,
}

/// A peak that goes on from frame to frame.
#[derive(Debug, Clone, Copy)]
struct Partial {
    last: f32,
    mean: f32,
    frames: u32,
    number: usize,
}

/// One frame: its power (none where it is a line tone), and the share of it that is held.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Moment {
    power: f32,
    held: f32,
}

impl MusicEar {
    pub fn new() -> Self {
        let transform = RealFftPlanner::new().plan_fft_forward(WINDOW);
        let step = std::f32::consts::TAU / WINDOW as f32;
        Self {
            hann: (0..WINDOW).map(|i| 0.5 - 0.5 * (i as f32 * step).cos()).collect(),
            input: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            transform,
            power: [0.0; BINS],
        }
    }

    /// Returns whether the frames `run` of a recording are music from end to end.
    pub fn is_music(&mut self, samples: &[f32], frames: &[Frame], run: Range<usize>) -> bool {
        // A short run is judged with what is around it: a drawn-out vowel alone holds its pitch, too.
        let wider = JUDGED.saturating_sub(run.len()).div_ceil(2);
        let from = run.start.saturating_sub(wider);
        let moments = self.moments(samples, frames, from..(run.end + wider).min(frames.len()));
        let own = held_share(moments.get(run.start - from..run.end - from).unwrap_or_default(), 1);
        let windows = (moments.len() / (JUDGED / 2)).saturating_sub(1).max(1);
        let window = |at: usize| {
            let end = if at + 1 == windows { moments.len() } else { at * JUDGED / 2 + JUDGED };
            moments.get(at * JUDGED / 2..end.min(moments.len())).unwrap_or_default()
        };
        let every = (0..windows).filter_map(|at| held_share(window(at), FEWEST)).reduce(f32::min);
        every.is_some_and(|held| held >= EVERY_WINDOW) && own.is_some_and(|held| held >= ALTOGETHER)
    }

    fn moments(&mut self, samples: &[f32], frames: &[Frame], run: Range<usize>) -> Vec<Moment> {
        let mut partials: Vec<Partial> = Vec::new();
        let mut lengths: Vec<u32> = Vec::new();
        let mut peaks: Vec<(f32, Vec<Peak>)> = Vec::with_capacity(run.len());
        for frame in run {
            let power = self.look(samples, frame * FRAME);
            let power = if frames.get(frame).is_some_and(|frame| frame.tone) { 0.0 } else { power };
            let mut own = self.peaks();
            partials = follow(&partials, &mut own, &mut lengths);
            peaks.push((power, own));
        }
        let held = |peak: &&Peak| lengths.get(peak.partial).is_some_and(|&frames| frames >= HELD);
        peaks
            .into_iter()
            .map(|(power, own)| {
                let held: f32 = own.iter().filter(held).map(|peak| peak.share).sum();
                Moment { power, held: held.min(1.0) }
            })
            .collect()
    }

    /// Fills `power` with the spectrum of the window at a sample, and returns its power.
    fn look(&mut self, samples: &[f32], start: usize) -> f32 {
        let at = |i: usize| samples.get(i).copied().unwrap_or(0.0);
        for (i, (slot, weight)) in self.input.iter_mut().zip(&self.hann).enumerate() {
            let middle = start + DECIMATE * i;
            *slot = weight * (0.25 * at(middle.wrapping_sub(1)) + 0.5 * at(middle) + 0.25 * at(middle + 1));
        }
        if self.transform.process(&mut self.input, &mut self.spectrum).is_err() {
            self.spectrum.fill(Complex::default());
        }
        for (at, (slot, value)) in self.power.iter_mut().zip(&self.spectrum).enumerate() {
            *slot = if at < LOWEST_BIN { 0.0 } else { value.norm_sqr() };
        }
        self.power.iter().sum::<f32>()
    }

    /// The peaks of `power`, each with its frequency between the bins and its share of the frame.
    fn peaks(&self) -> Vec<Peak> {
        let total = self.power.iter().sum::<f32>().max(1e-12);
        let mut peaks = Vec::with_capacity(32);
        for (at, around) in self.power.windows(3).enumerate() {
            let [left, middle, right] = around else { continue };
            if middle <= left || middle < right || *middle < LEAST_OF_FRAME * total {
                continue;
            }
            let [a, b, c] = [left, middle, right].map(|power| power.max(1e-12).ln());
            let bend = a - 2.0 * b + c;
            let beside = if bend < -1e-6 { (0.5 * (a - c) / bend).clamp(-0.5, 0.5) } else { 0.0 };
            let hertz = ((at + 1) as f32 + beside) * BIN_HZ;
            peaks.push(Peak { hertz, share: (left + middle + right) / total, partial: usize::MAX });
        }
        peaks
    }
}

/// Gives each peak the partial that it goes on with, or a new one; returns those that are still there.
fn follow(before: &[Partial], peaks: &mut [Peak], lengths: &mut Vec<u32>) -> Vec<Partial> {
    let mut now = Vec::with_capacity(peaks.len());
    let mut taken = vec![false; before.len()];
    for peak in peaks {
        let stray = STRAY_HZ + STRAY_SHARE * peak.hertz;
        let apart = |partial: &Partial| (partial.last - peak.hertz).abs().max((partial.mean - peak.hertz).abs());
        let nearest = before
            .iter()
            .enumerate()
            .filter(|(at, partial)| !taken.get(*at).is_some_and(|&t| t) && apart(partial) <= stray)
            .min_by(|a, b| apart(a.1).total_cmp(&apart(b.1)));
        let partial = match nearest {
            Some((at, partial)) => {
                taken.iter_mut().skip(at).take(1).for_each(|t| *t = true);
                let frames = partial.frames + 1;
                let mean = partial.mean + (peak.hertz - partial.mean) / frames as f32;
                Partial { last: peak.hertz, mean, frames, number: partial.number }
            }
            None => {
                lengths.push(0);
                Partial { last: peak.hertz, mean: peak.hertz, frames: 1, number: lengths.len() - 1 }
            }
        };
        lengths.iter_mut().skip(partial.number).take(1).for_each(|length| *length = partial.frames);
        peak.partial = partial.number;
        now.push(partial);
    }
    now
}

/// The held share of a window's power; `None` where fewer than `fewest` frames sound.
fn held_share(moments: &[Moment], fewest: usize) -> Option<f32> {
    let loudest = moments.iter().map(|moment| moment.power).fold(0.0, f32::max);
    let sounding = moments.iter().filter(|moment| moment.power > PAUSE * loudest).count();
    let total: f32 = moments.iter().map(|moment| moment.power).sum();
    let held: f32 = moments.iter().map(|moment| moment.power * moment.held).sum();
    (sounding >= fewest && total > 0.0).then(|| held / total)
}
