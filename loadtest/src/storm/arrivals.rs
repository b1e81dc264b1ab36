//! When calls begin: evenly, all at once, or by chance as callers do.

use super::dice::Dice;

/// How calls arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Pattern {
    /// At an even rate.
    Ramp,
    /// All at the same moment.
    Spike,
    /// Independently of each other, at the rate on average (a Poisson process).
    Poisson,
}

/// The moments at which calls begin, in microseconds from the start, in order.
#[derive(Clone, Debug)]
pub struct Arrivals {
    pattern: Pattern,
    gap_us: f64,
    dice: Dice,
    next: u64,
    count: u64,
    at_us: f64,
}

impl Arrivals {
    /// Makes the arrivals of `count` calls at `rate` calls a second.
    pub fn new(pattern: Pattern, rate: f64, count: u64, seed: u64) -> Self {
        let gap_us = 1_000_000.0 / rate.max(0.001);
        Self { pattern, gap_us, dice: Dice::new(seed, 1), next: 0, count, at_us: 0.0 }
    }
}

impl Iterator for Arrivals {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.next == self.count {
            return None;
        }
        let at = self.at_us;
        self.at_us += match self.pattern {
            Pattern::Ramp => self.gap_us,
            Pattern::Spike => 0.0,
            Pattern::Poisson => -(1.0 - self.dice.share(self.next, 0)).ln() * self.gap_us,
        };
        self.next += 1;
        Some(at as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_even_and_a_spike_is_one_moment() {
        let ramp: Vec<u64> = Arrivals::new(Pattern::Ramp, 100.0, 5, 1).collect();
        assert_eq!(ramp, [0, 10_000, 20_000, 30_000, 40_000]);
        assert!(Arrivals::new(Pattern::Spike, 100.0, 5, 1).eq([0; 5]));
    }

    #[test]
    fn chance_keeps_the_rate_and_the_seed_keeps_the_chance() {
        let arrivals = Arrivals::new(Pattern::Poisson, 100.0, 10_000, 1);
        let last = arrivals.clone().last().unwrap();
        assert!((95_000_000..105_000_000).contains(&last), "{last}");
        assert!(arrivals.clone().is_sorted());
        assert!(arrivals.eq(Arrivals::new(Pattern::Poisson, 100.0, 10_000, 1)));
    }
}
