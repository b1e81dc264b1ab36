//! Finding the question that was asked, by what it shares with the ways in which it is known to be asked. Pure.

use dauys_events::{Answer, Language};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Sureness from which an answer is attached.
const GATE: f32 = 0.45;
/// How much surer it must be than any other question.
const MARGIN: f32 = 0.08;
/// What the same category adds.
const SAME_CATEGORY: f32 = 0.15;
/// Letters of a piece of a word.
const PIECE: usize = 4;
/// Pieces of a transcript that are compared.
const MOST_PIECES: usize = 600;

/// A question with its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceQuestion {
    /// Its code.
    pub id: String,
    /// The category that it belongs to.
    pub category: Option<String>,
    /// The ways in which it is asked, in any language.
    pub ask: Vec<String>,
    /// The answer in each language.
    pub answer: BTreeMap<Language, String>,
    /// Where the answer comes from.
    pub source: String,
    /// The last day on which the answer holds.
    pub valid_until: Option<Date>,
}

struct Variant {
    question: usize,
    pieces: BTreeSet<u32>,
    weight: f32,
}

/// The reference book, ready to be asked.
#[derive(Default)]
pub struct AnswerBook {
    questions: Vec<ReferenceQuestion>,
    variants: Vec<Variant>,
    /// How much each piece says: the fewer questions have it, the more.
    weights: HashMap<u32, f32>,
    unknown: f32,
}

impl AnswerBook {
    /// Prepares a book.
    pub fn new(questions: Vec<ReferenceQuestion>) -> Self {
        let asked = |(at, question): (usize, &ReferenceQuestion)| {
            question.ask.iter().map(move |text| (at, pieces(text))).collect::<Vec<_>>()
        };
        let asked: Vec<(usize, BTreeSet<u32>)> = questions.iter().enumerate().flat_map(asked).collect();
        // Questions, not ways of asking them: a word that every way of asking one question has speaks for it all the more.
        let mut having: HashMap<u32, BTreeSet<usize>> = HashMap::new();
        for (question, pieces) in &asked {
            pieces.iter().for_each(|piece| _ = having.entry(*piece).or_default().insert(*question));
        }
        let counts = having.into_iter().map(|(piece, questions)| (piece, questions.len() as u32));
        let all = questions.len() as f32;
        let weigh = |count: u32| (1.0 + all / (count as f32 + 1.0)).ln();
        let weights: HashMap<u32, f32> = counts.map(|(piece, count)| (piece, weigh(count))).collect();
        let sum = |pieces: &BTreeSet<u32>| -> f32 { pieces.iter().filter_map(|piece| weights.get(piece)).sum() };
        let variants =
            asked.into_iter().map(|(question, pieces)| Variant { question, weight: sum(&pieces), pieces }).collect();
        // A piece that no question has says little, so that greetings and stories around a question do not hide it.
        Self { questions, variants, unknown: weigh(0) * 0.25, weights }
    }

    /// Returns how many questions the book has.
    pub fn len(&self) -> usize {
        self.questions.len()
    }

    /// Returns whether the book has no question.
    pub fn is_empty(&self) -> bool {
        self.questions.is_empty()
    }

    /// Finds the answer to what was asked, in the citizen's language where it has one, else in the book's first. None where
    /// it is not sure enough, where two questions are equally near, and where the answer is out of date.
    pub fn find(&self, text: &str, language: Option<Language>, category: &str, today: Date) -> Option<Answer> {
        let asked = pieces(text);
        if asked.is_empty() {
            return None;
        }
        let total: f32 = asked.iter().map(|piece| self.weights.get(piece).copied().unwrap_or(self.unknown)).sum();
        let mut best: BTreeMap<usize, f32> = BTreeMap::new();
        for variant in &self.variants {
            let shared = variant.pieces.intersection(&asked).filter_map(|piece| self.weights.get(piece)).sum();
            let score = self.score(variant, shared, total, category);
            let known = best.entry(variant.question).or_insert(0.0);
            *known = known.max(score);
        }
        let mut ranked: Vec<(usize, f32)> = best.into_iter().collect();
        ranked.sort_by(|one, other| other.1.total_cmp(&one.1));
        let (at, confidence) = *ranked.first()?;
        let next = ranked.get(1).map_or(0.0, |(_, score)| *score);
        if confidence < GATE || confidence - next < MARGIN {
            return None;
        }
        let question = self.questions.get(at)?;
        if question.valid_until.is_some_and(|last| today > last) {
            return None;
        }
        let own = language.and_then(|language| question.answer.get_key_value(&language));
        let (language, text) = own.or_else(|| question.answer.iter().next())?;
        Some(Answer {
            question: question.id.clone(),
            text: text.clone(),
            language: *language,
            confidence,
            source: question.source.clone(),
        })
    }

