//! Whether a first look at the words says that somebody is in danger. Generous: what is wrongly urgent only goes first.

/// The word beginnings that mean danger together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Urgency {
    patterns: Vec<Vec<String>>,
}

impl Urgency {
    /// Takes patterns of word beginnings, all of which must occur; a closing `$` asks for the whole word.
    #[must_use]
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let stems = |pattern: &str| pattern.split_whitespace().map(plain).collect::<Vec<_>>();
        Self { patterns: patterns.into_iter().map(stems).filter(|stems| !stems.is_empty()).collect() }
    }

    /// Returns whether nothing is ever urgent, so that no first look is worth taking.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Returns whether a text holds one of the patterns.
    #[must_use]
    pub fn is_urgent(&self, text: &str) -> bool {
        let words: Vec<String> = text.split_whitespace().map(plain).collect();
        let occurs = |stem: &String| {
            stem.strip_suffix('$').map_or_else(
                || words.iter().any(|word| word.starts_with(stem.as_str())),
                |whole| words.iter().any(|word| word == whole),
            )
        };
        self.patterns.iter().any(|stems| stems.iter().all(occurs))
    }
}

fn plain(word: &str) -> String {
    let kept = word.to_lowercase().replace('ё', "е");
    kept.trim_matches(|c: char| !c.is_alphanumeric() && c != '$' && c != '\'').to_owned()
}

#[cfg(test)]
mod tests {
    use super::Urgency;

    #[test]
    fn word_beginnings_that_occur_together_are_urgent() {
        let urgency = Urgency::new(["газ пах", "люк откры", "горит$"]);
        assert!(urgency.is_urgent("в подъезде сильно пахнет газом"));
        assert!(urgency.is_urgent("Открытый люк, ребёнок упал"));
        assert!(!urgency.is_urgent("нет газа"));
        assert!(urgency.is_urgent("дом горит") && !urgency.is_urgent("фонарь не загорится"));
        assert!(Urgency::default().is_empty() && !Urgency::default().is_urgent("пахнет газом"));
    }
}
