//! The languages that citizens speak and are answered in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A language of the service, by its ISO 639-1 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
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

impl Language {
    /// Every language, in the order in which texts list them.
    pub const ALL: [Language; 4] = [Language::Kk, Language::Ru, Language::Uz, Language::En];

    /// Returns the ISO 639-1 code.
    pub const fn code(self) -> &'static str {
        match self {
            Language::Kk => "kk",
            Language::Ru => "ru",
            Language::Uz => "uz",
            Language::En => "en",
        }
    }

    /// Finds a language by its ISO 639-1 code; none for a language that the service does not speak.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
