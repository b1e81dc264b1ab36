//! Where somebody speaks: from a whole recording to spans that fit the engine's window, timed in the original recording.
//!
//! A call's recording starts when the call is answered, so it holds long silence, key presses and line tones; none of
//! these must reach an engine that invents words for them. Pure: samples and settings in, spans out.

mod activity;
mod music;
mod split;
mod tone;

use std::ops::Range;
use std::time::Duration;

use crate::audio::{SAMPLE_RATE, samples_to_duration};
use activity::{FRAME, Frame};
use music::MusicEar;

/// How speech is found and cut. The defaults suit telephone calls.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentSettings {
    /// No span is longer; Whisper hears 30 s at once.
    pub window: Duration,
    /// Voice score of a frame, 0..=1, from which speech starts.
    pub voice_on: f32,
    /// Voice score under which speech ends.
    pub voice_off: f32,
    /// Shortest voiced time that makes a span.
    pub min_voiced: Duration,
    /// Pauses up to this length stay inside a span.
    pub hangover: Duration,
    /// Audio kept before the first voiced frame, so that no quiet consonant is lost.
    pub pad_before: Duration,
    /// Audio kept after the last voiced frame.
    pub pad_after: Duration,
    /// Overlap on each side of a cut that had to be made inside running speech.
    pub overlap: Duration,
    /// Frames below this level are never speech, in dB of full scale.
    pub quietest_dbfs: f32,
    /// How far speech rises above the recording's own noise, in dB.
    pub above_noise_db: f32,
}

impl Default for SegmentSettings {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(30),
            voice_on: 0.5,
            voice_off: 0.3,
            min_voiced: Duration::from_millis(200),
            hangover: Duration::from_millis(600),
            pad_before: Duration::from_millis(300),
            pad_after: Duration::from_millis(400),
            overlap: Duration::from_millis(120),
            quietest_dbfs: -60.0,
            above_noise_db: 6.0,
        }
    }
}

/// A stretch of speech.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeechSpan {
    /// The samples, in the recording, with padding.
    pub samples: Range<usize>,
    /// How much of the span is voiced.
    pub voiced: Duration,
}

impl SpeechSpan {
    /// Returns where the span starts in the recording.
    #[must_use]
    pub fn start(&self) -> Duration {
        samples_to_duration(self.samples.start)
    }

    /// Returns where the span ends in the recording.
    #[must_use]
    pub fn end(&self) -> Duration {
        samples_to_duration(self.samples.end)
    }
}

/// What a recording holds that sounds like a voice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Speech, in order, each span at most the window long.
    pub speech: Vec<SpeechSpan>,
    /// Music that a voice detector takes for speech, in order, of any length.
    pub music: Vec<SpeechSpan>,
}

/// Finds the speech in `samples` (16 kHz mono), in order, each span at most `settings.window` long.
#[must_use]
pub fn segment(samples: &[f32], settings: &SegmentSettings) -> Vec<SpeechSpan> {
    survey(samples, settings).speech
}

/// Finds speech and music in `samples` (16 kHz mono).
#[must_use]
pub fn survey(samples: &[f32], settings: &SegmentSettings) -> Found {
    let frames = activity::analyse(samples);
    let voiced = voiced_frames(&frames, settings);
    let mut runs = join(&voiced, frames_in(settings.hangover));
    runs.retain(|run| is_speech(run, &frames, &voiced, settings));
    let mut ear = MusicEar::new();
    let (music, speech): (Vec<_>, Vec<_>) =
        runs.into_iter().partition(|run| ear.is_music(samples, &frames, run.clone()));
    let window = (settings.window.as_secs_f64() * f64::from(SAMPLE_RATE)) as usize;
    Found {
        speech: pad(&speech, frames.len(), settings)
            .into_iter()
            .flat_map(|run| split::split(run, &frames, &voiced, settings))
            .map(|run| to_span(&run, &voiced, samples.len(), window))
            .collect(),
        music: music.iter().map(|run| to_span(run, &voiced, samples.len(), samples.len())).collect(),
    }
}

