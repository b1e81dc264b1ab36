//! What a model reads before it listens, as tokens: made once, not for each stretch.

use dauys_events::Language;
use whisper_rs::{WhisperContext, WhisperError, WhisperTokenId};

use crate::engine::Hint;
use crate::words::CityWords;

/// The city's words as tokens, for each key and for none.
pub(super) struct Before {
    words: CityWords,
    tokens: Vec<(Option<Language>, Vec<WhisperTokenId>)>,
}

impl Before {
    /// Makes the tokens. whisper.cpp would keep the end of what is too long; the beginning is what matters.
    pub(super) fn new(context: &WhisperContext, words: &CityWords) -> Result<Self, WhisperError> {
        let most = usize::try_from(context.n_text_ctx() / 2 - 1).unwrap_or(0);
        let keys = Language::ALL.into_iter().map(Some).chain([None]);
        let tokens = keys
            .filter_map(|key| Some((key, words.of(key)?)))
            .map(|(key, text)| {
                // With a space before, as every text in a sentence. A token holds a byte at least.
                let text = format!(" {text}.");
                let mut tokens = context.tokenize(&text, text.len())?;
                tokens.truncate(most);
                Ok((key, tokens))
            })
            .collect::<Result<_, WhisperError>>()?;
        Ok(Self { words: words.clone(), tokens })
    }

    /// What is read before this stretch: nothing unless the settings give words.
    pub(super) fn of(&self, hint: Hint) -> &[WhisperTokenId] {
        if self.words.before(hint).is_none() {
            return &[];
        }
        let prepared = self.tokens.iter().find(|(key, _)| *key == hint.pressed);
        prepared.map_or(&[], |(_, tokens)| tokens.as_slice())
    }
}

#[cfg(all(test, feature = "demo-model"))]
mod tests {
    use super::*;
    use crate::engine::DEMO_MODEL;
    use dauys_config::city::City;
    use whisper_rs::WhisperContextParameters;

    /// The demo model has Whisper's own vocabulary, as all models in several languages have.
    #[test]
    fn no_citys_words_are_cut_by_the_model_in_any_language() {
        let params = WhisperContextParameters::default();
        let context = WhisperContext::new_from_buffer_with_params(DEMO_MODEL, params).expect("the demo model");
        for pack in City::embedded_names() {
            let city = City::embedded(pack).expect("the pack");
            let names = |language| {
                (language, city.territory.units.iter().map(|unit| unit.name.get(language).as_str()).collect())
            };
            let before = Before::new(&context, &CityWords::new(&Language::ALL.map(names))).expect("tokens");
            assert_eq!(before.tokens.len(), 5);
            for (key, tokens) in &before.tokens {
                assert!((40..223).contains(&tokens.len()), "{pack}, {key:?}: {} tokens", tokens.len());
            }
        }
    }
}
