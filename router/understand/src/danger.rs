//! Danger words: combinations of word beginnings that occur close together.

use aho_corasick::{AhoCorasick, MatchKind};
use dauys_config::city::{City, EmergencyService};
use dauys_events::{Danger, Language};

use crate::fold::fold_phrase;
use crate::text::Text;

/// Words of the matter within which all parts of a pattern must occur.
const SPAN: usize = 5;
/// Matches of one stem that are remembered in one text.
const MAX_MATCHES: usize = 64;

/// Finds danger words.
#[derive(Debug)]
pub(crate) struct Dangers {
    stems: AhoCorasick,
    stem_count: usize,
    patterns: Vec<Pattern>,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Pattern {
    rule: usize,
    stems: Vec<usize>,
    /// Whether the pattern itself speaks of something that is not so.
    negated: bool,
    language: Language,
}

#[derive(Debug)]
struct Rule {
    code: String,
    level: Danger,
    service: Option<EmergencyService>,
    category: Option<String>,
}

/// One danger that was heard.
#[derive(Debug)]
pub(crate) struct Heard<'a> {
    pub(crate) code: &'a str,
    pub(crate) level: Danger,
    pub(crate) service: Option<EmergencyService>,
    pub(crate) category: Option<&'a str>,
    /// Places of the words that mean it.
    pub(crate) words: Vec<usize>,
}

impl Dangers {
    /// Builds the automaton; `None` if the stems are more than an automaton can hold.
    pub(crate) fn new(city: &City) -> Option<Self> {
        let mut stems: Vec<String> = Vec::new();
        let (mut patterns, mut rules) = (Vec::new(), Vec::new());
        for (rule, danger) in city.lexicon.dangers.iter().enumerate() {
            rules.push(Rule {
                code: danger.code.clone(),
                level: danger.level,
                service: danger.service,
                category: danger.category.clone(),
            });
            let patterns_of =
                danger.patterns.iter().flat_map(|(language, list)| list.iter().map(move |pattern| (language, pattern)));
            for (language, pattern) in patterns_of {
                let own: Vec<String> = pattern.split_whitespace().map(stem_text).filter(|s| s.len() > 1).collect();
                let negated = own.iter().any(|s| s.trim() == "ne");
                let own: Vec<usize> = own.into_iter().map(|stem| index_of(&mut stems, stem)).collect();
                if !own.is_empty() {
                    patterns.push(Pattern { rule, stems: own, negated, language });
                }
            }
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&stems).ok()?;
        Some(Self { stems: automaton, stem_count: stems.len(), patterns, rules })
    }

    /// Lists what was heard, the worst first, one entry per rule.
    ///
    /// A pattern of one word holds in its own language only: "talon" is a robbery in one and a coupon in another.
    pub(crate) fn hear(&self, text: &Text, language: Option<Language>) -> Vec<Heard<'_>> {
        let mut places: Vec<Vec<usize>> = vec![Vec::new(); self.stem_count];
        for found in self.stems.find_overlapping_iter(&text.line) {
            // A stem begins with the space before its word.
            let word = text.word_at(found.start() + 1);
            if let Some(list) = places.get_mut(found.pattern().as_usize())
                && list.len() < MAX_MATCHES
                && !text.masked.get(word).copied().unwrap_or(true)
            {
                list.push(word);
            }
        }
        let mut heard: Vec<Heard<'_>> = Vec::new();
        for pattern in &self.patterns {
            if pattern.stems.len() == 1 && language.is_some_and(|spoken| spoken != pattern.language) {
                continue;
            }
            let Some(words) = together(pattern, &places, text) else { continue };
            let Some(rule) = self.rules.get(pattern.rule) else { continue };
            if !heard.iter().any(|h| h.code == rule.code) {
                heard.push(Heard {
                    code: &rule.code,
                    level: rule.level,
                    service: rule.service,
                    category: rule.category.as_deref(),
                    words,
                });
            }
        }
        heard.sort_by_key(|h| std::cmp::Reverse(h.level));
        heard
    }
}

/// Folds a stem and puts the space of its word's beginning before it; `$` closes the word.
fn stem_text(stem: &str) -> String {
    let whole = stem.ends_with('$') || fold_phrase(stem) == "ne";
    format!(" {}{}", fold_phrase(stem), if whole { " " } else { "" })
}

fn index_of(stems: &mut Vec<String>, stem: String) -> usize {
    stems.iter().position(|s| *s == stem).unwrap_or_else(|| {
        stems.push(stem);
        stems.len() - 1
    })
}

/// Finds one occurrence of every stem within the span of the first one.
fn together(pattern: &Pattern, places: &[Vec<usize>], text: &Text) -> Option<Vec<usize>> {
    let (first, rest) = pattern.stems.split_first()?;
    places.get(*first)?.iter().find_map(|&anchor| {
        let mut words = vec![anchor];
        for stem in rest {
            let near = places.get(*stem)?.iter().find(|&&at| at != anchor && text.distance(at, anchor) < SPAN)?;
            words.push(*near);
        }
        let denied = words.iter().any(|&at| at > 0 && text.word(at - 1) == "ne");
        (pattern.negated || !denied).then_some(words)
    })
}
