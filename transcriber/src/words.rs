//! A city's own names as what a model reads before it listens: streets and agencies that it would otherwise spell as it likes.
//! They come from the city pack alone, never from what somebody said.

use std::collections::HashSet;

use dauys_events::Language;

use crate::engine::Hint;

/// Whisper keeps 224 tokens of what it reads before, and of more than that the end, not the beginning. Kazakh, which takes the most
/// tokens, fits with this many characters.
const MOST: usize = 400;
const BETWEEN: &str = ", ";

/// What a model reads before it listens, for each language that may be expected; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CityWords {
    own: Vec<(Language, String)>,
    mixed: String,
}

impl CityWords {
    /// Takes the names in each language, the most important first.
    #[must_use]
    pub fn new(names: &[(Language, Vec<&str>)]) -> Self {
        let longest = names.iter().map(|(_, list)| list.len()).max().unwrap_or(0);
        let in_turn = (0..longest).flat_map(|at| names.iter().filter_map(move |(_, list)| list.get(at).copied()));
        Self {
            own: names.iter().map(|(language, list)| (*language, bounded(list.iter().copied()))).collect(),
            mixed: bounded(in_turn),
        }
    }

    /// What is read before a stretch: names in the language of the key, or of all languages where none was pressed. A quick look for
    /// danger goes without: it must be quick, and no street is dangerous.
    #[must_use]
    pub fn before(&self, hint: Hint) -> Option<&str> {
        if hint.quick {
            return None;
        }
        self.of(hint.pressed)
    }

    /// What is read where this language is expected; nothing else is known of a language that has no names.
    #[must_use]
    pub fn of(&self, expected: Option<Language>) -> Option<&str> {
        let own = |language| self.own.iter().find(|(of, _)| *of == language).map(|(_, words)| words);
        let words = expected.and_then(own).filter(|words| !words.is_empty()).unwrap_or(&self.mixed);
        (!words.is_empty()).then_some(words.as_str())
    }
}

/// Whole names, each once, in their order, as many as there is room for.
fn bounded<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let (mut text, mut length, mut seen) = (String::new(), 0, HashSet::new());
    for name in names.map(str::trim).filter(|name| !name.is_empty() && !name.contains(char::is_control)) {
        if !seen.insert(name) {
            continue;
        }
        let between = if text.is_empty() { "" } else { BETWEEN };
        let added = between.len() + name.chars().count();
        if length + added > MOST {
            break;
        }
        text.push_str(between);
        text.push_str(name);
        length += added;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> CityWords {
        CityWords::new(&[
            (Language::Kk, vec!["Абай ауданы", "Нұрсат", "Шымкент"]),
            (Language::Ru, vec!["Абайский район", "Нурсат", "Шымкент", "улица Толе би"]),
        ])
    }

    #[test]
    fn the_key_decides_whose_names_are_read_and_without_one_they_take_turns() {
        let words = two();
        assert_eq!(words.of(Some(Language::Kk)), Some("Абай ауданы, Нұрсат, Шымкент"));
        assert_eq!(words.of(Some(Language::Ru)), Some("Абайский район, Нурсат, Шымкент, улица Толе би"));
        let mixed = "Абай ауданы, Абайский район, Нұрсат, Нурсат, Шымкент, улица Толе би";
        assert_eq!(words.of(None), Some(mixed));
        assert_eq!(words.of(Some(Language::En)), Some(mixed), "nobody gave English names");
    }

    #[test]
    fn nothing_is_read_before_a_quick_look_or_where_there_are_no_names() {
        let quick = Hint { quick: true, ..Hint::pressed(Some(Language::Kk)) };
        assert_eq!(two().before(quick), None);
        assert!(two().before(Hint::default()).is_some());
        assert_eq!(CityWords::default().before(Hint::default()), None);
        assert_eq!(CityWords::new(&[(Language::Uz, vec![" ", "a\0b"])]).of(Some(Language::Uz)), None);
    }

    #[test]
    fn what_is_read_ends_with_a_whole_name_before_the_bound() {
        let names: Vec<String> = (0..200).map(|n| format!("көше {n:03}")).collect();
        let words = CityWords::new(&[(Language::Kk, names.iter().map(String::as_str).collect())]);
        let text = words.of(Some(Language::Kk)).expect("names");
        let length = text.chars().count();
        assert!(length <= MOST && length > MOST - 10, "{length} characters");
        assert!(text.starts_with("көше 000, көше 001"), "the first names stay: {text}");
        assert!(text.split(BETWEEN).all(|name| name.chars().count() == 8), "whole names only: {text}");
    }

    proptest::proptest! {
        #[test]
        fn no_names_make_more_than_the_bound(names in proptest::collection::vec(".{0,60}", 0..60)) {
            let list: Vec<&str> = names.iter().map(String::as_str).collect();
            let words = CityWords::new(&[(Language::Kk, list.clone()), (Language::Ru, list)]);
            for expected in [None, Some(Language::Kk), Some(Language::Uz)] {
                proptest::prop_assert!(words.of(expected).unwrap_or("").chars().count() <= MOST);
            }
        }
    }
}
