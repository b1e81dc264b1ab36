//! What a storm is to be: how many callers, when, for how long, how they behave and over which network.

use super::arrivals::{Arrivals, Pattern};
use super::conduct::{Conduct, Mix};
use super::network::Network;
use crate::phone::target::Target;

/// What a storm is to be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whom to call.
    pub target: Target,
    /// How many calls there are.
    pub calls: u64,
    /// How they arrive.
    pub pattern: Pattern,
    /// How many arrive each second.
    pub rate: f64,
    /// For how long all calls are up together, in seconds.
    pub hold: f64,
    /// How long each call lasts, in seconds, instead of all being up together.
    pub length: Option<f64>,
    /// For how long callers listen before they speak, in seconds.
    pub listen: f64,
    /// Which callers there are.
    pub mix: Mix,
    /// What the callers' network does.
    pub network: Network,
    /// What chance depends on.
    pub seed: u64,
    /// How many threads send.
    pub lanes: usize,
    /// How many packets a telephone sends at once (1 to 5): with 1 every 20 ms, with 3 three of them every 60 ms.
    pub together: usize,
}

/// Steps of media in a second.
const STEPS: f64 = 50.0;

impl Plan {
    /// Returns the moments at which calls begin.
    pub fn arrivals(&self) -> Arrivals {
        Arrivals::new(self.pattern, self.rate, self.calls, self.seed)
    }

    /// Returns for how long calls arrive, in seconds.
    pub fn arriving(&self) -> f64 {
        match self.pattern {
            Pattern::Spike => 0.0,
            Pattern::Ramp | Pattern::Poisson => self.calls as f64 / self.rate,
        }
    }

    /// Returns how long a call lasts, in seconds.
    pub fn stays(&self) -> f64 {
        self.length.unwrap_or(self.hold + self.arriving())
    }

    /// Returns how long the storm lasts at most, in seconds: its calls, and patience for those that nobody ends.
    pub fn longest(&self) -> f64 {
        self.arriving() * 1.2 + self.stays() + 100.0
    }

    /// Says how a caller behaves.
    pub fn conduct(&self, caller: u64) -> Conduct {
        let leaves = (self.stays() * STEPS) as u64;
        self.mix.conduct(self.seed, caller, (self.listen * STEPS) as u64, leaves)
    }

    /// Says where in the voice a caller begins: each elsewhere, the same in a repeated run.
    pub fn place(&self, caller: u64, frames: usize) -> usize {
        (caller as usize).wrapping_mul(7_919) % frames.max(1)
    }
}
