//! Which language a stretch of speech is in: the engine's own probabilities, with the caller's key press as a prior.

use dauys_events::Language;

/// A language, and how probable it is among those that were possible.
#[derive(Debug, Clone, PartialEq)]
pub struct LanguageChoice {
    /// The most probable language.
    pub language: Language,
    /// Its share of the probability of all possible languages, 0 to 1.
    pub confidence: f32,
    /// The share of each, in the order of the configuration.
    pub shares: Vec<(Language, f32)>,
}

/// Chooses among the configured languages; `None` when there are none.
///
/// `heard` holds the engine's probability of each. The language that the caller pressed counts `weight` times: it
/// decides when the engine is torn, and gives way when the engine is sure of another, because people press one key
/// and speak as they speak.
#[must_use]
pub fn choose_language(heard: &[(Language, f32)], pressed: Option<Language>, weight: f32) -> Option<LanguageChoice> {
    let weighed = |&(language, probability): &(Language, f32)| {
        let probability = if probability.is_finite() { probability.max(f32::MIN_POSITIVE) } else { f32::MIN_POSITIVE };
        (language, if pressed == Some(language) { probability * weight.max(1.0) } else { probability })
    };
    let total: f32 = heard.iter().map(|h| weighed(h).1).sum();
    let shares: Vec<(Language, f32)> = heard.iter().map(weighed).map(|(of, weight)| (of, weight / total)).collect();
    let (language, confidence) = shares.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(LanguageChoice { language, confidence, shares })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{Kk, Ru, Uz};

    #[test]
    fn what_is_clearly_heard_wins_over_the_pressed_key() {
        let heard = [(Kk, 0.97), (Ru, 0.02), (Uz, 0.01)];
        assert_eq!(choose_language(&heard, Some(Ru), 4.0).map(|c| c.language), Some(Kk));
    }

    #[test]
    fn the_pressed_key_decides_when_the_engine_is_torn() {
        let heard = [(Kk, 0.45), (Ru, 0.10), (Uz, 0.40)];
        let choice = choose_language(&heard, Some(Uz), 4.0).expect("languages are configured");
        assert_eq!(choice.language, Uz);
        assert!((choice.confidence - 1.6 / 2.15).abs() < 1e-6);
        assert_eq!(choose_language(&heard, None, 4.0).map(|c| c.language), Some(Kk));
    }

    #[test]
    fn a_pressed_language_that_is_not_configured_changes_nothing() {
        assert_eq!(choose_language(&[(Kk, 0.6), (Ru, 0.4)], Some(Uz), 9.0).map(|c| c.language), Some(Kk));
        assert_eq!(choose_language(&[], Some(Uz), 9.0), None);
    }

    #[test]
    fn probabilities_that_are_no_numbers_never_win() {
        assert_eq!(choose_language(&[(Kk, f32::NAN), (Ru, 0.1)], None, 1.0).map(|c| c.language), Some(Ru));
    }
}
