//! Early text: stretches of a call that were heard while it went on, and the finished recording of which only the rest is left to
//! hear. A stretch counts only where the finished recording holds the same bytes; whatever is missing is heard as ever. Pure, but
//! for the engine.

mod shelf;

use std::ops::Range;

use dauys_events::Language;
use sha2::{Digest, Sha256};

use crate::audio::{self, Audio, DecodeError, Format, SAMPLE_RATE};
use crate::engine::{Engine, Hint};
use crate::segment::{SpeechSpan, segment};
use crate::transcribe::{Pipeline, Transcript};

pub use shelf::{Known, Shelf};

/// Samples of ours for each of the telephone's.
const UP: usize = 2;
/// Silence that is put before and behind a part to find its speech, so that a word that runs into the cut is told apart.
const MARGIN: usize = SAMPLE_RATE as usize / 2;
/// A voice that comes so near to a cut may go on behind it: 150 ms.
const EDGE: usize = SAMPLE_RATE as usize * 15 / 100;

/// A part of a call that still goes on: its audio, and the stretches that are to be heard.
#[derive(Debug)]
pub struct Part {
    /// Where it begins in the recording, in samples at 8,000 Hz.
    from: u64,
    law: Format,
    payload: Vec<u8>,
    audio: Audio,
    spans: Vec<SpeechSpan>,
    /// What the spans leave for certain, in samples of the part at 8,000 Hz.
    sure: Range<usize>,
}

/// What was heard in a stretch of a call that still went on.
#[derive(Debug, Clone, PartialEq)]
pub struct HeardPart {
    range: Range<u64>,
    law: Format,
    sha256: [u8; 32],
    pressed: Option<Language>,
    /// Its words, timed from the beginning of the recording.
    transcript: Transcript,
}

impl HeardPart {
    /// Returns the words.
    #[must_use]
    pub fn text(&self) -> String {
        self.transcript.text()
    }

    /// Returns how much of the recording need not be heard again.
    #[must_use]
    pub fn length(&self) -> std::time::Duration {
        audio::samples_to_duration(to_samples(self.range.end - self.range.start))
    }

    /// Returns about how many bytes of memory it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        let heard = self.transcript.heard.iter().map(|heard| heard.hypothesis.text.len() + 256);
        let dismissed = self.transcript.dismissed.iter().map(|dismissed| dismissed.text.len() + 128);
        size_of::<Self>() + heard.sum::<usize>() + dismissed.sum::<usize>()
    }

    /// Says whether a finished recording holds the same audio in the same place, and was to be heard in the same way.
    fn is_in(&self, law: Format, payload: &[u8], pressed: Option<Language>) -> bool {
        let place = |tick: u64| usize::try_from(tick).unwrap_or(usize::MAX);
        let found = payload.get(place(self.range.start)..place(self.range.end));
        law == self.law && pressed == self.pressed && found.is_some_and(|found| digest(found) == self.sha256)
    }
}

impl Part {
    /// Returns how many stretches are to be heard.
    #[must_use]
    pub fn stretches(&self) -> usize {
        self.spans.len()
    }

    /// Puts away what was heard; `None` where nothing is certain.
    #[must_use]
    pub fn heard(self, mut transcript: Transcript, pressed: Option<Language>) -> Option<HeardPart> {
        let payload = self.payload.get(self.sure.clone()).filter(|sure| !sure.is_empty())?;
        transcript.shift(to_samples(self.from));
        let range = self.from + self.sure.start as u64..self.from + self.sure.end as u64;
        Some(HeardPart { range, law: self.law, sha256: digest(payload), pressed, transcript })
    }
}

