//! `phrases/*.toml` and `lexicon.toml`: what callers say.

use std::collections::BTreeMap;

use dauys_events::Danger;
use serde::{Deserialize, Serialize};

use super::{ByLanguage, EmergencyService};

/// Holds labelled phrases of one language: category code → phrases. A phrase that ends with `?` is a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhraseBook {
    /// Phrases by category code.
    pub by_category: BTreeMap<String, Vec<String>>,
}

/// Holds words with a meaning of their own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lexicon {
    /// Words per language.
    pub words: ByLanguage<LexiconWords>,
    /// Signs of danger.
    #[serde(rename = "danger", default)]
    pub dangers: Vec<DangerRule>,
}

/// Holds one language's words.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LexiconWords {
    /// Greetings and courtesies that say nothing of the matter.
    pub greetings: Vec<String>,
    /// Phrases without matter: "since yesterday", "please help".
    pub fillers: Vec<String>,
    /// Words that ask: "how", "where", "when".
    pub questions: Vec<String>,
}

/// Says which words mean danger.
///
/// A pattern is one or more word beginnings that must all occur, in any order, within five words; greetings, places and fillers between them do not count. A closing `$` asks for the whole word.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DangerRule {
    /// Stable code, such as `gas_smell`.
    pub code: String,
    /// How dangerous.
    pub level: Danger,
    /// Emergency service to tell.
    #[serde(default)]
    pub service: Option<EmergencyService>,
    /// Category that these words settle when the text leaves it open.
    #[serde(default)]
    pub category: Option<String>,
    /// Patterns per language.
    pub patterns: ByLanguage<Vec<String>>,
}
