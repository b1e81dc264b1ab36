//! Long speech is cut where it hurts least: in a pause, or at the quietest point with a little overlap.

use std::ops::Range;

use super::activity::Frame;
use super::{SegmentSettings, frames_in};

/// A pause of so many frames (160 ms) may be cut without overlap.
const PAUSE: usize = 10;
/// Frames over which the level is averaged to find the quietest point (80 ms).
const SMOOTH: usize = 5;
/// The shortest piece worth leaving over, in frames (1 s).
const SHORTEST_REST: usize = 62;

/// Cuts `run` (in frames) into pieces that fit the window.
pub(super) fn split(
    run: Range<usize>,
    frames: &[Frame],
    voiced: &[bool],
    settings: &SegmentSettings,
) -> Vec<Range<usize>> {
    let window = frames_in(settings.window).max(4 * SMOOTH);
    let overlap = frames_in(settings.overlap).min(window / 8);
    let mut pieces = Vec::new();
    let mut start = run.start;
    while run.end - start > window {
        let latest = (start + window - overlap).min(run.end.saturating_sub(SHORTEST_REST)).max(start + window / 2 + 1);
        let range = start + window / 2..latest;
        let next = if let Some(cut) = middle_of_longest_pause(voiced, &range) {
            pieces.push(start..cut);
            cut
        } else {
            let cut = quietest(frames, &range);
            pieces.push(start..cut + overlap);
            cut - overlap
        };
        start = next;
    }
    pieces.push(start..run.end);
    pieces
}

fn middle_of_longest_pause(voiced: &[bool], range: &Range<usize>) -> Option<usize> {
    let mut best: Option<Range<usize>> = None;
    let mut at = range.start;
    for run in voiced.get(range.clone())?.chunk_by(|a, b| a == b) {
        let longest = best.as_ref().map_or(PAUSE - 1, |pause| pause.len());
        if run.first() == Some(&false) && run.len() > longest {
            best = Some(at..at + run.len());
        }
        at += run.len();
    }
    best.map(|pause| pause.start + pause.len() / 2)
}

fn quietest(frames: &[Frame], range: &Range<usize>) -> usize {
    let level = |at: usize| -> f32 {
        frames.iter().skip(at.saturating_sub(SMOOTH / 2)).take(SMOOTH).map(|f| f.level_dbfs).sum()
    };
    range.clone().min_by(|&a, &b| level(a).total_cmp(&level(b))).unwrap_or(range.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ten_seconds() -> SegmentSettings {
        SegmentSettings { window: std::time::Duration::from_secs(10), ..SegmentSettings::default() }
    }

    fn loud(count: usize) -> Vec<Frame> {
        vec![Frame { level_dbfs: -20.0, voice: 1.0, tone: false }; count]
    }

    #[test]
    fn short_speech_stays_whole() {
        let frames = loud(500);
        assert_eq!(split(10..400, &frames, &[true; 500], &ten_seconds()), vec![10..400; 1]);
    }

    #[test]
    fn a_pause_is_cut_in_its_middle_without_overlap() {
        let frames = loud(1000);
        let mut voiced = vec![true; 1000];
        voiced[500..520].fill(false);
        assert_eq!(split(0..1000, &frames, &voiced, &ten_seconds()), [0..510, 510..1000]);
    }

    #[test]
    fn speech_without_a_pause_is_cut_at_its_quietest_point_and_overlaps() {
        let mut frames = loud(1000);
        frames[450..455].fill(Frame { level_dbfs: -40.0, voice: 1.0, tone: false });
        let pieces = split(0..1000, &frames, &[true; 1000], &ten_seconds());
        let [first, second] = pieces.as_slice() else { panic!("two pieces, not {pieces:?}") };
        assert!((450..455 + 8).contains(&(first.end - 8)) && second.start < first.end && second.start > first.end - 20);
        assert_eq!((first.start, second.end), (0, 1000));
    }
}
