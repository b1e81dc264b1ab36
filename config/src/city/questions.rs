//! `questions.toml`: what people ask a city, and the answers.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Names;
use super::pattern::expand;
use dauys_events::Language;

/// Holds the reference questions of a city.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// Questions.
    #[serde(rename = "question", default)]
    pub questions: Vec<Question>,
}

/// Describes one question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Stable code.
    pub id: String,
    /// Category code.
    pub category: String,
    /// Ways of asking, per language; in the file each may hold alternatives, as phrases may.
    pub ask: Asked,
    /// The answer, as it may be shown or spoken.
    pub answer: Names,
    /// Who says so.
    pub source: String,
    /// The last day on which the answer may be given.
    pub valid_until: Date,
}

impl Question {
    /// Says whether the answer may still be given on a day.
    #[must_use]
    pub fn is_valid_on(&self, day: Date) -> bool {
        day <= self.valid_until
    }
}

/// Holds the ways of asking one thing; in English there need be none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Kazakh.
    pub kk: Vec<String>,
    /// Russian.
    pub ru: Vec<String>,
    /// Uzbek, in Latin script.
    pub uz: Vec<String>,
    /// English.
    #[serde(default)]
    pub en: Vec<String>,
}

impl Asked {
    /// Gives the ways of one language.
    #[must_use]
    pub fn get(&self, language: Language) -> &[String] {
        match language {
            Language::Kk => &self.kk,
            Language::Ru => &self.ru,
            Language::Uz => &self.uz,
            Language::En => &self.en,
        }
    }

    /// Goes through the ways in the order of [`Language::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Language, &[String])> {
        Language::ALL.into_iter().map(|language| (language, self.get(language)))
    }

    pub(super) fn spell_out(&mut self) {
        for list in [&mut self.kk, &mut self.ru, &mut self.uz, &mut self.en] {
            *list = list.iter().flat_map(|way| expand(way)).collect();
        }
    }
}
