//! What training leaves behind: numbers that weigh the words of a text. Pure and independent of a city's names.

use crate::calibration::Confidence;
use crate::concepts::Concepts;
use crate::examples::{Example, tokens};
use crate::features::{Counter, Feature, Token, Vocabulary};
use crate::linear::{Linear, Sample, softmax};
use crate::spelling::Spelling;

/// Content words that are weighed together for a category; the next window starts half as many later.
pub(crate) const WINDOW: usize = 12;
/// Windows of a long transcript that are weighed.
const MAX_WINDOWS: usize = 64;
/// Share of a text that a known meaning makes known.
const MEANT: f32 = 0.85;

/// Holds what was learned.
#[derive(Debug, Clone)]
pub(crate) struct Learned {
    pub(crate) vocabulary: Vocabulary,
    pub(crate) spelling: Spelling,
    pub(crate) linear: Linear,
    pub(crate) temperature: f32,
    pub(crate) confidence: Confidence,
}

/// How likely each category is, and how much of the text is known.
#[derive(Debug, Clone)]
pub(crate) struct Weighed {
    pub(crate) probabilities: Vec<f32>,
    pub(crate) asks: f32,
    /// Share of the words that training has met.
    pub(crate) coverage: f32,
    /// Content words from the first to the last of the window that spoke most clearly.
    pub(crate) window: (usize, usize),
    pub(crate) words: usize,
    /// The class of the phrase that the whole text is, where exactly one class has it.
    pub(crate) phrase: Option<usize>,
}

/// Scores of a text, summed so that any stretch of it can be weighed at once.
#[derive(Debug)]
pub(crate) struct Sums {
    width: usize,
    /// Scores of the first 0, 1, 2 … words.
    scores: Vec<f32>,
    /// Squared lengths of the same.
    lengths: Vec<f32>,
    known: Vec<f32>,
    words: usize,
}

impl Learned {
    /// Learns from examples, without their calibration.
    pub(crate) fn train(examples: &[&Example], concepts: &Concepts, classes: usize) -> Self {
        let mut counter = Counter::default();
        for example in examples {
            counter.learn(&example.tokens(concepts));
        }
        let vocabulary = counter.vocabulary();
        let samples: Vec<Sample> = examples
            .iter()
            .map(|e| Sample::new(vocabulary.features(&e.tokens(concepts)), e.class, e.asks, e.copy))
            .collect();
        let linear = Linear::train(&samples.iter().collect::<Vec<_>>(), vocabulary.len(), classes);
        let mut words: Vec<String> =
            examples.iter().filter(|e| e.copy == 0).flat_map(|e| e.words.iter().cloned()).collect();
        words.sort_unstable();
        words.dedup();
        Self { vocabulary, spelling: Spelling::new(words), linear, temperature: 1.0, confidence: Confidence::default() }
    }

    /// Finds what a misspelt word probably was.
    pub(crate) fn mend(&self, word: &str, concepts: &Concepts) -> Option<&str> {
        if self.vocabulary.knows(word) || concepts.of(word, None).is_some() {
            return None;
        }
        self.spelling.mend(word)
    }

