//! What callers say: real speech, encoded once and shared by all of them, each of whom begins at another place of it.

use crate::phone::speech::{self, SpeechError};
use dauys_media::FRAME_SAMPLES;
use dauys_media::g711::Codec;
use std::path::PathBuf;

/// Pauses between talk spurts, in frames of 20 ms: as people pause, and shorter than the silence that ends a recording.
const PAUSES: [usize; 5] = [30, 55, 20, 75, 40];

/// One long stretch of talk spurts and pauses, in A-law, cut into frames.
#[derive(Debug)]
pub struct Voice {
    bytes: Vec<u8>,
    silent: Vec<bool>,
}

impl Voice {
    /// Makes the voice of recordings of speech.
    ///
    /// # Errors
    /// Where a file cannot be spoken.
    pub fn read(files: &[PathBuf]) -> Result<Self, SpeechError> {
        let spurts: Vec<Vec<i16>> = files.iter().map(|path| speech::read(path)).collect::<Result<_, _>>()?;
        Ok(Self::of(&spurts))
    }

    /// Makes the voice of talk spurts at 8 kHz.
    pub fn of(spurts: &[Vec<i16>]) -> Self {
        let silence = Codec::Alaw.silence();
        let mut bytes = Vec::new();
        for (spurt, pause) in spurts.iter().zip(PAUSES.iter().cycle()) {
            Codec::Alaw.encode_to(spurt, &mut bytes);
            bytes.resize(bytes.len().next_multiple_of(FRAME_SAMPLES) + pause * FRAME_SAMPLES, silence);
        }
        if bytes.is_empty() {
            bytes.resize(FRAME_SAMPLES, silence);
        }
        let silent = bytes.chunks(FRAME_SAMPLES).map(|frame| frame.iter().all(|byte| *byte == silence)).collect();
        Self { bytes, silent }
    }

    /// Returns how many frames there are before the voice repeats itself.
    pub fn frames(&self) -> usize {
        self.silent.len()
    }

    /// Returns the frame at a place; places go round.
    pub fn frame(&self, place: usize) -> &[u8] {
        let start = (place % self.frames()) * FRAME_SAMPLES;
        self.bytes.get(start..start + FRAME_SAMPLES).unwrap_or_default()
    }

    /// Returns whether a frame holds nothing but silence.
    pub fn is_silent(&self, place: usize) -> bool {
        self.silent.get(place % self.frames()).copied().unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spurts_are_whole_frames_with_pauses_between() {
        let voice = Voice::of(&[vec![9_000; 170], vec![-9_000; 160]]);
        assert_eq!(voice.frames(), 2 + PAUSES[0] + 1 + PAUSES[1]);
        assert!(!voice.is_silent(0) && !voice.is_silent(1) && voice.is_silent(2));
        assert_eq!(voice.frame(1)[10..], [Codec::Alaw.silence(); 150]);
        assert_eq!(voice.frame(voice.frames()), voice.frame(0));
    }
}
