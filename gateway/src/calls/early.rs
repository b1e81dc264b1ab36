//! Early text: what a caller has said until a pause is handed over while the call goes on, so that little is left to transcribe at
//! its end. All of it is best effort: a part that is lost costs time and no words, because the whole recording comes anyway.

use super::line::wall;
use super::telemetry;
use crate::media::Reply;
use crate::recording::{Located, Store, wav};
use bytes::Bytes;
use dauys_bus::{Bus, Message, RecordingError, Recordings};
use dauys_events::{EnvelopeError, IntakeId, Language, RecordedPart};
use jiff::SignedDuration;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{debug, warn};

/// How many parts may wait to be read back.
pub(super) const WAITING: usize = 256;
/// How many are read, written and published at once.
const AT_ONCE: usize = 4;
/// How long one may take, the bus included; what comes later helps nobody.
const PATIENCE: Duration = Duration::from_secs(5);
/// No part is longer, in ticks (five minutes): what lies before it is heard with the whole recording.
const LONGEST: u64 = 300 * 8_000;
/// Audio that is kept before the first word, in ticks.
const LEAD: u64 = 8_000;
/// After so long a part that nobody heard is removed, and how often that is looked for.
const OLD: SignedDuration = SignedDuration::from_hours(1);
const SWEEP: Duration = Duration::from_secs(600);

/// Where a call's recording is cut into parts. Positions are ticks of 1/8,000 s from its beginning.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    from: Option<u64>,
    number: u32,
}

impl Cuts {
    /// Takes note that the caller speaks; what lies before the first word is silence and our own echo.
    pub fn speech_started(&mut self, at: u64) {
        self.from.get_or_insert(at.saturating_sub(LEAD));
    }

    /// Returns the part that a pause closes, and its number, once it is at least so long.
    pub fn due(&self, pause_at: u64, least: u64) -> Option<(Range<u64>, u32)> {
        let from = self.from?;
        let part = from.max(pause_at.saturating_sub(LONGEST))..pause_at;
        (pause_at >= from.saturating_add(least)).then_some((part, self.number + 1))
    }

    /// Takes note that the part up to here is on its way.
    pub fn cut(&mut self, at: u64) {
        self.from = Some(at);
        self.number += 1;
    }
}

/// A part on its way.
pub(super) struct Part {
    pub intake_id: IntakeId,
    pub number: u32,
    pub range: Range<u64>,
    pub language_hint: Option<Language>,
    pub located: Reply<Option<Located>>,
}

/// What it takes to hand parts over.
pub(super) struct Desk {
    pub store: Store,
    pub recordings: Recordings,
    pub bus: Arc<dyn Bus>,
}

/// Why a part was not handed over.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("the call was over first")]
    Over,
    #[error("it cannot be read back: {0}")]
    Read(#[from] std::io::Error),
    #[error("it is not G.711 all through")]
    Codec,
    #[error(transparent)]
    Recordings(#[from] RecordingError),
    #[error(transparent)]
    Event(#[from] EnvelopeError),
    #[error("bus: {0}")]
    Bus(#[from] dauys_bus::BusError),
    #[error("it took too long")]
    Late,
}

impl Desk {
    /// Hands parts over until the line is closed, and removes those that nobody came for.
    pub async fn run(self, mut parts: mpsc::Receiver<Part>) {
        let desk = Arc::new(self);
        let mut under_way = JoinSet::new();
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                part = parts.recv(), if under_way.len() < AT_ONCE => {
                    let Some(part) = part else { break };
                    under_way.spawn(Arc::clone(&desk).hand_over(part));
                }
                Some(_) = under_way.join_next() => {}
                _ = sweep.tick() => desk.sweep().await,
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    async fn hand_over(self: Arc<Self>, part: Part) {
        let intake_id = part.intake_id;
        let handed = tokio::time::timeout(PATIENCE, self.deliver(part)).await.unwrap_or(Err(Lost::Late));
        let outcome = if handed.is_ok() { "handed" } else { "lost" };
        metrics::counter!(telemetry::PARTS, "outcome" => outcome).increment(1);
        if let Err(why) = handed {
            debug!(%intake_id, %why, "a part was not handed over; the whole recording will be");
        }
    }

    async fn deliver(&self, part: Part) -> Result<(), Lost> {
        let located = part.located.await.ok().flatten().ok_or(Lost::Over)?;
        let places = located.await.map_err(|_| Lost::Over)?;
        let (store, range) = (self.store.clone(), part.range.clone());
        let read =
            tokio::task::spawn_blocking(move || store.excerpt(&places, range)).await.map_err(|_| Lost::Over)??;
        let (codec, payload) = read.ok_or(Lost::Codec)?;
        let file = Bytes::from(wav::write(codec, &payload));
        let recording = self.recordings.put_part(part.intake_id, part.number, file).await?;
        let event = RecordedPart {
            intake_id: part.intake_id,
            number: part.number,
            from_sample: part.range.start,
            to_sample: part.range.end,
            language_hint: part.language_hint,
            recording,
        };
        self.bus.publish(vec![Message::of(wall(), event)?]).await?;
        Ok(())
    }

    async fn sweep(&self) {
        let oldest = wall().checked_sub(OLD).unwrap_or_default();
        match self.recordings.sweep_parts(oldest).await {
            Ok(0) => {}
            Ok(removed) => debug!(removed, "parts that nobody came for were removed"),
            Err(error) => warn!(%error, "old parts could not be removed; they are at the next time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_goes_from_shortly_before_the_first_word_to_a_pause_and_the_next_one_on_from_there() {
        let mut cuts = Cuts::default();
        assert_eq!(cuts.due(1_000_000, 0), None, "nobody has spoken");
        cuts.speech_started(100_000);
        assert_eq!(cuts.due(150_000, 80_000), None, "too short");
        cuts.speech_started(160_000);
        assert_eq!(cuts.due(180_000, 80_000), Some((92_000..180_000, 1)));
        assert_eq!(cuts.due(190_000, 80_000), Some((92_000..190_000, 1)), "what was not taken is longer the next time");
        cuts.cut(190_000);
        assert_eq!(cuts.due(260_000, 80_000), None);
        assert_eq!(cuts.due(280_000, 80_000), Some((190_000..280_000, 2)));
    }

    #[test]
    fn who_speaks_at_once_is_cut_from_the_beginning() {
        let mut cuts = Cuts::default();
        cuts.speech_started(960);
        assert_eq!(cuts.due(96_000, 96_000), Some((0..96_000, 1)));
        assert_eq!(cuts.due(u64::MAX, 96_000), Some((u64::MAX - LONGEST..u64::MAX, 1)), "and never by much at once");
    }
}
