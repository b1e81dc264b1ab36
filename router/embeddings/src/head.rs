//! A multinomial logistic regression over vectors: which category a sentence's place in the space speaks for. Pure, and the same
//! vectors always train the same head.

use dauys_understand::bytes::{Cursor, Writer};
use dauys_understand::{Generator, softmax};

/// How often each vector is seen, and how far the first and the later steps go.
const EPOCHS: u8 = 14;
const RATE: f32 = 0.6;
const SLOWER: f32 = 0.35;
/// Share of a weight that each epoch takes back: rare categories have few vectors to learn many weights from.
const DECAY: f32 = 1e-3;
/// Gradients below this move nothing that matters, and skipping them saves most of the work.
const NEGLIGIBLE: f32 = 1e-3;

/// Scores for each category: a row of weights and a bias.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    weights: Vec<f32>,
    bias: Vec<f32>,
    width: usize,
}

/// Where the vectors lie and how far they spread. Encoders put all sentences into one corner of the space: without this, most of
/// a step would be along what every sentence shares.
struct Spread {
    mean: Vec<f32>,
    scale: Vec<f32>,
}

impl Head {
    /// Learns from vectors of one width and the numbers of their categories; others are left out.
    #[must_use]
    pub fn train(samples: &[(&[f32], usize)], classes: usize) -> Self {
        let width = samples.first().map_or(0, |(vector, _)| vector.len());
        let samples: Vec<_> = samples.iter().filter(|(v, class)| v.len() == width && *class < classes).collect();
        let spread = Spread::of(samples.iter().map(|(vector, _)| *vector), width);
        let placed: Vec<(Vec<f32>, usize)> = samples.iter().map(|(v, class)| (spread.place(v), *class)).collect();
        let mut head = Self { weights: vec![0.0; width * classes], bias: vec![0.0; classes], width };
        let mut order: Vec<usize> = (0..placed.len()).collect();
        let mut generator = Generator::new(1009);
        for epoch in 0..EPOCHS {
            generator.shuffle(&mut order);
            let rate = RATE / (1.0 + f32::from(epoch) * SLOWER);
            for (vector, class) in order.iter().filter_map(|at| placed.get(*at)) {
                head.step(vector, *class, rate);
            }
            head.weights.iter_mut().for_each(|weight| *weight *= 1.0 - DECAY);
        }
        head.unplaced(&spread)
    }

    fn step(&mut self, vector: &[f32], class: usize, rate: f32) {
        let mut gradient = self.scores(vector);
        softmax(&mut gradient);
        if let Some(p) = gradient.get_mut(class) {
            *p -= 1.0;
        }
        let rows = self.weights.chunks_exact_mut(self.width.max(1)).zip(&mut self.bias);
        for ((row, bias), gradient) in rows.zip(gradient).filter(|(_, gradient)| gradient.abs() > NEGLIGIBLE) {
            let change = rate * gradient;
            row.iter_mut().zip(vector).for_each(|(weight, value)| *weight -= change * value);
            *bias -= change * 0.05;
        }
    }

    /// Makes weights for vectors as they come out of those for vectors that were moved and stretched.
    fn unplaced(mut self, spread: &Spread) -> Self {
        for (row, bias) in self.weights.chunks_exact_mut(self.width.max(1)).zip(&mut self.bias) {
            row.iter_mut().zip(&spread.scale).for_each(|(weight, scale)| *weight *= scale);
            *bias -= row.iter().zip(&spread.mean).map(|(weight, mean)| weight * mean).sum::<f32>();
        }
        self
    }

    fn scores(&self, vector: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks_exact(self.width.max(1)).zip(&self.bias);
        rows.map(|(row, bias)| row.iter().zip(vector).map(|(w, v)| w * v).sum::<f32>() + bias).collect()
    }

    /// Gives the probability of each category at a temperature; `None` for a vector of another width, and where nothing was learned.
    #[must_use]
    pub fn weigh(&self, vector: &[f32], temperature: f32) -> Option<Vec<f32>> {
        if vector.len() != self.width || vector.is_empty() {
            return None;
        }
        let mut scores = self.scores(vector);
        scores.iter_mut().for_each(|score| *score /= temperature);
        softmax(&mut scores);
        Some(scores)
    }

