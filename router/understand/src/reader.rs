//! Turns a transcript into marked words: its language, its place, and which words say nothing of the matter.

use aho_corasick::AhoCorasick;
use dauys_config::city::City;
use dauys_events::Language;

use crate::concepts::Concepts;
use crate::contact::{self, Contact};
use crate::fold::fold_phrase;
use crate::gazetteer::Gazetteer;
use crate::language::Guesser;
use crate::numbers::Numbers;
use crate::places;
use crate::text::Text;
use crate::understanding::Place;

/// Reads transcripts of one city.
#[derive(Debug)]
pub(crate) struct Reader {
    fillers: Option<AhoCorasick>,
    numbers: Numbers,
    gazetteer: Option<Gazetteer>,
    guesser: Guesser,
}

/// What a reader saw.
pub(crate) struct Reading {
    pub(crate) text: Text,
    pub(crate) language: Option<Language>,
    pub(crate) place: Option<Place>,
    pub(crate) contact: Contact,
}

impl Reader {
    pub(crate) fn new(city: &City) -> Self {
        let phrases = city.lexicon.words.iter().flat_map(|(_, words)| words.greetings.iter().chain(&words.fillers));
        Self {
            fillers: whole_phrases(phrases),
            numbers: Numbers::new(),
            gazetteer: Gazetteer::new(city),
            guesser: Guesser::new(city),
        }
    }

    pub(crate) fn read(&self, text: &str, language: Option<Language>, concepts: &Concepts) -> Reading {
        let language = language.or_else(|| self.guesser.guess(text));
        let mut text = Text::new(text);
        let contact = contact::find(&mut text, &self.numbers, concepts, language);
        let place = self.gazetteer.as_ref().and_then(|g| places::find(g, &mut text, &self.numbers, concepts, language));
        if let Some(fillers) = &self.fillers {
            let spans: Vec<(usize, usize)> = fillers
                .find_overlapping_iter(&text.line)
                .map(|found| (text.word_at(found.start() + 1), text.word_at(found.end().saturating_sub(2)) + 1))
                .collect();
            for (from, to) in spans {
                text.mask(from, to);
            }
        }
        Reading { text, language, place, contact }
    }
}

/// Builds an automaton for phrases that stand as whole words in a folded line.
pub(crate) fn whole_phrases<'a>(phrases: impl Iterator<Item = &'a String>) -> Option<AhoCorasick> {
    let patterns: Vec<String> =
        phrases.map(|p| fold_phrase(p)).filter(|p| !p.is_empty()).map(|p| format!(" {p} ")).collect();
    AhoCorasick::new(patterns).ok()
}
