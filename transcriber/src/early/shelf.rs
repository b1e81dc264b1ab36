//! What is known of calls that still go on, until their recordings are finished: bounded in calls, in bytes and in time. Pure: the
//! time comes in as an argument.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use dauys_events::IntakeId;

use super::HeardPart;

/// The most calls that are kept.
const MOST_CALLS: usize = 20_000;
/// The most memory that they take, in bytes.
const MOST_BYTES: usize = 64 << 20;
/// A call of which nothing more came for so long is forgotten: no recording is longer than an hour.
const LONGEST: Duration = Duration::from_secs(3_600);
/// So many finished calls are remembered, so that a part that comes late is not heard for nothing.
const FINISHED: usize = 1_024;

/// What is known of one call.
#[derive(Debug, Default)]
pub struct Known {
    /// What was heard.
    pub parts: Vec<HeardPart>,
    /// Somebody may be in danger.
    pub urgent: bool,
    bytes: usize,
    turn: u64,
    touched: Option<Instant>,
}

impl Known {
    /// Returns how much of the recording need not be heard again, if it is as the parts were.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.parts.iter().map(HeardPart::length).sum()
    }
}

/// The calls of which something is known.
#[derive(Debug)]
pub struct Shelf {
    calls: HashMap<IntakeId, Known>,
    /// The longest untouched first.
    order: BTreeMap<u64, IntakeId>,
    turns: u64,
    bytes: usize,
    finished: VecDeque<IntakeId>,
    most_calls: usize,
    most_bytes: usize,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::bounded(MOST_CALLS, MOST_BYTES)
    }
}

impl Shelf {
    /// Makes a shelf with other bounds.
    #[must_use]
    pub fn bounded(most_calls: usize, most_bytes: usize) -> Self {
        Self {
            calls: HashMap::new(),
            order: BTreeMap::new(),
            turns: 0,
            bytes: 0,
            finished: VecDeque::new(),
            most_calls,
            most_bytes,
        }
    }

    /// Keeps what was heard in a part. Returns how many calls were forgotten for it.
    pub fn put(&mut self, now: Instant, intake: IntakeId, part: HeardPart, urgent: bool) -> usize {
        self.turns += 1;
        let size = part.size();
        let known = self.calls.entry(intake).or_default();
        if known.touched.replace(now).is_some() {
            self.order.remove(&known.turn);
        }
        known.turn = self.turns;
        known.urgent |= urgent;
        known.bytes += size;
        known.parts.push(part);
        self.order.insert(self.turns, intake);
        self.bytes += size;
        self.evict(now)
    }

    /// Takes what is known of a call that is over.
    pub fn finish(&mut self, intake: IntakeId) -> Known {
        self.finished.push_back(intake);
        if self.finished.len() > FINISHED {
            self.finished.pop_front();
        }
        self.remove(intake).unwrap_or_default()
    }

    /// Returns how much of a call is known, and whether somebody may be in danger; `None` where nothing is known.
    #[must_use]
    pub fn about(&self, intake: IntakeId) -> Option<(Duration, bool)> {
        self.calls.get(&intake).map(|known| (known.length(), known.urgent))
    }

    /// Returns whether a call was over a short while ago.
    #[must_use]
    pub fn is_finished(&self, intake: IntakeId) -> bool {
        self.finished.contains(&intake)
    }

    fn evict(&mut self, now: Instant) -> usize {
        let mut forgotten = 0;
        while let Some(oldest) = self.order.first_key_value().map(|(_, intake)| *intake) {
            let touched = self.calls.get(&oldest).and_then(|known| known.touched);
            let is_old = touched.is_none_or(|touched| now.saturating_duration_since(touched) > LONGEST);
            if !is_old && self.calls.len() <= self.most_calls && self.bytes <= self.most_bytes {
                break;
            }
            self.remove(oldest);
            forgotten += 1;
        }
        forgotten
    }

    fn remove(&mut self, intake: IntakeId) -> Option<Known> {
        let known = self.calls.remove(&intake)?;
        self.order.remove(&known.turn);
        self.bytes -= known.bytes;
        Some(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Format;
    use crate::transcribe::Transcript;

    fn part(from: u64) -> HeardPart {
        HeardPart {
            range: from..from + 8_000,
            law: Format::WavALaw,
            sha256: [0; 32],
            pressed: None,
            transcript: Transcript::default(),
        }
    }

    fn intake(number: u128) -> IntakeId {
        IntakeId(uuid::Uuid::from_u128(number))
    }

    #[expect(clippy::disallowed_methods, reason = "the clock's start is of no matter here")]
    fn now() -> Instant {
        Instant::now()
    }

    #[test]
    fn what_was_heard_of_a_call_is_there_once_when_it_is_over() {
        let (mut shelf, now) = (Shelf::default(), now());
        assert_eq!(shelf.put(now, intake(1), part(0), false), 0);
        assert_eq!(shelf.put(now, intake(1), part(8_000), true), 0);
        assert_eq!(shelf.about(intake(1)), Some((Duration::from_secs(2), true)));
        assert_eq!(shelf.about(intake(2)), None);
        let known = shelf.finish(intake(1));
        assert_eq!((known.parts.len(), known.urgent, known.length()), (2, true, Duration::from_secs(2)));
        assert!(shelf.is_finished(intake(1)) && shelf.finish(intake(1)).parts.is_empty());
        assert_eq!((shelf.bytes, shelf.order.len()), (0, 0));
    }

    #[test]
    fn the_longest_untouched_goes_first_and_the_old_go_by_themselves() {
        let (mut shelf, now) = (Shelf::bounded(2, usize::MAX), now());
        shelf.put(now, intake(1), part(0), false);
        shelf.put(now, intake(2), part(0), false);
        shelf.put(now, intake(1), part(8_000), false);
        assert_eq!(shelf.put(now, intake(3), part(0), false), 1);
        assert!(shelf.about(intake(2)).is_none() && shelf.about(intake(1)).is_some());
        let later = now + LONGEST + Duration::from_secs(1);
        assert_eq!(shelf.put(later, intake(4), part(0), false), 2);
        assert!(shelf.about(intake(4)).is_some() && shelf.calls.len() == 1);
    }

    #[test]
    fn memory_has_a_bound() {
        let mut shelf = Shelf::bounded(usize::MAX, 10 * part(0).size());
        for number in 0..100 {
            shelf.put(now(), intake(number), part(0), false);
            assert!(shelf.bytes <= 10 * part(0).size());
        }
        assert_eq!(shelf.calls.len(), 10);
    }
}