    /// Gives the share of words that training has met, or whose meaning is known, as they stand.
    #[expect(clippy::cast_precision_loss, reason = "a text has at most a thousand words")]
    pub(crate) fn met<'a>(&self, words: impl Iterator<Item = &'a str>, concepts: &Concepts) -> f32 {
        let (mut met, mut all) = (0_usize, 0_usize);
        for word in words {
            all += 1;
            met += usize::from(self.vocabulary.knows(word) || concepts.of(word, None).is_some());
        }
        if all == 0 { 0.0 } else { met as f32 / all as f32 }
    }

    /// Weighs an example as a transcript would be weighed.
    pub(crate) fn weigh_example(&self, example: &Example, concepts: &Concepts) -> Weighed {
        let words: Vec<&str> = example.words.iter().map(|word| self.mend(word, concepts).unwrap_or(word)).collect();
        self.weigh(&self.sums(&tokens(&words, concepts)), WINDOW)
    }

    /// Scores every word of a text.
    pub(crate) fn sums(&self, tokens: &[Token<'_>]) -> Sums {
        let width = self.linear.width;
        let mut sums = Sums {
            width,
            scores: vec![0.0; width * (tokens.len() + 1)],
            lengths: vec![0.0; tokens.len() + 1],
            known: tokens.iter().map(|token| self.known(token)).collect(),
            words: tokens.len(),
        };
        for feature in self.vocabulary.features(tokens) {
            let at = usize::from(feature.word) + 1;
            if let Some(into) = sums.scores.get_mut(at * width..(at + 1) * width) {
                self.linear.add(feature, into);
            }
            if let Some(length) = sums.lengths.get_mut(at) {
                *length += feature.value * feature.value;
            }
        }
        for at in 1..=tokens.len() {
            let (before, own) = sums.scores.split_at_mut(at * width);
            let before = before.get((at - 1) * width..).unwrap_or_default();
            own.iter_mut().zip(before).for_each(|(own, before)| *own += before);
            let before = sums.lengths.get(at - 1).copied().unwrap_or(0.0);
            if let Some(length) = sums.lengths.get_mut(at) {
                *length += before;
            }
        }
        sums
    }

    fn known(&self, token: &Token<'_>) -> f32 {
        let known = self.vocabulary.known(token.word);
        if token.concept.is_some() { known.max(MEANT) } else { known }
    }

    /// Weighs one stretch of words: probabilities and, beside them, how much it asks.
    pub(crate) fn stretch(&self, sums: &Sums, from: usize, to: usize) -> (Vec<f32>, f32) {
        let row = |at: usize| sums.scores.get(at * sums.width..(at + 1) * sums.width).unwrap_or_default();
        let length = |at: usize| sums.lengths.get(at).copied().unwrap_or(0.0);
        let norm = (length(to) - length(from)).max(1e-6).sqrt();
        let mut scores: Vec<f32> =
            row(to).iter().zip(row(from)).zip(&self.linear.bias).map(|((b, a), bias)| (b - a) / norm + bias).collect();
        let asks = scores.pop().unwrap_or(0.0);
        scores.iter_mut().for_each(|score| *score /= self.temperature);
        softmax(&mut scores);
        (scores, asks)
    }

    /// Weighs a text by windows of so many words; the clearest windows count most.
    pub(crate) fn weigh(&self, sums: &Sums, window: usize) -> Weighed {
        let words = sums.words;
        let classes = self.linear.width - 1;
        let mut all = Weighed {
            probabilities: vec![0.0; classes],
            asks: 0.0,
            coverage: 0.0,
            window: (0, words),
            words,
            phrase: None,
        };
        if words == 0 {
            return all;
        }
        let (mut total, mut clearest) = (0.0_f32, -1.0_f32);
        for (from, to) in windows(words, window) {
            let coverage = sums.coverage(from, to);
            let (probabilities, asks) = self.stretch(sums, from, to);
            let clear = coverage * probabilities.iter().copied().fold(0.0, f32::max);
            let weight = clear * clear + f32::MIN_POSITIVE;
            all.probabilities.iter_mut().zip(&probabilities).for_each(|(into, p)| *into += p * weight);
            all.asks += asks * weight;
            all.coverage = all.coverage.max(coverage);
            total += weight;
            if clear > clearest {
                clearest = clear;
                all.window = (from, to);
            }
        }
        all.probabilities.iter_mut().for_each(|p| *p /= total);
        all.asks /= total;
        all
    }

    /// Says how far one feature speaks for a class rather than for the average class.
    #[expect(clippy::cast_precision_loss, reason = "classes are few")]
    pub(crate) fn evidence(&self, feature: Feature, class: usize) -> f32 {
        let mut scores = vec![0.0; self.linear.width];
        self.linear.add(feature, &mut scores);
        scores.pop();
        let mean = scores.iter().sum::<f32>() / scores.len().max(1) as f32;
        scores.get(class).copied().unwrap_or(0.0) - mean
    }
}

impl Sums {
    /// Gives the share of words from `from` to `to` that training has met.
    #[expect(clippy::cast_precision_loss, reason = "a text has at most a thousand words")]
    pub(crate) fn coverage(&self, from: usize, to: usize) -> f32 {
        let known = self.known.get(from..to).unwrap_or_default();
        if known.is_empty() { 0.0 } else { known.iter().sum::<f32>() / known.len() as f32 }
    }

    pub(crate) const fn words(&self) -> usize {
        self.words
    }
}

/// Lists the stretches that are weighed: a short text whole, a long one in overlapping windows.
fn windows(words: usize, width: usize) -> impl Iterator<Item = (usize, usize)> {
    let step = width / 2;
    let whole = (words <= width * 2).then_some((0, words));
    let starts = (0..words).step_by(step).filter(move |&s| words > width && (s == 0 || s + step < words));
    whole.into_iter().chain(starts.take(MAX_WINDOWS).map(move |s| (s, words.min(s + width))))
}
