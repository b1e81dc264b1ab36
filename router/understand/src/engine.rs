//! An engine says how likely each category is; two of them are joined, and what they say together stays honest.
//!
//! The built-in engine is the [`crate::Model`] itself, which weighs words. What only words can tell (dangers, places, several
//! matters, which words decided) is never asked of a second engine.

use std::fmt;
use std::sync::Arc;

use crate::calibration::Confidence;

/// Least probability that an engine may give a category: being wholly sure would silence the other engine.
const LEAST: f32 = 1e-6;
/// Largest say that a second engine may have.
pub(crate) const LARGEST: f32 = 0.95;

/// Says how likely each category is. Called from several threads at once.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Names the engine and what it learned; another name may decide otherwise.
    fn version(&self) -> &str;

    /// Gives the probability of each category, in the order of the taxonomy; `None` where it cannot say.
    ///
    /// `text` is what was said of the matter: lower case, without greetings, places and contacts.
    fn weigh(&self, text: &str) -> Option<Vec<f32>>;
}

/// How a second engine is joined with the words: its say, and how sure both together are.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    pub(crate) weight: f32,
    pub(crate) confidence: Confidence,
}

impl Joint {
    /// Gives the second engine's say: 0 for none, 0.5 for as much as the words have.
    #[must_use]
    pub const fn weight(&self) -> f32 {
        self.weight
    }

    /// Writes the numbers that [`Joint::from_numbers`] reads.
    #[must_use]
    pub fn numbers(&self) -> Vec<f32> {
        std::iter::once(self.weight).chain(self.confidence.weights).collect()
    }

    /// Reads what [`Joint::numbers`] wrote; `None` where it is something else.
    #[must_use]
    pub fn from_numbers(numbers: &[f32]) -> Option<Self> {
        let (weight, signs) = numbers.split_first()?;
        let sound = (0.0..=LARGEST).contains(weight) && signs.iter().all(|sign| sign.is_finite());
        let weights = signs.try_into().ok().filter(|_| sound)?;
        Some(Self { weight: *weight, confidence: Confidence { weights } })
    }
}

/// A second engine that a model asks.
#[derive(Debug)]
pub(crate) struct Second {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) joint: Joint,
}

/// Joins two opinions by the weighted mean of their logarithms; `None` where the second is none: another number of categories,
/// or numbers that are no probabilities.
pub(crate) fn pool(words: &[f32], second: &[f32], weight: f32) -> Option<Vec<f32>> {
    let sound = |p: &f32| (0.0..=1.001).contains(p);
    if words.len() != second.len() || !second.iter().all(sound) || second.iter().all(|p| *p <= 0.0) {
        return None;
    }
    let both = words.iter().zip(second);
    let mut pooled: Vec<f32> = both.map(|(w, s)| w.max(LEAST).powf(1.0 - weight) * s.max(LEAST).powf(weight)).collect();
    let sum: f32 = pooled.iter().sum();
    pooled.iter_mut().for_each(|p| *p /= sum);
    Some(pooled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sure_second_opinion_turns_a_doubtful_first_one() {
        let pooled = pool(&[0.4, 0.35, 0.25], &[0.02, 0.96, 0.02], 0.3).unwrap();
        assert!(pooled[1] > pooled[0] && pooled[0] > pooled[2], "{pooled:?}");
        assert!((pooled.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_doubtful_second_opinion_turns_nothing() {
        let pooled = pool(&[0.8, 0.1, 0.1], &[0.3, 0.4, 0.3], 0.3).unwrap();
        assert!(pooled[0] > 0.6, "{pooled:?}");
    }

    #[test]
    fn without_a_say_the_words_stay_as_they_are() {
        let words = [0.7, 0.2, 0.1];
        let pooled = pool(&words, &[0.0, 0.0, 1.0], 0.0).unwrap();
        assert!(pooled.iter().zip(words).all(|(p, w)| (p - w).abs() < 1e-6), "{pooled:?}");
    }

    #[test]
    fn what_is_no_opinion_is_refused() {
        let words = [0.5, 0.5];
        for second in [&[1.0][..], &[0.2, 0.3, 0.5], &[f32::NAN, 0.5], &[-0.5, 1.0], &[0.0, 0.0], &[f32::INFINITY, 0.0]]
        {
            assert_eq!(pool(&words, second, 0.3), None, "{second:?}");
        }
    }

    #[test]
    fn a_joint_is_read_as_it_was_written_and_nothing_else_is() {
        let joint = Joint { weight: 0.3, confidence: Confidence { weights: [0.5, 1.0, -1.0, 0.0, 2.0, 0.25] } };
        assert_eq!(Joint::from_numbers(&joint.numbers()), Some(joint.clone()));
        assert_eq!(Joint::from_numbers(&[]), None);
        assert_eq!(Joint::from_numbers(&[0.3, 1.0]), None);
        let mut numbers = joint.numbers();
        numbers[0] = 2.0;
        assert_eq!(Joint::from_numbers(&numbers), None);
    }
}
