//! `phrases/` and `lexicon.toml`: what callers say.

use std::collections::{BTreeMap, HashSet};

use dauys_events::Danger;
use serde::{Deserialize, Serialize};

use super::pattern::expand;
use super::{ByLanguage, EmergencyService};

/// Holds labelled phrases of one language: category code → phrases. A phrase that ends with `?` is a question.
///
/// In the files a phrase may hold alternatives, `(no water|the water is off) since morning`; once loaded each stands for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhraseBook {
    /// Phrases by category code.
    pub by_category: BTreeMap<String, Vec<String>>,
}

impl PhraseBook {
    /// Takes in the phrases of a file, alternatives spelt out, each once, of the categories that are wanted.
    pub(super) fn take_in(&mut self, other: Self, wanted: impl Fn(&str) -> bool) {
        for (code, phrases) in other.by_category.into_iter().filter(|(code, _)| wanted(code)) {
            let all = self.by_category.entry(code).or_default();
            let plain = |phrase: &str| phrase.trim_end_matches('?').to_owned();
            let mut known: HashSet<String> = all.iter().map(|phrase| plain(phrase)).collect();
            for phrase in phrases.iter().flat_map(|phrase| expand(phrase)) {
                if known.insert(plain(&phrase)) {
                    all.push(phrase);
                }
            }
        }
    }
}

/// Holds words with a meaning of their own.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lexicon {
    /// Words per language.
    pub words: ByLanguage<LexiconWords>,
    /// Signs of danger.
    #[serde(rename = "danger", default)]
    pub dangers: Vec<DangerRule>,
}

impl Lexicon {
    /// Lays the city's own words over these shared ones: words add up, a danger of the same code is replaced.
    pub(super) fn overlaid(mut self, own: Self) -> Self {
        self.dangers.retain(|shared| !own.dangers.iter().any(|danger| danger.code == shared.code));
        self.dangers.extend(own.dangers);
        for (into, from) in [
            (&mut self.words.kk, own.words.kk),
            (&mut self.words.ru, own.words.ru),
            (&mut self.words.uz, own.words.uz),
            (&mut self.words.en, own.words.en),
        ] {
            into.add(from);
        }
        self
    }
}

/// Holds one language's words.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LexiconWords {
    /// Greetings and courtesies that say nothing of the matter.
    pub greetings: Vec<String>,
    /// Phrases without matter: "since yesterday", "please help".
    pub fillers: Vec<String>,
    /// Words that ask: "how", "where", "when".
    pub questions: Vec<String>,
    /// Beginnings of words that abuse whoever listens; a complaint may hold them too.
    pub abuse: Vec<String>,
    /// Things that people say who call for fun.
    pub pranks: Vec<String>,
}

impl LexiconWords {
    fn add(&mut self, own: Self) {
        for (into, from) in [
            (&mut self.greetings, own.greetings),
            (&mut self.fillers, own.fillers),
            (&mut self.questions, own.questions),
            (&mut self.abuse, own.abuse),
            (&mut self.pranks, own.pranks),
        ] {
            for word in from {
                if !into.contains(&word) {
                    into.push(word);
                }
            }
        }
    }
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
