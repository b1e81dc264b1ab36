//! The measures: shares of what was right, macro-F1, and how honest the probabilities are.

use std::collections::BTreeMap;

use serde::Serialize;

/// Counts hits.
#[derive(Debug, Default, Clone, Copy)]
pub struct Share {
    hits: u32,
    of: u32,
}

impl Share {
    /// Counts one case.
    pub fn add(&mut self, hit: bool) {
        self.hits += u32::from(hit);
        self.of += 1;
    }

    /// Gives the share of hits, 0 where nothing was counted.
    #[must_use]
    pub fn value(&self) -> f64 {
        if self.of == 0 { 0.0 } else { f64::from(self.hits) / f64::from(self.of) }
    }

    /// Gives how many were counted.
    #[must_use]
    pub const fn of(&self) -> u32 {
        self.of
    }
}

/// Collects what a model said of calls whose category is known.
#[derive(Debug, Default)]
pub struct Tally {
    top1: Share,
    top3: Share,
    pub(crate) languages: BTreeMap<&'static str, Share>,
    found: BTreeMap<String, (u32, u32, u32)>,
    gate: Share,
    passed: Share,
    bins: [(f64, Share); 10],
    answers: Vec<(f32, bool)>,
    /// Categories that were taken for others: what it is, what it was taken for.
    pub confused: BTreeMap<(String, String), u32>,
}

/// What a tally comes to.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Calls.
    pub calls: u32,
    /// Share whose best category is right.
    pub top1: f64,
    /// Share whose category is among the best three.
    pub top3: f64,
    /// Mean of the categories' F1.
    pub macro_f1: f64,
    /// Expected calibration error over ten bins.
    pub ece: f64,
    /// Share of what passes the gate that is right.
    pub gate_precision: f64,
    /// Share that passes the gate.
    pub gate_coverage: f64,
}

impl Tally {
    /// Counts one call: its language and category, the model's candidates with the probability of the first, and whether
    /// the first one passed the gate.
    pub fn add(&mut self, language: &'static str, category: &str, top: &[&str], probability: f32, passed: bool) {
        let first = top.first().copied().unwrap_or("-");
        let hit = first == category;
        self.top1.add(hit);
        self.top3.add(top.contains(&category));
        self.languages.entry(language).or_default().add(hit);
        self.found.entry(category.to_owned()).or_default().0 += 1;
        self.found.entry(first.to_owned()).or_default().1 += 1;
        if hit {
            self.found.entry(category.to_owned()).or_default().2 += 1;
        } else {
            *self.confused.entry((category.to_owned(), first.to_owned())).or_default() += 1;
        }
        self.answers.push((probability, hit));
        self.passed.add(passed);
        if passed {
            self.gate.add(hit);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability is a tenth or more")]
        let bin = ((probability * 10.0) as usize).min(9);
        if let Some((sum, share)) = self.bins.get_mut(bin) {
            *sum += f64::from(probability);
            share.add(hit);
        }
    }

    /// Gives precision and coverage where the gate would stand at a probability.
    #[must_use]
    pub fn at_gate(&self, gate: f32) -> (f64, f64) {
        let (mut right, mut passed) = (Share::default(), Share::default());
        for (probability, hit) in &self.answers {
            passed.add(*probability >= gate);
            if *probability >= gate {
                right.add(*hit);
            }
        }
        (right.value(), passed.value())
    }

    /// Sums up.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let f1: Vec<f64> = self
            .found
            .values()
            .filter(|(of, _, _)| *of > 0)
            .map(|(of, taken, right)| 2.0 * f64::from(*right) / f64::from(of + taken))
            .collect();
        let all = f64::from(self.top1.of().max(1));
        let gap = |(sum, share): &(f64, Share)| (sum - f64::from(share.hits)).abs() / all;
        #[expect(clippy::cast_precision_loss, reason = "categories are few")]
        let macro_f1 = f1.iter().sum::<f64>() / f1.len().max(1) as f64;
        Figures {
            calls: self.top1.of(),
            top1: self.top1.value(),
            top3: self.top3.value(),
            macro_f1,
            ece: self.bins.iter().map(gap).sum(),
            gate_precision: self.gate.value(),
            gate_coverage: self.passed.value(),
        }
    }
}
