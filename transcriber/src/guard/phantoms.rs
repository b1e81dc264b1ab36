//! Phrases that speech engines are known to write when nobody speaks: credits, farewells of video channels, captions.

use dauys_events::Language;

/// The phrases, one a line: language (or `any`), where it must stand (`whole` or `anywhere`), the phrase; tab-separated.
const PHRASES: &str = include_str!("phantoms.tsv");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Whole,
    Anywhere,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Phrase {
    place: Place,
    words: String,
}

/// A list of phantom phrases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phantoms {
    phrases: Vec<Phrase>,
}

impl Default for Phantoms {
    /// Takes the phrases that come with the crate.
    fn default() -> Self {
        Self::parse(PHRASES)
    }
}

impl Phantoms {
    /// Reads a list; lines that start with `#` and lines that are not three columns say nothing.
    #[must_use]
    pub fn parse(list: &str) -> Self {
        Self { phrases: list.lines().filter(|line| !line.starts_with('#')).filter_map(read_line).collect() }
    }

    /// Returns whether a text is one of the phrases (or only repeats it), or holds one that nobody says on a telephone.
    ///
    /// The language of the text narrows nothing down: an engine that hears nothing guesses the language as well. The
    /// column is for whoever tends the list.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text = normalise(text);
        self.phrases.iter().any(|phrase| match phrase.place {
            Place::Whole => is_only(&text, &phrase.words),
            Place::Anywhere => holds(&text, &phrase.words),
        })
    }
}

fn read_line(line: &str) -> Option<Phrase> {
    let mut columns = line.split('\t').map(str::trim);
    let language = columns.next()?;
    if language != "any" && Language::from_code(language).is_none() {
        return None;
    }
    let place = match columns.next()? {
        "whole" => Place::Whole,
        "anywhere" => Place::Anywhere,
        _ => return None,
    };
    let words = normalise(columns.next()?);
    (!words.is_empty()).then_some(Phrase { place, words })
}

/// Lower case, letters and digits only, single spaces.
fn normalise(text: &str) -> String {
    let letters: String = text.chars().map(|c| if c.is_alphanumeric() || c == '\'' { c } else { ' ' }).collect();
    letters.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_only(text: &str, phrase: &str) -> bool {
    let mut rest = text;
    while let Some(after) = rest.strip_prefix(phrase) {
        if after.is_empty() {
            return true;
        }
        let Some(next) = after.strip_prefix(' ') else { return false };
        rest = next;
    }
    false
}

/// Finds the phrase at the borders of words.
fn holds(text: &str, phrase: &str) -> bool {
    format!(" {text} ").contains(&format!(" {phrase} "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_read() {
        let lines = PHRASES.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        assert_eq!(Phantoms::default().phrases.len(), lines);
        for language in Language::ALL {
            assert!(PHRASES.lines().any(|line| line.starts_with(&format!("{language}\t"))), "{language}");
        }
    }

    #[test]
    fn a_phrase_is_found_whatever_its_punctuation_case_and_count() {
        let phantoms = Phantoms::default();
        for text in ["Продолжение следует...", "продолжение следует продолжение следует", "Thanks for watching!"]
        {
            assert!(phantoms.matches(text), "{text}");
        }
    }

    #[test]
    fn a_whole_phrase_inside_a_complaint_is_a_complaint() {
        let phantoms = Phantoms::parse("ru\twhole\tпродолжение следует\nru\tanywhere\tредактор субтитров\n");
        assert!(!phantoms.matches("ремонт дороги продолжение следует каждый год"));
        assert!(phantoms.matches("Редактор субтитров и ещё кто-то"));
        assert!(!phantoms.matches("продолжение следует-то"));
    }
}
