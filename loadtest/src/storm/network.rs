//! What happens to a caller's packets on their way: loss, jitter, overtaking, repetition. Seeded, and decided anew for whoever asks.

use super::dice::{Dice, to_share};

/// A bad network, on the sending side.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    loss: f64,
    repeated: f64,
    overtaken: f64,
    jitter_ms: u64,
    dice: Dice,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is never sent.
    Lost,
    /// It is sent.
    Sent {
        /// So much later than its time, in milliseconds.
        late_ms: u64,
        /// So often: once, or twice.
        copies: u32,
    },
}

/// The longest delay, in milliseconds.
pub const LONGEST_DELAY_MS: u64 = 120;

/// How much later than its time an overtaken packet is, at least: two more have left by then.
const OVERTAKEN_MS: u64 = 45;

impl Network {
    /// Makes a network from shares of packets (0 to 1) and the longest jitter in milliseconds (at most 60).
    pub fn new(loss: f64, repeated: f64, overtaken: f64, jitter_ms: u64, seed: u64) -> Self {
        Self { loss, repeated, overtaken, jitter_ms: jitter_ms.min(60), dice: Dice::new(seed, 2) }
    }

    /// Returns whether every packet is sent once, at its time.
    pub fn is_perfect(&self) -> bool {
        self.loss + self.repeated + self.overtaken == 0.0 && self.jitter_ms == 0
    }

    /// Says what becomes of a caller's packet.
    pub fn fate(&self, caller: u64, step: u64) -> Fate {
        if self.is_perfect() {
            return Fate::Sent { late_ms: 0, copies: 1 };
        }
        let draw = self.dice.draw(caller, step);
        let chance = to_share(draw);
        if chance < self.loss {
            return Fate::Lost;
        }
        let chance = chance - self.loss;
        let overtaken = chance < self.overtaken;
        let repeated = !overtaken && chance - self.overtaken < self.repeated;
        // The draw's low bits are independent of its high ones.
        let jitter = if self.jitter_ms == 0 { 0 } else { (draw & 0x7FF) % (self.jitter_ms + 1) };
        Fate::Sent { late_ms: jitter + if overtaken { OVERTAKEN_MS } else { 0 }, copies: 1 + u32::from(repeated) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept() {
        let network = Network::new(0.01, 0.02, 0.03, 10, 5);
        let fates: Vec<Fate> = (0..100_000).map(|step| network.fate(9, step)).collect();
        let lost = fates.iter().filter(|fate| **fate == Fate::Lost).count();
        let late =
            fates.iter().filter(|fate| matches!(fate, Fate::Sent { late_ms, .. } if *late_ms >= OVERTAKEN_MS)).count();
        let twice = fates.iter().filter(|fate| matches!(fate, Fate::Sent { copies: 2, .. })).count();
        assert!((850..1_150).contains(&lost), "{lost}");
        assert!((2_800..3_200).contains(&late), "{late}");
        assert!((1_800..2_200).contains(&twice), "{twice}");
        assert!(fates.iter().all(|fate| !matches!(fate, Fate::Sent { late_ms, .. } if *late_ms > LONGEST_DELAY_MS)));
    }

    #[test]
    fn a_perfect_network_changes_nothing() {
        let network = Network::new(0.0, 0.0, 0.0, 0, 5);
        assert!(network.is_perfect());
        assert!((0..100).all(|step| network.fate(1, step) == Fate::Sent { late_ms: 0, copies: 1 }));
    }
}
