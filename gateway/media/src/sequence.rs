//! Sequence numbers of one RTP stream: extension past 16 bits, duplicates, loss (RFC 3550 section 6.4.1 and appendix A.1).
//!
//! Invariant: each extended number is accepted at most once as long as it is within [`WINDOW`] of the highest one.

/// How far behind the highest number a packet may come and still be told from a duplicate: 2.5 s of 20 ms packets.
pub const WINDOW: u64 = 128;

/// A jump ahead of more than this is another sequence, not loss (RFC 3550's MAX_DROPOUT).
const MAX_DROPOUT: i64 = 3_000;

/// What a sequence number says about its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The next one, or one after a loss.
    Ahead,
    /// Overtaken by others, but not seen before.
    Reordered,
    /// Seen before.
    Duplicate,
    /// Too far from the others to be judged; a second one in sequence restarts the count.
    Astray,
    /// The sender began a new sequence.
    Restarted,
}

/// Follows the sequence numbers of one source.
#[derive(Debug, Clone, Default)]
pub struct SequenceTracker {
    run: Option<Run>,
    expected_in_earlier_runs: u64,
    received: u64,
    expected_at_report: u64,
    received_at_report: u64,
}

#[derive(Debug, Clone)]
struct Run {
    lowest: u64,
    highest: u64,
    /// Bit `n` is set when `highest - n` was received.
    seen: u128,
    restart_at: Option<u16>,
}

impl Run {
    fn starting(first: u64) -> Self {
        Self { lowest: first, highest: first, seen: 1, restart_at: None }
    }

    fn expected(&self) -> u64 {
        self.highest - self.lowest + 1
    }
}

impl SequenceTracker {
    /// Takes the next packet's sequence number in the order of arrival.
    pub fn handle_sequence(&mut self, sequence: u16) -> Order {
        let order = self.judge(sequence);
        if matches!(order, Order::Ahead | Order::Reordered | Order::Restarted) {
            self.received += 1;
        }
        order
    }

    fn judge(&mut self, sequence: u16) -> Order {
        let Some(run) = &mut self.run else {
            // One cycle up, so that a packet from before the first one has a number too.
            self.run = Some(Run::starting((1 << 16) + u64::from(sequence)));
            return Order::Ahead;
        };
        let ahead = i64::from(sequence.wrapping_sub(run.highest as u16) as i16);
        match ahead {
            1..=MAX_DROPOUT => {
                run.highest += ahead as u64;
                run.seen = run.seen.checked_shl(ahead as u32).unwrap_or(0) | 1;
                run.restart_at = None;
                Order::Ahead
            }
            _ if ahead <= 0 && ahead.unsigned_abs() < WINDOW => {
                let bit = 1u128 << ahead.unsigned_abs();
                if run.seen & bit != 0 {
                    return Order::Duplicate;
                }
                run.seen |= bit;
                run.lowest = run.lowest.min(run.highest - ahead.unsigned_abs());
                Order::Reordered
            }
            _ if run.restart_at == Some(sequence) => {
                let next_cycle = ((run.highest >> 16) + 1) << 16;
                self.expected_in_earlier_runs += run.expected();
                *run = Run::starting(next_cycle + u64::from(sequence));
                Order::Restarted
            }
            _ => {
                run.restart_at = Some(sequence.wrapping_add(1));
                Order::Astray
            }
        }
    }

    /// Begins the numbers of another source; what was counted stays.
    pub fn change_source(&mut self) {
        if let Some(run) = self.run.take() {
            self.expected_in_earlier_runs += run.expected();
        }
    }

    /// Returns how many packets were received, duplicates not counted.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Returns how many packets should have been received.
    pub fn expected(&self) -> u64 {
        self.expected_in_earlier_runs + self.run.as_ref().map_or(0, Run::expected)
    }

    /// Returns how many packets never came.
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Returns the extended highest sequence number for a report block.
    pub fn extended_highest(&self) -> u32 {
        self.run.as_ref().map_or(0, |run| (run.highest - (1 << 16)) as u32)
    }

    /// Returns the fraction lost since the previous call of this method, in 1/256 (RFC 3550 appendix A.3).
    pub fn take_fraction_lost(&mut self) -> u8 {
        let expected = self.expected().saturating_sub(self.expected_at_report);
        let received = self.received.saturating_sub(self.received_at_report);
        self.expected_at_report = self.expected();
        self.received_at_report = self.received;
        match expected.saturating_sub(received) {
            0 => 0,
            lost => ((lost << 8) / expected).min(255) as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_count_goes_past_sixteen_bits() {
        let mut tracker = SequenceTracker::default();
        for number in 65_000u32..140_000 {
            assert_eq!(tracker.handle_sequence(number as u16), Order::Ahead);
        }
        assert_eq!(tracker.expected(), 75_000);
        assert_eq!(tracker.lost(), 0);
        assert_eq!(tracker.extended_highest(), 139_999);
    }

    #[test]
    fn a_stray_number_changes_nothing_and_two_in_sequence_restart() {
        let mut tracker = SequenceTracker::default();
        for number in 100..110 {
            tracker.handle_sequence(number);
        }
        assert_eq!(tracker.handle_sequence(30_000), Order::Astray);
        assert_eq!(tracker.handle_sequence(110), Order::Ahead);
        assert_eq!(tracker.handle_sequence(30_000), Order::Astray);
        assert_eq!(tracker.handle_sequence(30_001), Order::Restarted);
        assert_eq!(tracker.handle_sequence(30_002), Order::Ahead);
        assert_eq!((tracker.expected(), tracker.lost()), (13, 0));
    }

    #[test]
    fn the_fraction_lost_is_of_the_last_interval_only() {
        let mut tracker = SequenceTracker::default();
        for number in (0..100).filter(|number| number % 4 != 3) {
            tracker.handle_sequence(number);
        }
        assert_eq!(tracker.take_fraction_lost(), (24 * 256 / 99) as u8);
        for number in 100..200 {
            tracker.handle_sequence(number);
        }
        assert_eq!(tracker.take_fraction_lost(), 2, "the last of the hundred before was found lost now");
        assert_eq!(tracker.take_fraction_lost(), 0);
    }

    proptest! {
        #[test]
        fn loss_and_duplicates_are_counted_exactly(first: u16, fates in prop::collection::vec(0u8..4, 2..2_000), swap in 1usize..100) {
            // 0: lost, 1 and 2: once, 3: twice. The first and the last arrive, so that what was sent is known.
            let count = fates.len();
            let mut sent = vec![first];
            for (offset, fate) in fates.iter().enumerate().skip(1) {
                let copies = if offset == count - 1 { 1 } else { usize::from(*fate).div_ceil(2) };
                sent.extend(std::iter::repeat_n(first.wrapping_add(offset as u16), copies));
            }
            // Reordering within the window, the first left in place.
            if let Some(rest) = sent.get_mut(1..) {
                for chunk in rest.chunks_mut(swap.min(60)) {
                    chunk.reverse();
                }
            }
            let mut tracker = SequenceTracker::default();
            let orders: Vec<Order> = sent.iter().map(|&number| tracker.handle_sequence(number)).collect();
            let mut unique = sent.clone();
            unique.sort_unstable();
            unique.dedup();
            prop_assert!(!orders.contains(&Order::Astray));
            prop_assert_eq!(tracker.received(), unique.len() as u64);
            prop_assert_eq!(tracker.expected(), count as u64);
            prop_assert_eq!(tracker.lost(), (count - unique.len()) as u64);
            prop_assert_eq!(orders.iter().filter(|&&order| order == Order::Duplicate).count(), sent.len() - unique.len());
        }
    }
}
