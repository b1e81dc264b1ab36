//! A transcript as a line of folded words that automata can search, with marks on what says nothing of the matter.

use crate::fold::{fold, words};

/// Words of a transcript that are read; whoever speaks longer has said the matter by then.
pub(crate) const MAX_WORDS: usize = 1_024;
/// Letters of a word that are read.
const MAX_LETTERS: usize = 40;

/// Holds the words of one transcript.
#[derive(Debug)]
pub(crate) struct Text {
    /// Words as they were said, lower case.
    pub(crate) said: Vec<String>,
    /// The same words, folded; a word of another script is empty.
    pub(crate) folded: Vec<String>,
    /// Words that say nothing of the matter: greetings, places, numbers.
    pub(crate) masked: Vec<bool>,
    /// Folded words with a space before, between and after.
    pub(crate) line: String,
    /// Where each word begins in `line`.
    starts: Vec<usize>,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        let said: Vec<String> = words(text).take(MAX_WORDS).map(|w| w.chars().take(MAX_LETTERS).collect()).collect();
        let folded: Vec<String> = said.iter().map(|word| fold(word)).collect();
        let mut text = Self { masked: vec![false; said.len()], said, folded, line: String::new(), starts: Vec::new() };
        text.renew();
        text
    }

    /// Writes the line anew after words were replaced.
    pub(crate) fn renew(&mut self) {
        self.line.clear();
        self.starts.clear();
        self.line.push(' ');
        for word in &self.folded {
            self.starts.push(self.line.len());
            self.line.push_str(word);
            self.line.push(' ');
        }
    }

    /// Replaces a folded word by what it probably was; [`Text::renew`] makes it count for the line.
    pub(crate) fn replace(&mut self, at: usize, word: String) {
        if let Some(place) = self.folded.get_mut(at) {
            *place = word;
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.said.len()
    }

    /// Finds the word that holds a byte of `line`.
    pub(crate) fn word_at(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    pub(crate) fn word(&self, at: usize) -> &str {
        self.folded.get(at).map_or("", String::as_str)
    }

    /// Marks the words `from..to` as saying nothing of the matter.
    pub(crate) fn mask(&mut self, from: usize, to: usize) {
        for mark in self.masked.iter_mut().take(to).skip(from) {
            *mark = true;
        }
    }

    /// Gives what is said of the matter, as it was said: a place or a greeting tells a second engine nothing.
    pub(crate) fn matter(&self) -> String {
        let said: Vec<&str> =
            self.content().into_iter().filter_map(|at| self.said.get(at)).map(String::as_str).collect();
        said.join(" ")
    }

    /// Counts the steps between two words, without what says nothing of the matter.
    pub(crate) fn distance(&self, one: usize, other: usize) -> usize {
        let (from, to) = (one.min(other), one.max(other));
        self.masked.get(from..to).unwrap_or_default().iter().filter(|masked| !**masked).count()
    }

    /// Lists the places of the words that speak of the matter.
    pub(crate) fn content(&self) -> Vec<usize> {
        (0..self.len())
            .filter(|&at| !self.masked.get(at).copied().unwrap_or(true) && !self.word(at).is_empty())
            .collect()
    }
}
