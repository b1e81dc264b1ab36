//! Multinomial logistic regression by stochastic gradient descent, deterministic, with one more output for "asks".
//!
//! Trained in floating point and kept in bytes, one scale a row: a quarter of the memory, and what is loaded decides as
//! what was trained.

use crate::features::Feature;
use crate::generator::Generator;

const EPOCHS: usize = 6;
/// Kinds of copies of a phrase: the phrase itself is seen in every epoch, each worn copy in every second one.
const WORN: usize = 2;
const RATE: f32 = 2.0;
/// Gradients below this move nothing that matters, and skipping them halves the work.
const NEGLIGIBLE: f32 = 2e-3;

/// One training text: features scaled to length 1.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) features: Vec<Feature>,
    pub(crate) class: usize,
    pub(crate) asks: bool,
    /// 0 for a phrase, 1 and more for its worn copies.
    pub(crate) copy: usize,
}

impl Sample {
    pub(crate) fn new(mut features: Vec<Feature>, class: usize, asks: bool, copy: usize) -> Self {
        let norm = features.iter().map(|f| f.value * f.value).sum::<f32>().sqrt();
        if norm > 0.0 {
            features.iter_mut().for_each(|f| f.value /= norm);
        }
        Self { features, class, asks, copy }
    }
}

/// Weights: one row of `classes + 1` per feature, the last column for "asks".
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    pub(crate) weights: Vec<i8>,
    pub(crate) scales: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) width: usize,
}

impl Linear {
    /// Trains on samples in an order that a fixed generator shuffles.
    pub(crate) fn train(samples: &[&Sample], features: usize, classes: usize) -> Self {
        Training::new(samples, features, classes).quantised()
    }

    /// Adds one feature's say on every class and, last, on "asks".
    pub(crate) fn add(&self, feature: Feature, into: &mut [f32]) {
        let at = feature.index as usize;
        let (start, scale) = (at * self.width, self.scales.get(at).copied().unwrap_or(0.0) * feature.value);
        if let Some(row) = self.weights.get(start..start + self.width) {
            for (score, weight) in into.iter_mut().zip(row) {
                *score += f32::from(*weight) * scale;
            }
        }
    }
}

/// The same in floating point, while it learns.
struct Training {
    weights: Vec<f32>,
    bias: Vec<f32>,
    width: usize,
}

impl Training {
    #[expect(clippy::cast_precision_loss, reason = "epochs are few")]
    fn new(samples: &[&Sample], features: usize, classes: usize) -> Self {
        let width = classes + 1;
        let mut model = Self { weights: vec![0.0; features * width], bias: vec![0.0; width], width };
        let mut order: Vec<usize> = (0..samples.len()).collect();
        let mut generator = Generator::new(109);
        let (mut gradient, mut moves) = (Vec::new(), Vec::new());
        for epoch in 0..EPOCHS {
            generator.shuffle(&mut order);
            let rate = RATE / (1.0 + epoch as f32 * 0.5);
            for &at in &order {
                if let Some(sample) = samples.get(at)
                    && (sample.copy == 0 || sample.copy % WORN == epoch % WORN)
                {
                    model.step(sample, rate, &mut gradient, &mut moves);
                }
            }
        }
        model
    }

    fn step(&mut self, sample: &Sample, rate: f32, gradient: &mut Vec<f32>, moves: &mut Vec<(usize, f32)>) {
        gradient.clone_from(&self.bias);
        for feature in &sample.features {
            let start = feature.index as usize * self.width;
            if let Some(row) = self.weights.get(start..start + self.width) {
                for (score, weight) in gradient.iter_mut().zip(row) {
                    *score += weight * feature.value;
                }
            }
        }
        let asks = gradient.pop().unwrap_or(0.0);
        softmax(gradient);
        if let Some(p) = gradient.get_mut(sample.class) {
            *p -= 1.0;
        }
        gradient.push(sigmoid(asks) - f32::from(u8::from(sample.asks)));
        moves.clear();
        moves.extend(gradient.iter().enumerate().filter(|(_, g)| g.abs() > NEGLIGIBLE).map(|(at, g)| (at, g * rate)));
        for feature in &sample.features {
            let start = feature.index as usize * self.width;
            if let Some(row) = self.weights.get_mut(start..start + self.width) {
                for (at, change) in moves.iter() {
                    if let Some(weight) = row.get_mut(*at) {
                        *weight -= change * feature.value;
                    }
                }
            }
        }
        for (at, change) in moves.iter() {
            if let Some(bias) = self.bias.get_mut(*at) {
                *bias -= change * 0.05;
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "scaled to what a byte holds")]
    fn quantised(self) -> Linear {
        let rows = self.weights.len() / self.width;
        let mut linear = Linear {
            weights: Vec::with_capacity(self.weights.len()),
            scales: Vec::with_capacity(rows),
            bias: self.bias,
            width: self.width,
        };
        for row in self.weights.chunks(self.width) {
            let scale = row.iter().fold(0.0_f32, |top, weight| top.max(weight.abs())) / 127.0;
            linear.scales.push(scale);
            let small = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            linear.weights.extend(row.iter().map(|weight| (weight * small).round() as i8));
        }
        linear
    }
}

/// Turns scores into probabilities.
pub fn softmax(scores: &mut [f32]) {
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
