//! Where a packet's audio belongs: RTP timestamps turned into one 64-bit time line for the whole call.
//!
//! The line counts ticks of 1/8,000 s; a codec with a faster clock has several steps of its timestamps to a tick.
//!
//! Invariants: a packet's place depends on its timestamp, not on when it came, so that loss and silence keep their length;
//! a new source and a broken timestamp continue the line where the clock on the wall says; and the line never runs ahead of
//! that clock by more than [`Timeline::MAX_JUMP`], so that a peer cannot make minutes of silence out of a few packets.

use std::time::Duration;

use crate::SAMPLE_RATE;

/// Turns arrival times to samples; only differences mean anything.
pub(crate) fn samples_at(arrival: Duration) -> u64 {
    const NANOS_PER_SAMPLE: u32 = 1_000_000_000 / SAMPLE_RATE;
    arrival.as_secs() * u64::from(SAMPLE_RATE) + u64::from(arrival.subsec_nanos() / NANOS_PER_SAMPLE)
}

/// The time line of one call.
#[derive(Debug, Clone)]
pub struct Timeline {
    steps_per_tick: u32,
    newest: Option<Newest>,
    began_at: u64,
    end: u64,
    source_changed: bool,
    rebased: u64,
}

/// The packet with the highest timestamp so far.
#[derive(Debug, Clone, Copy)]
struct Newest {
    timestamp: u32,
    position: u64,
    arrived_at: u64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Timeline {
    /// Creates a line for timestamps that count `steps_per_tick` to a tick.
    pub fn new(steps_per_tick: u32) -> Self {
        Self { steps_per_tick, newest: None, began_at: 0, end: 0, source_changed: false, rebased: 0 }
    }

    /// The largest step in timestamps that is taken at its word, in samples: 10 s.
    pub const MAX_JUMP: u64 = 10 * SAMPLE_RATE as u64;

    /// Position of the first packet, in samples: what was sent before it but comes after it has a place too.
    pub const FIRST: u64 = 2 * SAMPLE_RATE as u64;

    /// Returns the position of a packet with `timestamp` and `samples` of audio, or `None` when it would be before the line.
    pub fn place(&mut self, arrival: Duration, timestamp: u32, samples: u64) -> Option<u64> {
        let arrived_at = samples_at(arrival);
        let Some(newest) = self.newest else {
            self.began_at = arrived_at;
            self.advance(Newest { timestamp, position: Self::FIRST, arrived_at }, samples);
            return Some(Self::FIRST);
        };
        if std::mem::take(&mut self.source_changed) {
            return Some(self.rebase(newest, timestamp, arrived_at, samples));
        }
        let mut step = i64::from(timestamp.wrapping_sub(newest.timestamp) as i32);
        if self.steps_per_tick > 1 {
            step = step.div_euclid(i64::from(self.steps_per_tick));
        }
        if step <= 0 && step.unsigned_abs() <= Self::MAX_JUMP {
            return newest.position.checked_sub(step.unsigned_abs());
        }
        let on_the_wall = Self::FIRST + arrived_at.saturating_sub(self.began_at);
        let position = newest.position.saturating_add_signed(step);
        if step < 0 || position > on_the_wall + Self::MAX_JUMP {
            self.rebased += 1;
            return Some(self.rebase(newest, timestamp, arrived_at, samples));
        }
        self.advance(Newest { timestamp, position, arrived_at }, samples);
        Some(position)
    }

    fn rebase(&mut self, newest: Newest, timestamp: u32, arrived_at: u64, samples: u64) -> u64 {
        let elapsed = arrived_at.saturating_sub(newest.arrived_at);
        let position = self.end.max(newest.position + elapsed);
        self.advance(Newest { timestamp, position, arrived_at }, samples);
        position
    }

    fn advance(&mut self, newest: Newest, samples: u64) {
        self.end = self.end.max(newest.position + samples);
        self.newest = Some(newest);
    }

    /// Makes the next packet continue in time whatever its timestamp: another source sends now.
    pub fn change_source(&mut self) {
        self.source_changed = self.newest.is_some();
    }

    /// Counts timestamps of another codec from now on. One of another clock continues by the clock on the wall.
    pub fn change_clock(&mut self, steps_per_tick: u32) {
        if self.steps_per_tick != steps_per_tick {
            self.steps_per_tick = steps_per_tick;
            self.change_source();
        }
    }

    /// Returns the end of the latest audio, or `None` before the first packet.
    pub fn end(&self) -> Option<u64> {
        self.newest.map(|_| self.end)
    }

    /// Returns how often a timestamp could not be believed.
    pub fn rebased(&self) -> u64 {
        self.rebased
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    fn place(line: &mut Timeline, at: Duration, timestamp: u32) -> u64 {
        line.place(at, timestamp, 160).unwrap() - Timeline::FIRST
    }

    #[test]
    fn timestamps_wrap_without_a_seam() {
        let mut line = Timeline::default();
        let first = u32::MAX - 400;
        for frame in 0..1_000u32 {
            let at = place(&mut line, FRAME * frame, first.wrapping_add(frame * 160));
            assert_eq!(at, u64::from(frame) * 160);
        }
        assert_eq!(line.rebased(), 0);
    }

    #[test]
    fn a_pause_keeps_its_length() {
        let mut line = Timeline::default();
        place(&mut line, FRAME, 0);
        let minute = 60 * SAMPLE_RATE;
        assert_eq!(place(&mut line, Duration::from_secs(60), minute), u64::from(minute));
        assert_eq!(line.rebased(), 0);
    }

    #[test]
    fn a_timestamp_that_cannot_be_true_continues_by_the_clock() {
        let mut line = Timeline::default();
        place(&mut line, FRAME, 1_000);
        assert_eq!(place(&mut line, FRAME * 2, 3_000_000_000), 160, "back by years");
        assert_eq!(place(&mut line, FRAME * 3, 3_000_000_160), 320);
        assert_eq!(place(&mut line, FRAME * 4, 3_000_000_160 + 11 * SAMPLE_RATE), 480, "ahead by 11 s within 20 ms");
        assert_eq!(line.rebased(), 2);
    }

    #[test]
    fn a_creeping_timestamp_cannot_make_hours_of_silence() {
        let mut line = Timeline::default();
        let mut last = 0;
        for frame in 0..500u32 {
            last = place(&mut line, FRAME * frame, (frame * 9 * SAMPLE_RATE).wrapping_add(7));
        }
        assert!(last <= Timeline::MAX_JUMP + 10 * u64::from(SAMPLE_RATE), "{last}");
    }

    #[test]
    fn a_new_source_continues_after_the_time_that_passed() {
        let mut line = Timeline::default();
        place(&mut line, FRAME, 500);
        line.change_source();
        assert_eq!(place(&mut line, FRAME + Duration::from_millis(300), 77), 2_400);
        assert_eq!(place(&mut line, FRAME + Duration::from_millis(320), 237), 2_560);
    }

    #[test]
    fn a_faster_clock_gives_the_same_places() {
        let mut line = Timeline::new(6);
        let first = u32::MAX - 1_000;
        for frame in 0..1_000u32 {
            let at = line.place(FRAME * frame, first.wrapping_add(frame * 960), 160).unwrap() - Timeline::FIRST;
            assert_eq!(at, u64::from(frame) * 160);
        }
        let overtaken = line.place(FRAME * 1_000, first.wrapping_add(990 * 960), 160).unwrap() - Timeline::FIRST;
        assert_eq!((overtaken, line.rebased()), (990 * 160, 0));
        line.change_clock(1);
        assert_eq!(place(&mut line, FRAME * 1_000, 77), 160_000, "another clock goes on where time is");
        assert_eq!(place(&mut line, FRAME * 1_001, 237), 160_160);
    }

    #[test]
    fn a_sender_whose_clock_drifts_keeps_every_sample_in_order() {
        // Two parts in a thousand fast, for an hour: far worse than any crystal, and still believed.
        let mut line = Timeline::default();
        for frame in 0..180_000u32 {
            let at = place(&mut line, FRAME * frame / 1_002 * 1_000, frame * 160);
            assert_eq!(at, u64::from(frame) * 160);
        }
        assert_eq!(line.rebased(), 0);
    }

    #[test]
    fn a_wall_clock_set_back_does_not_tear_the_line() {
        let mut line = Timeline::default();
        let hour = Duration::from_secs(3_600);
        place(&mut line, hour, 0);
        for frame in 1..1_000u32 {
            assert_eq!(place(&mut line, FRAME * frame, frame * 160), u64::from(frame) * 160);
        }
    }
}
