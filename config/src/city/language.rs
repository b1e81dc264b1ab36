//! One value for each language that the city speaks.

use dauys_events::Language;
use serde::{Deserialize, Serialize};

/// A name in the four languages.
pub type Names = ByLanguage<String>;

/// Holds one value per language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByLanguage<T> {
    /// Kazakh.
    pub kk: T,
    /// Russian.
    pub ru: T,
    /// Uzbek, in Latin script.
    pub uz: T,
    /// English.
    pub en: T,
}

impl<T> ByLanguage<T> {
    /// Gives the value of one language.
    pub const fn get(&self, language: Language) -> &T {
        match language {
            Language::Kk => &self.kk,
            Language::Ru => &self.ru,
            Language::Uz => &self.uz,
            Language::En => &self.en,
        }
    }

    /// Goes through the values in the order of [`Language::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Language, &T)> {
        Language::ALL.into_iter().map(|language| (language, self.get(language)))
    }
}