    /// Scores a variant: how much of it was asked counts twice as much as how much of what was said belongs to it.
    fn score(&self, variant: &Variant, shared: f32, total: f32, category: &str) -> f32 {
        if shared <= 0.0 || variant.weight <= 0.0 || total <= 0.0 {
            return 0.0;
        }
        let (of_variant, of_text) = (shared / variant.weight, shared / total);
        let score = 5.0 * of_variant * of_text / (4.0 * of_text + of_variant);
        let own = self.questions.get(variant.question).and_then(|question| question.category.as_deref());
        let bonus = if own == Some(category) { SAME_CATEGORY } else { 0.0 };
        (score + bonus).min(1.0)
    }
}

/// Returns the pieces of a text's words: their runs of four letters, with the word's edges, as hashes. Case endings and
/// single misheard letters leave most of them as they are.
fn pieces(text: &str) -> BTreeSet<u32> {
    let mut pieces = BTreeSet::new();
    for word in text.split(|char: char| !char.is_alphanumeric()).filter(|word| word.chars().count() > 2) {
        let letters: Vec<char> = std::iter::once('^').chain(word.to_lowercase().chars().map(plain)).collect();
        for piece in letters.windows(PIECE.min(letters.len())) {
            pieces.insert(hash(piece));
        }
        if pieces.len() >= MOST_PIECES {
            break;
        }
    }
    pieces
}

/// Writes Kazakh letters as the Russian ones that recognisers take them for.
fn plain(letter: char) -> char {
    match letter {
        'қ' => 'к',
        'ғ' => 'г',
        'ұ' | 'ү' => 'у',
        'ө' => 'о',
        'ә' => 'а',
        'і' => 'и',
        'ң' => 'н',
        'һ' => 'х',
        'ё' => 'е',
        other => other,
    }
}

/// FNV-1a, 32 bits.
fn hash(letters: &[char]) -> u32 {
    letters.iter().fold(0x811c_9dc5, |hash, letter| (hash ^ u32::from(*letter)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const TODAY: Date = date(2026, 11, 20);

    fn question(id: &str, ask: &[&str], valid_until: Option<Date>) -> ReferenceQuestion {
        let answer = [(Language::Kk, format!("{id} жауап")), (Language::Ru, format!("{id} ответ"))];
        ReferenceQuestion {
            id: id.into(),
            category: Some(id.into()),
            ask: ask.iter().map(|text| (*text).to_owned()).collect(),
            answer: answer.into(),
            source: "example".into(),
            valid_until,
        }
    }

    fn book() -> AnswerBook {
        AnswerBook::new(vec![
            question(
                "hall",
                &["где находится центр обслуживания населения", "ХҚКО мекенжайы қайда", "адрес цона"],
                None,
            ),
            question(
                "passport",
                &["какие документы нужны для паспорта", "паспорт алу үшін қандай құжаттар керек"],
                None,
            ),
            question(
                "pharmacy",
                &["какая аптека работает ночью", "түнде қай дәріхана жұмыс істейді"],
                Some(date(2026, 11, 19)),
            ),
            question("heating", &["когда начнётся отопительный сезон", "жылу қашан беріледі"], Some(TODAY)),
        ])
    }

    #[test]
    fn a_question_gets_the_answer_in_the_citizens_language() {
        let book = book();
        let asked = "здравствуйте, подскажите пожалуйста, какие документы нужны чтобы получить паспорт?";
        let answer = book.find(asked, Some(Language::Ru), "passport", TODAY).unwrap();
        assert_eq!((answer.question.as_str(), answer.text.as_str()), ("passport", "passport ответ"));
        assert!(answer.confidence >= GATE && answer.confidence <= 1.0);
        let kazakh =
            book.find("паспорт алу үшін кандай кужаттар керек екен", Some(Language::Kk), "other", TODAY).unwrap();
        assert_eq!((kazakh.question.as_str(), kazakh.language), ("passport", Language::Kk));
        let uzbek = book.find("где находится центр обслуживания", Some(Language::Uz), "hall", TODAY).unwrap();
        assert_eq!(uzbek.language, Language::Kk, "a language that the answer lacks gets the first that it has");
    }

    #[test]
    fn what_is_out_of_date_is_not_answered() {
        let book = book();
        assert_eq!(book.find("какая аптека работает ночью", Some(Language::Ru), "pharmacy", TODAY), None);
        assert!(book.find("когда начнётся отопительный сезон", Some(Language::Ru), "heating", TODAY).is_some());
    }

    #[test]
    fn what_nobody_knows_is_left_to_people() {
        let book = book();
        for text in
            ["", "?", "да", "сколько стоит проезд в автобусе", "у нас нет света третий день", "ааааа ббббб вввв"]
        {
            assert_eq!(book.find(text, Some(Language::Ru), "other", TODAY), None, "{text}");
        }
        let story = "слово ".repeat(10_000) + "паспорт";
        assert_eq!(book.find(&story, None, "other", TODAY), None);
        assert_eq!(AnswerBook::new(vec![]).find("адрес цона", None, "other", TODAY), None);
    }
}
