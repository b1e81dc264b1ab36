//! Honest probabilities: how often the best category was right on phrases that the model had not met.

use crate::learned::Weighed;
use crate::linear::sigmoid;

/// Signs from which a confidence is read.
const SIGNS: usize = 6;
/// Rounds and step of the descent.
const ROUNDS: usize = 400;
const STEP: f64 = 0.5;
/// Pull towards zero, so that few phrases do not make a wild curve.
const PULL: f64 = 1e-4;
/// Largest logarithm of a ratio.
const CAP: f32 = 8.0;
/// Coverage below which an answer is trusted less and less, whatever the signs say.
const COVERED: f32 = 0.6;

/// What tells a sure answer from a guess.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signs {
    values: [f32; SIGNS],
    coverage: f32,
}

impl Signs {
    /// Reads the signs of a weighed text.
    #[expect(clippy::cast_precision_loss, reason = "a text has at most a thousand words")]
    pub(crate) fn new(weighed: &Weighed, unclear: Option<usize>) -> Self {
        let (mut first, mut second) = (0.0_f32, 0.0_f32);
        for (at, p) in weighed.probabilities.iter().enumerate() {
            if Some(at) == unclear {
                continue;
            }
            if *p > first {
                (second, first) = (first, *p);
            } else if *p > second {
                second = *p;
            }
        }
        let idle = unclear.and_then(|at| weighed.probabilities.get(at)).copied().unwrap_or(0.0);
        let log = |p: f32| (p.max(1e-6) / (1.0 - p).max(1e-6)).ln().clamp(-CAP, CAP);
        let margin = (first.max(1e-6) / second.max(1e-6)).ln().min(CAP);
        let words = (1.0 + weighed.words as f32).ln();
        let values = [1.0, log(first) / 3.0, margin / 3.0, weighed.coverage * 2.0 - 1.0, words - 2.0, log(idle) / 4.0];
        Self { values, coverage: weighed.coverage }
    }
}

/// Turns signs into a probability, by logistic regression.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Confidence {
    pub(crate) weights: [f32; SIGNS],
}

impl Confidence {
    /// Fits to what was right and what was wrong.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "phrases are few, weights small")]
    pub(crate) fn fit(seen: &[(Signs, bool)]) -> Self {
        let mut weights = [0.0_f64; SIGNS];
        for _ in 0..ROUNDS {
            let mut gradient = [0.0_f64; SIGNS];
            for (signs, right) in seen {
                let score: f64 = weights.iter().zip(&signs.values).map(|(w, v)| w * f64::from(*v)).sum();
                let error = 1.0 / (1.0 + (-score).exp()) - f64::from(u8::from(*right));
                gradient.iter_mut().zip(&signs.values).for_each(|(g, v)| *g += error * f64::from(*v));
            }
            for (weight, slope) in weights.iter_mut().zip(gradient) {
                *weight -= STEP * (slope / seen.len().max(1) as f64 + PULL * *weight);
            }
        }
        Self { weights: weights.map(|weight| weight as f32) }
    }

    pub(crate) fn of(&self, signs: &Signs) -> f32 {
        let score: f32 = self.weights.iter().zip(&signs.values).map(|(w, v)| w * v).sum();
        sigmoid(score) * (signs.coverage / COVERED).min(1.0)
    }
}

/// Brings probabilities to a temperature: above 1 they come nearer to each other.
pub(crate) fn soften(probabilities: &mut [f32], temperature: f32) {
    probabilities.iter_mut().for_each(|p| *p = p.max(1e-9).powf(1.0 / temperature));
    let sum: f32 = probabilities.iter().sum();
    probabilities.iter_mut().for_each(|p| *p /= sum);
}

/// Finds the temperature at which probabilities on held-out phrases are likeliest; each entry is a list of
/// probabilities at temperature 1 and the right class.
pub(crate) fn temperature(held: &[(Vec<f32>, usize)]) -> f32 {
    let loss = |temperature: f32| -> f64 {
        let one = |(probabilities, class): &(Vec<f32>, usize)| {
            let sharp = |p: f32| p.max(1e-9).powf(1.0 / temperature);
            let sum: f32 = probabilities.iter().map(|p| sharp(*p)).sum();
            -f64::from((sharp(probabilities.get(*class).copied().unwrap_or(0.0)) / sum.max(1e-9)).max(1e-6).ln())
        };
        held.iter().map(one).sum()
    };
    (2_u8..=15).map(|step| f32::from(step) / 10.0).min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0)
}
