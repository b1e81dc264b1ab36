//! What a model learns from: the pack's phrases and inspectors' corrections, also as a bad line would bring them.

use std::collections::HashMap;
use std::fmt;

use dauys_config::city::City;
use dauys_events::{Language, RequestKind};
use serde::Deserialize;

use crate::concepts::Concepts;
use crate::features::{Token, hash};
use crate::generator::Generator;
use crate::reader::Reader;
use crate::text::Text;

/// Copies of each phrase that a model learns from.
pub(crate) const COPIES: usize = 3;
/// Words of idle talk that go before a phrase.
const CHATTER: usize = 5;

/// Holds what an inspector decided about a transcript.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The words of the transcript.
    pub text: String,
    /// Its language, where it is known.
    #[serde(default)]
    pub language: Option<Language>,
    /// The category that the inspector chose.
    pub category: String,
    /// Whether the citizen asks for an answer, where the inspector said so.
    #[serde(default)]
    pub kind: Option<RequestKind>,
}

impl fmt::Debug for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The words are a citizen's.
        f.debug_struct("Correction").field("category", &self.category).finish_non_exhaustive()
    }
}

/// One labelled text, as folded content words.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    /// The content words as they were said, for a second engine; empty for a worn copy.
    pub(crate) said: String,
    pub(crate) words: Vec<String>,
    pub(crate) class: usize,
    pub(crate) asks: bool,
    /// Names the phrase that it was made from; copies of a phrase are never on both sides of a check.
    pub(crate) phrase: u64,
    /// 0 for the phrase itself, 1 and more for its worn copies.
    pub(crate) copy: usize,
}

/// Marks the meaning of words.
pub(crate) fn tokens<'a>(words: &[&'a str], concepts: &Concepts) -> Vec<Token<'a>> {
    words
        .iter()
        .enumerate()
        .map(|(at, word)| Token { word, concept: concepts.of(word, words.get(at + 1).copied()) })
        .collect()
}

impl Example {
    pub(crate) fn tokens<'a>(&'a self, concepts: &Concepts) -> Vec<Token<'a>> {
        tokens(&self.words.iter().map(String::as_str).collect::<Vec<_>>(), concepts)
    }
}

/// Lists the words that speak of the matter.
pub(crate) fn words_of(text: &Text) -> Vec<String> {
    text.content().into_iter().map(|at| text.word(at).to_owned()).collect()
}

/// Reads the labelled phrases and the corrections, each as it is and as a bad line would bring it.
pub(crate) fn examples(city: &City, corrections: &[Correction], reader: &Reader, concepts: &Concepts) -> Vec<Example> {
    let categories = &city.taxonomy.categories;
    let classes: HashMap<&str, usize> = categories.iter().enumerate().map(|(at, c)| (c.code.as_str(), at)).collect();
    let question = |class: usize| categories.get(class).is_some_and(|c| c.kind == RequestKind::Question);
    let mut clean: Vec<Example> = Vec::new();
    let mut take = |said: &str, language: Option<Language>, code: &str, kind: Option<RequestKind>| {
        let Some(&class) = classes.get(code) else { return };
        let text = reader.read(said, language, concepts).text;
        let words = words_of(&text);
        let asks = kind.map_or_else(|| question(class) || said.ends_with('?'), |kind| kind == RequestKind::Question);
        if !words.is_empty() {
            let phrase = hash(hash(10, code.as_bytes()), words.join(" ").as_bytes());
            clean.push(Example { said: text.matter(), words, class, asks, phrase, copy: 0 });
        }
    };
    for (language, book) in city.phrases.iter() {
        for (code, phrases) in &book.by_category {
            for said in phrases {
                take(said, Some(language), code, None);
            }
        }
    }
    for question in &city.questions {
        for (language, asked) in question.ask.iter() {
            asked.iter().for_each(|said| take(said, Some(language), &question.category, Some(RequestKind::Question)));
        }
    }
    // A category's own name is how an official says it.
    for category in categories.iter().filter(|c| c.code != city.settings.inspector.unclear_category) {
        for (language, name) in category.name.iter() {
            take(name, Some(language), &category.code, None);
        }
        take(&category.cyrillic, Some(Language::Uz), &category.code, None);
    }
    for correction in corrections {
        take(&correction.text, correction.language, &correction.category, correction.kind);
    }
    let unclear = categories.iter().position(|c| c.code == city.settings.inspector.unclear_category);
    worn(clean, unclear)
}

/// Adds the worn copies, in an order that depends on the phrases alone.
pub(crate) fn worn(clean: Vec<Example>, unclear: Option<usize>) -> Vec<Example> {
    let idle: Vec<Vec<String>> = clean.iter().filter(|e| Some(e.class) == unclear).map(|e| e.words.clone()).collect();
    let mut generator = Generator::new(7);
    let mut examples = Vec::with_capacity(clean.len() * COPIES);
    for example in clean {
        let mut dropped = Example { said: String::new(), copy: 1, ..example.clone() };
        drop_word(&mut dropped.words, &mut generator);
        misspell(&mut dropped.words, &mut generator);
        let mut chatty = Example { said: String::new(), copy: 2, ..example.clone() };
        clip(&mut chatty.words, &mut generator);
        misspell(&mut chatty.words, &mut generator);
        if let Some(idle) = idle.get(generator.below(idle.len())).filter(|_| Some(example.class) != unclear) {
            let chatter: Vec<String> = idle.iter().take(CHATTER).cloned().collect();
            if generator.below(2) == 0 {
                chatty.words.splice(0..0, chatter);
            } else {
                chatty.words.extend(chatter);
            }
        }
        examples.extend([example, dropped, chatty]);
    }
    examples
}

/// Drops a word, where enough are left.
fn drop_word(words: &mut Vec<String>, generator: &mut Generator) {
    if words.len() > 3 {
        words.remove(generator.below(words.len()));
    }
}

/// Takes a letter out of a word, or swaps two.
fn misspell(words: &mut [String], generator: &mut Generator) {
    let at = generator.below(words.len());
    if let Some(word) = words.get_mut(at)
        && word.len() > 4
        && word.is_ascii()
    {
        let place = generator.below(word.len() - 1);
        let letter = word.remove(place);
        if generator.below(2) == 0 {
            word.insert(place + 1, letter);
        }
    }
}

/// Cuts the ending off a long word.
fn clip(words: &mut [String], generator: &mut Generator) {
    let at = generator.below(words.len());
    if let Some(word) = words.get_mut(at)
        && word.len() > 6
        && word.is_ascii()
    {
        word.truncate(word.len() - 1 - generator.below(2));
    }
}
