//! Which packets of a source were seen: the 48-bit index guessed from 16 bits, and the replay window (RFC 3711 sections 3.3.1, 3.3.2).

/// What an index says about its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replay {
    New,
    /// Seen before, or so old that nobody can tell.
    Seen,
}

/// The highest index of a source, and the 128 at and below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    highest: u64,
    /// Bit `n` is set when `highest - n` was accepted.
    seen: u128,
}

impl Window {
    pub fn starting(index: u64) -> Self {
        Self { highest: index, seen: 0 }
    }

    /// Guesses the index of a sequence number: the one nearest to the highest so far.
    pub fn index_of(self, sequence: u16) -> u64 {
        let step = i64::from(sequence.wrapping_sub(self.highest as u16) as i16);
        // Before the first rollover there is nothing below: such a packet is taken as it stands, and its tag decides.
        self.highest.checked_add_signed(step).unwrap_or(u64::from(sequence))
    }

    pub fn judge(self, index: u64) -> Replay {
        let Some(behind) = self.highest.checked_sub(index) else {
            return Replay::New;
        };
        let bit = u32::try_from(behind).ok().and_then(|behind| 1u128.checked_shl(behind));
        if bit.is_some_and(|bit| self.seen & bit == 0) { Replay::New } else { Replay::Seen }
    }

    pub fn accept(&mut self, index: u64) {
        match index.checked_sub(self.highest) {
            Some(ahead) => {
                let shifted = u32::try_from(ahead).ok().and_then(|ahead| self.seen.checked_shl(ahead));
                self.seen = shifted.unwrap_or(0) | 1;
                self.highest = index;
            }
            None => {
                let behind = u32::try_from(self.highest - index).ok();
                self.seen |= behind.and_then(|behind| 1u128.checked_shl(behind)).unwrap_or(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_index_is_accepted_once(first in 0u64..200_000, steps in prop::collection::vec(-100i64..200, 1..300)) {
            let mut window = Window::starting(first);
            window.accept(first);
            let mut seen = std::collections::HashSet::from([first]);
            for step in steps {
                let at = window.highest.saturating_add_signed(step);
                let fresh = seen.insert(at);
                prop_assert_eq!(window.judge(at) == Replay::New, fresh);
                prop_assert_eq!(window.index_of(at as u16), at);
                window.accept(at);
            }
        }
    }

    #[test]
    fn what_is_too_old_was_seen() {
        let mut window = Window::starting(500);
        window.accept(500);
        window.accept(700);
        assert_eq!(window.judge(600), Replay::New);
        assert_eq!(window.judge(572), Replay::Seen);
        window.accept(1_000_000);
        assert_eq!(window.judge(700), Replay::Seen);
    }
}
