//! One value for each language that the city speaks.

use serde::{Deserialize, Serialize};

/// Names a language of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Kazakh.
    Kk,
    /// Russian.
    Ru,
    /// Uzbek.
    Uz,
    /// English.
    En,
}

/// The languages in the order in which tables list them.
pub const LANGUAGES: [Language; 4] = [Language::Kk, Language::Ru, Language::Uz, Language::En];

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

    /// Goes through the values in the order of [`LANGUAGES`].
    pub fn iter(&self) -> impl Iterator<Item = (Language, &T)> {
        LANGUAGES.into_iter().map(|language| (language, self.get(language)))
    }
}
