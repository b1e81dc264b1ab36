//! How one caller behaves: when they speak, what they press, how they leave, and how well their telephone keeps to the rules.

use super::dice::Dice;

/// How a caller leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// Hangs up after the last word.
    Bye,
    /// Presses `#`, listens to the number, and is hung up on.
    Hash,
    /// Hangs up while it rings.
    Cancel,
    /// Hangs up as soon as somebody answers.
    AtAnswer,
    /// Hangs up during the greeting without a word.
    InGreeting,
}

/// How a caller behaves. Times are in steps of 20 ms from the first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conduct {
    /// How the caller leaves.
    pub leaving: Leaving,
    /// For how long the caller listens before speaking.
    pub listens: u64,
    /// When the caller leaves, or presses `#`.
    pub leaves: u64,
    /// A key that is pressed one second after the answer, for the language.
    pub key: Option<char>,
    /// The telephone sends nothing while its owner is silent.
    pub is_silent_in_pauses: bool,
    /// The telephone's first ACK belongs to no request; the right one follows the repeated answer.
    pub acknowledges_wrongly: bool,
    /// The telephone sends its INVITE twice.
    pub repeats_itself: bool,
}

/// Which callers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Mix {
    /// Everybody listens, speaks, and hangs up.
    Whole,
    /// Everybody hangs up as soon as somebody answers: signalling alone.
    Signalling,
    /// As a city calls: some press keys, some leave at every stage, some telephones break rules.
    City,
}

/// How long a caller who says nothing stays.
const SILENT_STAY: u64 = 75;
/// When the language key is pressed.
pub const KEY_AT: u64 = 50;

impl Mix {
    /// Says how a caller behaves who listens and stays for so many steps.
    pub fn conduct(self, seed: u64, caller: u64, listens: u64, leaves: u64) -> Conduct {
        let plain = Conduct {
            leaving: Leaving::Bye,
            listens,
            leaves,
            key: None,
            is_silent_in_pauses: false,
            acknowledges_wrongly: false,
            repeats_itself: false,
        };
        match self {
            Mix::Whole => return plain,
            Mix::Signalling => return Conduct { leaving: Leaving::AtAnswer, ..plain },
            Mix::City => {}
        }
        let dice = Dice::new(seed, 3);
        let chance = |purpose: u64, share: f64| dice.share(caller, purpose) < share;
        let leaving = match dice.draw(caller, 0) % 100 {
            0..60 => Leaving::Bye,
            60..80 => Leaving::Hash,
            80..86 => Leaving::Cancel,
            86..92 => Leaving::AtAnswer,
            _ => Leaving::InGreeting,
        };
        let key = ['1', '2', '3'].get(dice.draw(caller, 1) as usize % 10).copied();
        Conduct {
            leaving,
            leaves: if leaving == Leaving::InGreeting { SILENT_STAY.min(leaves) } else { leaves },
            // Who leaves at the start does not choose a language first.
            key: key.filter(|_| matches!(leaving, Leaving::Bye | Leaving::Hash) && listens > KEY_AT + 10),
            is_silent_in_pauses: chance(2, 0.15),
            acknowledges_wrongly: chance(3, 0.05),
            repeats_itself: chance(4, 0.05),
            ..plain
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_city_has_every_kind_of_caller_and_a_whole_run_only_one() {
        let city: Vec<Conduct> = (0..1_000).map(|caller| Mix::City.conduct(1, caller, 200, 1_000)).collect();
        for leaving in [Leaving::Bye, Leaving::Hash, Leaving::Cancel, Leaving::AtAnswer, Leaving::InGreeting] {
            assert!(city.iter().any(|conduct| conduct.leaving == leaving), "{leaving:?}");
        }
        assert!(city.iter().any(|conduct| conduct.key == Some('2') && conduct.acknowledges_wrongly));
        let whole: Vec<Conduct> = (0..10).map(|caller| Mix::Whole.conduct(1, caller, 200, 1_000)).collect();
        assert!(whole.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