    /// Gives the width of the vectors that it takes.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Counts the categories.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.bias.len()
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.number(self.width as u64);
        out.floats(&self.weights);
        out.floats(&self.bias);
    }

    pub(crate) fn read(from: &mut Cursor<'_>) -> Option<Self> {
        let width = usize::try_from(from.number()?).ok()?;
        let (weights, bias) = (from.floats()?, from.floats()?);
        let sound = width > 0 && width.checked_mul(bias.len()) == Some(weights.len());
        sound.then_some(Self { weights, bias, width })
    }
}

impl Spread {
    #[expect(clippy::cast_precision_loss, reason = "phrases are few")]
    fn of<'a>(vectors: impl Iterator<Item = &'a [f32]> + Clone, width: usize) -> Self {
        let count = vectors.clone().count().max(1) as f32;
        let (mut mean, mut square) = (vec![0.0_f32; width], vec![0.0_f32; width]);
        for vector in vectors.clone() {
            mean.iter_mut().zip(vector).for_each(|(into, value)| *into += value / count);
        }
        for vector in vectors {
            let apart = vector.iter().zip(&mean).map(|(value, mean)| value - mean);
            square.iter_mut().zip(apart).for_each(|(into, apart)| *into += apart * apart / count);
        }
        // Placed vectors have length 1 on average, so that one rate serves narrow and wide encoders.
        let unit = (width.max(1) as f32).sqrt();
        let scale = square.iter().map(|square| 1.0 / (square.sqrt().max(1e-4) * unit)).collect();
        Self { mean, scale }
    }

    fn place(&self, vector: &[f32]) -> Vec<f32> {
        vector.iter().zip(&self.mean).zip(&self.scale).map(|((value, mean), scale)| (value - mean) * scale).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of three kinds, all far from zero, as encoders give them.
    fn samples() -> Vec<(Vec<f32>, usize)> {
        let mut generator = Generator::new(5);
        let mut noise = || f32::from(u8::try_from(generator.below(200)).unwrap_or(0)) / 1000.0;
        let one = |class: usize, noise: &mut dyn FnMut() -> f32| {
            (0..6).map(|at| 3.0 + noise() + if at == class * 2 { 0.3 } else { 0.0 }).collect::<Vec<f32>>()
        };
        (0..90).map(|at| (one(at % 3, &mut noise), at % 3)).collect()
    }

    fn borrowed(samples: &[(Vec<f32>, usize)]) -> Vec<(&[f32], usize)> {
        samples.iter().map(|(vector, class)| (vector.as_slice(), *class)).collect()
    }

    #[test]
    fn kinds_that_lie_apart_are_told_apart() {
        let samples = samples();
        let (learned, new) = samples.split_at(60);
        let head = Head::train(&borrowed(learned), 3);
        for (vector, class) in new {
            let probabilities = head.weigh(vector, 1.0).unwrap();
            assert!(probabilities[*class] > 0.6, "{class}: {probabilities:?}");
            assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn the_same_vectors_give_the_same_head() {
        let samples = samples();
        assert_eq!(Head::train(&borrowed(&samples), 3), Head::train(&borrowed(&samples), 3));
    }

    #[test]
    fn a_higher_temperature_makes_it_less_sure() {
        let samples = samples();
        let head = Head::train(&borrowed(&samples), 3);
        let top = |temperature: f32| head.weigh(&samples[0].0, temperature).unwrap()[samples[0].1];
        assert!(top(0.5) > top(1.0) && top(1.0) > top(2.0));
    }

    #[test]
    fn strange_samples_and_vectors_stop_nothing() {
        assert_eq!(Head::train(&[], 3).weigh(&[], 1.0), None);
        let odd: Vec<(&[f32], usize)> = vec![(&[1.0, 2.0], 0), (&[1.0], 1), (&[0.0, 1.0], 7)];
        let head = Head::train(&odd, 2);
        assert_eq!(head.weigh(&[1.0], 1.0), None);
        assert!(head.weigh(&[1.0, 2.0], 1.0).unwrap().iter().all(|p| p.is_finite()));
    }
}
