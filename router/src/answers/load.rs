//! `questions.toml` of the city pack.

use super::{AnswerBook, ReferenceQuestion};
use dauys_config::city::City;
use dauys_events::Language;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;

const FILE: &str = "questions.toml";

#[derive(Deserialize)]
struct File {
    #[serde(rename = "question", default)]
    questions: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    category: Option<String>,
    ask: BTreeMap<String, Vec<String>>,
    answer: BTreeMap<String, String>,
    #[serde(default)]
    source: String,
    #[serde(default)]
    valid_until: Option<toml::Value>,
}

/// Reads the city's reference book. A pack without one has no answers; one that cannot be read is told of in the log, and
/// questions go to people as before.
pub fn load(city: &City) -> AnswerBook {
    let Ok(text) = city.source.read_text(FILE) else { return AnswerBook::default() };
    match toml::from_str::<File>(&text) {
        Ok(file) => AnswerBook::new(file.questions.into_iter().map(question).collect()),
        Err(error) => {
            tracing::error!(file = FILE, error = error.message(), "the reference book cannot be read");
            AnswerBook::default()
        }
    }
}

fn question(entry: Entry) -> ReferenceQuestion {
    let answers = entry.answer.into_iter();
    let date = |value: toml::Value| match value {
        toml::Value::Datetime(date) => date.to_string(),
        toml::Value::String(date) => date,
        _ => String::new(),
    };
    ReferenceQuestion {
        id: entry.id,
        category: entry.category,
        ask: entry.ask.into_values().flatten().collect(),
        answer: answers.filter_map(|(code, text)| Some((Language::from_code(&code)?, text))).collect(),
        source: entry.source,
        // A date that cannot be read is over: rather no answer than an old one.
        valid_until: entry.valid_until.map(date).map(|date| date.parse().unwrap_or(Date::MIN)),
    }
}