/// Marks the frames that are voice: scored so by the detector (with hysteresis), loud enough, and no line tone.
fn voiced_frames(frames: &[Frame], settings: &SegmentSettings) -> Vec<bool> {
    let gate = (noise_floor(frames) + settings.above_noise_db).clamp(settings.quietest_dbfs, LOUDEST_GATE_DBFS);
    let mut speaking = false;
    frames
        .iter()
        .map(|frame| {
            let needed = if speaking { settings.voice_off } else { settings.voice_on };
            speaking = frame.voice >= needed && frame.level_dbfs >= gate && !frame.tone;
            speaking
        })
        .collect()
}

/// A recording that is nothing but speech has a high "noise" floor; the gate must not rise into it.
const LOUDEST_GATE_DBFS: f32 = -42.0;

/// Estimates the recording's own noise: the level that a tenth of its sounding frames stay under.
fn noise_floor(frames: &[Frame]) -> f32 {
    let mut levels: Vec<f32> = frames.iter().map(|f| f.level_dbfs).filter(|&l| l > activity::SILENCE_DBFS).collect();
    levels.sort_by(f32::total_cmp);
    levels.get(levels.len() / 10).copied().unwrap_or(activity::SILENCE_DBFS)
}

/// Joins voiced frames into runs, bridging pauses of up to `hangover` frames.
fn join(voiced: &[bool], hangover: usize) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in voiced.iter().enumerate().filter(|&(_, &v)| v) {
        match runs.last_mut() {
            Some(run) if at - run.end <= hangover => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// Speech lasts, and its loudness moves with the syllables; a hum or a tone that fooled the detector stays level.
fn is_speech(run: &Range<usize>, frames: &[Frame], voiced: &[bool], settings: &SegmentSettings) -> bool {
    const STEADY_DB: f32 = 1.5;
    let count = voiced.iter().take(run.end).skip(run.start).filter(|&&v| v).count();
    if count < frames_in(settings.min_voiced).max(1) {
        return false;
    }
    let levels =
        || frames.iter().zip(voiced).take(run.end).skip(run.start).filter(|(_, v)| **v).map(|(f, _)| f.level_dbfs);
    let mean = levels().sum::<f32>() / count as f32;
    let variance = levels().map(|level| (level - mean).powi(2)).sum::<f32>() / count as f32;
    variance.sqrt() >= STEADY_DB
}

/// Widens the runs by the padding; where two would overlap, they meet in the middle of the pause.
fn pad(runs: &[Range<usize>], frames: usize, settings: &SegmentSettings) -> Vec<Range<usize>> {
    let (before, after) = (frames_in(settings.pad_before), frames_in(settings.pad_after));
    let middle = |left: &Range<usize>, right: &Range<usize>| left.end + (right.start - left.end) / 2;
    runs.iter()
        .enumerate()
        .map(|(i, run)| {
            let floor = i.checked_sub(1).and_then(|p| runs.get(p)).map_or(0, |previous| middle(previous, run));
            let ceiling = runs.get(i + 1).map_or(frames, |next| middle(run, next));
            run.start.saturating_sub(before).max(floor)..(run.end + after).min(ceiling)
        })
        .collect()
}

fn to_span(run: &Range<usize>, voiced: &[bool], samples: usize, longest: usize) -> SpeechSpan {
    let count = voiced.iter().take(run.end).skip(run.start).filter(|&&v| v).count();
    let start = (run.start * FRAME).min(samples);
    SpeechSpan {
        samples: start..(run.end * FRAME).min(samples).min(start + longest),
        voiced: samples_to_duration(count * FRAME),
    }
}

fn frames_in(time: Duration) -> usize {
    (time.as_secs_f64() * f64::from(SAMPLE_RATE) / FRAME as f64).round() as usize
}
