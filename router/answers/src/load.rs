//! The reference book of a city pack.

use crate::{AnswerBook, ReferenceQuestion};
use dauys_config::city::{City, Question};

/// Prepares the city's reference book; a pack without questions has no answers.
pub fn load(city: &City) -> AnswerBook {
    AnswerBook::new(city.questions.iter().map(question).collect())
}

fn question(question: &Question) -> ReferenceQuestion {
    let ask = &question.ask;
    ReferenceQuestion {
        id: question.id.clone(),
        category: Some(question.category.clone()),
        ask: [&ask.kk, &ask.ru, &ask.uz, &ask.en].into_iter().flatten().cloned().collect(),
        answer: question.answer.iter().map(|(language, text)| (language, text.clone())).collect(),
        source: question.source.clone(),
        valid_until: Some(question.valid_until),
    }
}
