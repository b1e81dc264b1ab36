//! Chance that can be repeated: every draw is a hash of the run's seed and of what is drawn for, so that a check afterwards
//! knows what was decided without anybody having written it down.

/// Draws for one purpose of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dice(u64);

impl Dice {
    /// Makes the dice of a run for a purpose; different purposes draw independently.
    pub const fn new(seed: u64, purpose: u64) -> Self {
        Self(scramble(seed ^ scramble(purpose)))
    }

    /// Draws for a pair of numbers, such as a caller and a step.
    pub const fn draw(self, first: u64, second: u64) -> u64 {
        scramble(self.0 ^ scramble(first ^ scramble(second)))
    }

    /// Draws from 0 to below 1.
    pub fn share(self, first: u64, second: u64) -> f64 {
        to_share(self.draw(first, second))
    }
}

/// Makes a number from 0 to below 1 of a draw.
pub fn to_share(draw: u64) -> f64 {
    (draw >> 11) as f64 / (1u64 << 53) as f64
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014), which passes every bit into every bit.
const fn scramble(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_repeat_and_are_even() {
        let dice = Dice::new(7, 1);
        assert_eq!(dice.draw(3, 4), Dice::new(7, 1).draw(3, 4));
        assert_ne!(dice.draw(3, 4), Dice::new(7, 2).draw(3, 4));
        let below = (0..10_000).filter(|step| dice.share(5, *step) < 0.25).count();
        assert!((2_350..2_650).contains(&below), "{below}");
    }
}
