//! Looks through phrases, words and questions.

use std::collections::HashMap;

use dauys_events::Language;

use super::{ENOUGH_PHRASES, Report, Severity};

impl Report<'_> {
    pub(super) fn phrases(&mut self) {
        let city = self.city;
        for (language, book) in city.phrases.iter() {
            let file = format!("phrases/{language}.toml");
            let mut seen: HashMap<&str, &str> = HashMap::new();
            for (code, phrases) in &book.by_category {
                if city.category(code).is_none() {
                    self.error(&file, "phrases", code, "unknown category".to_owned());
                }
                for phrase in phrases {
                    if let Some(other) = seen.insert(phrase.trim_end_matches('?'), code) {
                        self.error(&file, "phrases", code, format!("{phrase:?} already stands under {other:?}"));
                    }
                    if phrase.contains(['(', ')', '|']) || phrase.trim().is_empty() {
                        self.error(&file, "phrases", code, format!("{phrase:?} has a bracket without its partner"));
                    }
                }
            }
            for category in &city.taxonomy.categories {
                let count = book.by_category.get(&category.code).map_or(0, Vec::len);
                let enough = if language == Language::En { 1 } else { ENOUGH_PHRASES };
                if count < enough && category.code != city.settings.inspector.unclear_category {
                    let message = format!("{count} phrases, {enough} are needed to recognise it");
                    self.add(Severity::Warning, &file, "phrases", &category.code, message);
                }
            }
        }
    }

    pub(super) fn lexicon(&mut self) {
        let (city, file) = (self.city, "lexicon.toml");
        self.duplicates(file, "danger", city.lexicon.dangers.iter().map(|d| d.code.as_str()));
        for danger in &city.lexicon.dangers {
            if danger.category.as_deref().is_some_and(|code| city.category(code).is_none()) {
                self.error(file, "danger", &danger.code, format!("unknown category {:?}", danger.category));
            }
            if danger.patterns.iter().all(|(_, patterns)| patterns.is_empty()) {
                self.error(file, "danger", &danger.code, "has no pattern".to_owned());
            }
        }
    }

    pub(super) fn questions(&mut self) {
        let (city, file) = (self.city, "questions.toml");
        self.duplicates(file, "question", city.questions.iter().map(|q| q.id.as_str()));
        let mut asked: HashMap<(Language, String), &str> = HashMap::new();
        for question in &city.questions {
            if city.category(&question.category).is_none() {
                self.error(file, "question", &question.id, format!("unknown category {:?}", question.category));
            }
            if question.source.trim().is_empty() {
                self.error(file, "question", &question.id, "has no source".to_owned());
            }
            for (language, answer) in question.answer.iter() {
                if answer.trim().is_empty() {
                    self.error(file, "question", &question.id, format!("has no answer in {language}"));
                }
            }
            for (language, ways) in question.ask.iter() {
                if ways.is_empty() && language != Language::En {
                    self.error(file, "question", &question.id, format!("has no way of asking in {language}"));
                }
                for way in ways {
                    let key = (language, way.trim_end_matches('?').to_lowercase());
                    if let Some(other) = asked.insert(key, &question.id) {
                        self.error(file, "question", &question.id, format!("{way:?} already stands under {other:?}"));
                    }
                }
            }
        }
    }
}
