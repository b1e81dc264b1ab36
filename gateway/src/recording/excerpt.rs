//! A stretch of a recording that still goes on, put together from those of its records that reach into it. G.711 only: a decoder
//! with a memory, as G.722 and Opus have one, would not come to the same samples as it does in the whole recording. Pure.

use std::ops::Range;

use super::format::{Codec, Record};

/// Takes a recording's records, in the order in which they were written, and keeps what lies in the stretch.
#[derive(Debug)]
pub struct Excerpt {
    range: Range<u64>,
    codec: Option<Codec>,
    payload: Vec<u8>,
    mixed: bool,
}

impl Excerpt {
    /// Starts one; the range is in ticks of 1/8,000 s from the beginning of the recording.
    pub fn new(range: Range<u64>) -> Self {
        Self { range, codec: None, payload: Vec::new(), mixed: false }
    }

    /// Takes one record of the recording.
    pub fn push(&mut self, record: &Record<'_>) {
        let Record::Audio { at, codec, payload, .. } = *record else { return };
        let start = at.max(self.range.start);
        let end = at.saturating_add(codec.ticks_of_run(payload)).min(self.range.end);
        if start >= end {
            return;
        }
        let law = *self.codec.get_or_insert(codec);
        if law != codec || !matches!(codec, Codec::Pcma | Codec::Pcmu) {
            self.mixed = true;
            return;
        }
        // The range bounds everything here: a part is a few seconds to some minutes long.
        let offset = |tick: u64, from: u64| usize::try_from(tick - from).unwrap_or(usize::MAX);
        if self.payload.is_empty() {
            self.payload.resize(offset(self.range.end, self.range.start), law.silence());
        }
        let run = payload.get(offset(start, at)..offset(end, at));
        let place = self.payload.get_mut(offset(start, self.range.start)..offset(end, self.range.start));
        if let (Some(place), Some(run)) = (place, run) {
            place.copy_from_slice(run);
        }
    }

    /// Returns the stretch, its gaps filled with silence; `None` where there is no audio in it, or not in one law of G.711.
    pub fn finish(self) -> Option<(Codec, Vec<u8>)> {
        self.codec.filter(|_| !self.mixed).map(|codec| (codec, self.payload))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn audio(at: u64, codec: Codec, payload: &[u8]) -> Record<'_> {
        Record::Audio { intake: Uuid::nil(), at, codec, payload }
    }

    #[test]
    fn only_what_lies_in_the_stretch_is_kept_and_gaps_are_silence() {
        let mut excerpt = Excerpt::new(4..12);
        excerpt.push(&audio(0, Codec::Pcma, &[9; 3]));
        excerpt.push(&audio(2, Codec::Pcma, &[1, 2, 3, 4]));
        excerpt.push(&audio(10, Codec::Pcma, &[5, 6, 7, 8]));
        excerpt.push(&audio(u64::MAX, Codec::Pcma, &[9; 3]));
        let s = Codec::Pcma.silence();
        assert_eq!(excerpt.finish(), Some((Codec::Pcma, vec![3, 4, s, s, s, s, 5, 6])));
    }

    #[test]
    fn two_codecs_and_none_are_no_excerpt() {
        let mut excerpt = Excerpt::new(0..4);
        excerpt.push(&audio(0, Codec::Pcma, &[1, 2]));
        excerpt.push(&audio(2, Codec::Pcmu, &[1, 2]));
        assert_eq!(excerpt.finish(), None);
        let mut excerpt = Excerpt::new(0..4);
        excerpt.push(&audio(0, Codec::G722, &[1, 2]));
        assert_eq!(excerpt.finish(), None);
        assert_eq!(Excerpt::new(0..4).finish(), None);
    }
}
