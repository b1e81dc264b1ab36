//! How much of a text is the same words again: a decoder that is lost goes round in circles.

/// Longest circle looked for, in words.
const LONGEST_CIRCLE: usize = 12;

/// Returns the share of words that only repeat the group of words just before them, 0 to 1.
///
/// A single repeated word or phrase ("yes, yes") is how people speak: a group counts from its third time on.
pub(super) fn share(words: &[&str]) -> f32 {
    let mut repeated = 0;
    let mut at = 0;
    while at < words.len() {
        let rest = words.get(at..).unwrap_or_default();
        let longest = (1..=LONGEST_CIRCLE.min(rest.len() / 3))
            .map(|length| (length, times(rest, length)))
            .filter(|&(_, times)| times >= 3)
            .max_by_key(|&(length, times)| (length * times, usize::MAX - length));
        if let Some((length, times)) = longest {
            repeated += length * (times - 1);
            at += length * times;
        } else {
            at += 1;
        }
    }
    repeated as f32 / words.len().max(1) as f32
}

/// Counts how often the first `length` words come in a row.
fn times(words: &[&str], length: usize) -> usize {
    let group = words.get(..length).unwrap_or_default();
    words.chunks_exact(length).take_while(|chunk| *chunk == group).count()
}

#[cfg(test)]
mod tests {
    use super::share;

    fn of(text: &str) -> f32 {
        share(&text.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn speech_that_says_things_twice_is_not_a_circle() {
        for text in ["", "да да", "нет воды нет воды", "жол шұңқыр шұңқыр", "tez tez o'chib qolyapti"]
        {
            assert!(of(text) < f32::EPSILON, "{text}");
        }
    }

    #[test]
    fn circles_are_measured() {
        assert!((of("а а а а") - 0.75).abs() < 1e-6);
        assert!((of("раз два раз два раз два") - 4.0 / 6.0).abs() < 1e-6);
        assert!((of("в начале нормально потом вода вода вода") - 2.0 / 7.0).abs() < 1e-6);
    }
}
