//! How each kind of trouble spreads, and for how long reports of it belong together.

use jiff::SignedDuration;
use std::collections::BTreeMap;

/// How a kind of trouble spreads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Along a network: many houses, a microdistrict, a district, the city at once. Power, water, heat, gas.
    Network,
    /// One spot that many people pass: a manhole, a fallen tree, a heap of rubbish.
    Spot,
    /// One citizen's own matter: reports of it are never the same thing.
    Personal,
}

/// What holds for a category.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Categories of one family can be one incident.
    pub family: String,
    /// How it spreads.
    pub spread: Spread,
    /// The longest time between two reports that open an incident.
    pub pair: SignedDuration,
    /// How long an incident waits for its next report before it ends.
    pub quiet: SignedDuration,
    /// Reports an hour that a whole city makes when nothing particular happens, before any are counted.
    pub usual_per_hour: f64,
}

impl Rule {
    /// Makes a rule of a family for what spreads along a network.
    pub fn network(family: &str, usual_per_hour: f64) -> Self {
        Self {
            family: family.to_owned(),
            spread: Spread::Network,
            pair: SignedDuration::from_hours(2),
            quiet: SignedDuration::from_hours(12),
            usual_per_hour,
        }
    }

    /// Makes a rule of a family for what stays at one spot until it is mended, for so many days.
    pub fn spot(family: &str, days: u32) -> Self {
        let stays = SignedDuration::from_hours(i64::from(days) * 24);
        Self { family: family.to_owned(), spread: Spread::Spot, pair: stays, quiet: stays, usual_per_hour: 1.0 }
    }
}

/// The rules by category; a category without a rule is one citizen's own matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    rules: BTreeMap<String, Rule>,
}

impl Policy {
    /// Sets the rule of a category.
    #[must_use]
    pub fn with(mut self, category: &str, rule: Rule) -> Self {
        self.rules.insert(category.to_owned(), rule);
        self
    }

    /// Returns a category's rule, where reports of it can be the same thing.
    pub fn rule(&self, category: &str) -> Option<&Rule> {
        self.rules.get(category).filter(|rule| rule.spread != Spread::Personal)
    }

    /// Returns the rule of a family.
    pub fn family(&self, family: &str) -> Option<&Rule> {
        self.rules.values().find(|rule| rule.family == family)
    }

    /// Returns the longest time for which any report matters.
    pub fn longest(&self) -> SignedDuration {
        self.rules.values().map(|rule| rule.quiet.max(rule.pair)).max().unwrap_or(SignedDuration::ZERO)
    }
}
