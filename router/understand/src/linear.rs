//! Multinomial logistic regression by stochastic gradient descent, deterministic, with one more output for "asks".

use crate::features::Feature;

const EPOCHS: usize = 10;
const RATE: f32 = 2.0;
/// Gradients below this move nothing that matters, and skipping them halves the work.
const NEGLIGIBLE: f32 = 2e-3;

/// One training text.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) features: Vec<Feature>,
    pub(crate) class: usize,
    pub(crate) asks: bool,
}

/// Weights: one row of `classes + 1` per feature, the last column for "asks".
#[derive(Debug)]
pub(crate) struct Linear {
    weights: Vec<f32>,
    bias: Vec<f32>,
    width: usize,
}

impl Linear {
    /// Trains on samples in an order that a fixed generator shuffles.
    #[expect(clippy::cast_precision_loss, reason = "epochs and classes are few")]
    pub(crate) fn train(samples: &[&Sample], features: usize, classes: usize) -> Self {
        let width = classes + 1;
        let mut model = Self { weights: vec![0.0; features * width], bias: vec![0.0; width], width };
        let mut order: Vec<usize> = (0..samples.len()).collect();
        let mut generator = Generator::new(109);
        for epoch in 0..EPOCHS {
            generator.shuffle(&mut order);
            let rate = RATE / (1.0 + epoch as f32 * 0.5);
            for &at in &order {
                if let Some(sample) = samples.get(at) {
                    model.step(sample, rate);
                }
            }
        }
        model
    }

    fn step(&mut self, sample: &Sample, rate: f32) {
        let mut gradient = self.scores(&sample.features);
        let asks = gradient.pop().unwrap_or(0.0);
        softmax(&mut gradient);
        if let Some(p) = gradient.get_mut(sample.class) {
            *p -= 1.0;
        }
        gradient.push(sigmoid(asks) - f32::from(u8::from(sample.asks)));
        let moves: Vec<(usize, f32)> =
            gradient.iter().enumerate().filter(|(_, g)| g.abs() > NEGLIGIBLE).map(|(at, g)| (at, g * rate)).collect();
        for feature in &sample.features {
            let start = feature.index as usize * self.width;
            if let Some(row) = self.weights.get_mut(start..start + self.width) {
                for (at, change) in &moves {
                    if let Some(weight) = row.get_mut(*at) {
                        *weight -= change * feature.value;
                    }
                }
            }
        }
        for (at, change) in &moves {
            if let Some(bias) = self.bias.get_mut(*at) {
                *bias -= change * 0.05;
            }
        }
    }

    /// Gives the raw score of every class and, last, of "asks".
    pub(crate) fn scores(&self, features: &[Feature]) -> Vec<f32> {
        let mut scores = self.bias.clone();
        for feature in features {
            let start = feature.index as usize * self.width;
            if let Some(row) = self.weights.get(start..start + self.width) {
                for (score, weight) in scores.iter_mut().zip(row) {
                    *score += weight * feature.value;
                }
            }
        }
        scores
    }

    /// Says how far one feature speaks for a class rather than for the average class.
    #[expect(clippy::cast_precision_loss, reason = "classes are few")]
    pub(crate) fn evidence(&self, feature: Feature, class: usize) -> f32 {
        let start = feature.index as usize * self.width;
        let Some(row) = self.weights.get(start..start + self.width - 1) else { return 0.0 };
        let mean = row.iter().sum::<f32>() / row.len() as f32;
        (row.get(class).copied().unwrap_or(0.0) - mean) * feature.value
    }
}

/// Turns scores into probabilities.
pub(crate) fn softmax(scores: &mut [f32]) {
    let top = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - top).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

pub(crate) fn sigmoid(score: f32) -> f32 {
    1.0 / (1.0 + (-score).exp())
}

/// A fixed stream of numbers (SplitMix64), so that the same pack always trains the same model.
#[derive(Debug)]
pub(crate) struct Generator(u64);

impl Generator {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Gives a number below `bound`, or 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % (bound.max(1) as u64)).unwrap_or(0)
    }

    fn shuffle(&mut self, items: &mut [usize]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}