impl Pipeline {
    /// Takes a part of a call that still goes on apart into stretches. One that a cut goes through is left to the whole recording.
    ///
    /// # Errors
    /// Returns a [`DecodeError`] when the bytes are no recording of G.711, as a telephone call leaves it.
    pub fn part(&self, bytes: &[u8], from: u64, engine: &dyn Engine) -> Result<Part, DecodeError> {
        let audio = audio::decode(bytes, &self.limits)?;
        let (law, payload) = audio::telephone_payload(bytes)
            .ok_or_else(|| DecodeError::Unsupported("a part in another codec".to_owned()))?;
        let length = audio.samples.len();
        let margin = vec![0.0; MARGIN];
        let padded = [&*margin, &*audio.samples, &*margin].concat();
        let settings = self.segments_for(engine);
        let found = segment(&padded, &settings);
        let (before, after) = (samples_in(settings.pad_before), samples_in(settings.pad_after));
        let (mut spans, mut sure) = (Vec::with_capacity(found.len()), 0..length);
        for span in found {
            // Back from the padded audio to the part's own; the first and the last voice, without the padding around them.
            let own = |at: usize| at.saturating_sub(MARGIN).min(length);
            let samples = own(span.samples.start)..own(span.samples.end);
            let starts_at_cut = span.samples.start + before < MARGIN + EDGE;
            let ends_at_cut = span.samples.end + EDGE > MARGIN + length + after;
            if starts_at_cut && from > 0 {
                sure.start = sure.start.max(samples.end);
            } else if ends_at_cut {
                sure.end = sure.end.min(samples.start);
            } else {
                spans.push(SpeechSpan { samples, ..span });
            }
        }
        // To whole samples of the telephone's, inwards.
        let sure = sure.start.div_ceil(UP)..sure.end / UP;
        Ok(Part { from, law, payload: payload.to_vec(), audio, spans, sure })
    }

    /// Hears one stretch of a part. Blocking.
    pub fn hear_stretch(&self, part: &Part, stretch: usize, engine: &dyn Engine, hint: Hint, into: &mut Transcript) {
        if let Some(span) = part.spans.get(stretch) {
            self.hear_span(&part.audio.samples, span.clone(), engine, hint, into);
        }
    }

    /// Transcribes a finished recording of which parts were heard before, and says how much was known. Blocking.
    ///
    /// # Errors
    /// Returns a [`DecodeError`] when the bytes are no recording.
    pub fn transcribe_rest(
        &self,
        bytes: &[u8],
        engine: &dyn Engine,
        hint: Hint,
        known: &[HeardPart],
    ) -> Result<(Transcript, std::time::Duration), DecodeError> {
        let audio = audio::decode(bytes, &self.limits)?;
        let trusted = trusted(bytes, hint.pressed, known);
        let (mut transcript, mut at, mut saved) = (Transcript::of(audio.duration()), 0, std::time::Duration::ZERO);
        for part in trusted {
            self.hear_range(&audio, at..to_samples(part.range.start), engine, hint, &mut transcript);
            transcript.append(part.transcript.clone());
            at = to_samples(part.range.end);
            saved += part.length();
        }
        self.hear_range(&audio, at..audio.samples.len(), engine, hint, &mut transcript);
        Ok((transcript, saved))
    }
}

/// The parts that are in the recording, in order and without overlap.
fn trusted<'a>(bytes: &[u8], pressed: Option<Language>, known: &'a [HeardPart]) -> Vec<&'a HeardPart> {
    let Some((law, payload)) = audio::telephone_payload(bytes).filter(|_| !known.is_empty()) else { return Vec::new() };
    let mut parts: Vec<_> = known.iter().filter(|part| part.is_in(law, payload, pressed)).collect();
    parts.sort_by_key(|part| part.range.start);
    let mut end = 0;
    parts.retain(|part| {
        let follows = part.range.start >= end;
        end = if follows { part.range.end } else { end };
        follows
    });
    parts
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn to_samples(ticks: u64) -> usize {
    usize::try_from(ticks).unwrap_or(usize::MAX).saturating_mul(UP)
}

fn samples_in(time: std::time::Duration) -> usize {
    (time.as_secs_f64() * f64::from(SAMPLE_RATE)) as usize
}
