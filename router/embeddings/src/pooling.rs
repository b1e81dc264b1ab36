//! From a vector for each token to one for the sentence: the mean over the mask, brought to length 1. Pure.

/// Averages the vectors of the tokens whose mask is set; `None` where there is none, or where `hidden` is not a whole number of
/// vectors for the mask.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "tokens are few")]
pub fn mean(hidden: &[f32], mask: &[i64]) -> Option<Vec<f32>> {
    let width = hidden.len().checked_div(mask.len()).filter(|width| *width > 0)?;
    if width * mask.len() != hidden.len() {
        return None;
    }
    let mut sum = vec![0.0_f32; width];
    let heard = hidden.chunks_exact(width).zip(mask).filter(|(_, set)| **set != 0);
    let count = heard.map(|(vector, _)| add(&mut sum, vector)).count();
    sum.iter_mut().for_each(|value| *value /= count.max(1) as f32);
    (count > 0).then_some(sum)
}

fn add(sum: &mut [f32], vector: &[f32]) {
    sum.iter_mut().zip(vector).for_each(|(into, value)| *into += value);
}

/// Brings a vector to length 1; `None` where it has none, or holds what is no number.
#[must_use]
pub fn normalised(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if !length.is_normal() {
        return None;
    }
    vector.iter_mut().for_each(|value| *value /= length);
    Some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_does_not_count() {
        let hidden = [1.0, 0.0, 3.0, 2.0, 99.0, 99.0];
        assert_eq!(mean(&hidden, &[1, 1, 0]), Some(vec![2.0, 1.0]));
    }

    #[test]
    fn where_nothing_is_there_there_is_no_mean() {
        assert_eq!(mean(&[1.0, 2.0], &[0, 0]), None);
        assert_eq!(mean(&[], &[]), None);
        assert_eq!(mean(&[], &[1]), None);
        assert_eq!(mean(&[1.0, 2.0, 3.0], &[1, 1]), None);
    }

    #[test]
    fn a_vector_gets_length_one_or_is_none() {
        assert_eq!(normalised(vec![3.0, 4.0]), Some(vec![0.6, 0.8]));
        assert_eq!(normalised(vec![0.0, 0.0]), None);
        assert_eq!(normalised(vec![f32::NAN, 1.0]), None);
        assert_eq!(normalised(vec![f32::MAX, f32::MAX]), None);
        assert_eq!(normalised(Vec::new()), None);
    }
}
