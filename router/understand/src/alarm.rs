//! What danger sounds like: learned from made-up calls, for dangers that no rule of `dangers.txt` foresees, and against
//! false alarms. City-independent.

use dauys_config::city::City;
use dauys_events::{Danger, Language};

use crate::concepts::Concepts;
use crate::examples::{Example, tokens, words_of, worn};
use crate::features::hash;
use crate::generator::Generator;
use crate::hazards::Hazards;
use crate::learned::{Learned, Weighed};
use crate::reader::Reader;
use crate::spelling::Spelling;

/// Lines by language, where mixed talk goes as Russian; within a file each helping opens with a line of `#`.
const CALLS: [(Language, &str); 9] = [
    (Language::Kk, include_str!("../data/alarm/kk.txt")),
    (Language::Ru, include_str!("../data/alarm/ru.txt")),
    (Language::Uz, include_str!("../data/alarm/uz.txt")),
    (Language::Ru, include_str!("../data/alarm/mixed.txt")),
    (Language::Ru, include_str!("../data/alarm/calm.txt")),
    (Language::Ru, include_str!("../data/alarm/short.txt")),
    (Language::Ru, include_str!("../data/alarm/plain.txt")),
    (Language::Ru, include_str!("../data/alarm/danger.txt")),
    (Language::En, include_str!("../data/alarm/en.txt")),
];
/// Calls that are made of one line at most.
const MADE: usize = 40;
/// Of so many phrases of categories that may be dangerous one is learned as calm.
const CALM: u64 = 6;
/// Content words that are weighed together: whether it is danger may hang on how a call ends, so most are weighed whole.
const WINDOW: usize = 24;
/// Class of what is no danger; the codes of `dangers.txt` follow in their order.
pub(crate) const NONE: usize = 0;

/// One line of the files: calls that are made of it belong to one helping.
struct Line {
    language: Language,
    /// Number of the helping: a file and what one writer added to it at a time.
    helping: usize,
    code: &'static str,
    pattern: &'static str,
}

fn lines() -> impl Iterator<Item = Line> {
    let mut helping = 0;
    CALLS.into_iter().flat_map(move |(language, file)| {
        let mut opens = true;
        let read = |line: &'static str| {
            if line.starts_with('#') {
                helping += usize::from(std::mem::take(&mut opens));
                return None;
            }
            opens = true;
            let (code, pattern) = line.split_once(": ")?;
            Some(Line { language, helping, code, pattern })
        };
        file.lines().filter_map(read).collect::<Vec<_>>()
    })
}

/// Lends the files, which are part of what a model is trained on.
pub(crate) fn files() -> impl Iterator<Item = &'static str> {
    CALLS.into_iter().map(|(_, file)| file)
}

/// Says how many helpings of made-up calls there are.
pub(crate) fn helpings() -> usize {
    lines().map(|line| line.helping).max().unwrap_or(0)
}

/// Lists the made-up calls.
pub(crate) fn calls() -> Vec<String> {
    let mut generator = Generator::new(104);
    lines().flat_map(|line| made(line.pattern, &mut generator)).collect()
}

/// Makes calls of a line with alternatives in brackets, so that every alternative occurs.
fn made(pattern: &str, generator: &mut Generator) -> Vec<String> {
    let parts: Vec<Vec<&str>> = pattern
        .split(['(', ')'])
        .map(|part| part.split('|').collect())
        .filter(|part: &Vec<&str>| part != &[""])
        .collect();
    let most = parts.iter().map(Vec::len).max().unwrap_or(1);
    let all: usize = parts.iter().map(Vec::len).product();
    let offsets: Vec<usize> = parts.iter().map(|part| generator.below(part.len())).collect();
    let mut texts: Vec<String> = Vec::new();
    for round in 0..MADE.max(most).min(all) {
        let chosen = parts.iter().zip(&offsets).map(|(part, offset)| {
            let at = if part.len() == most { round + offset } else { generator.below(part.len()) };
            part.get(at % part.len()).copied().unwrap_or_default().trim()
        });
        texts.push(chosen.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "));
    }
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// Learns from the made-up calls, without those of one helping where it is left out, and from a pack's phrases.
pub(crate) fn train(
    city: &City,
    reader: &Reader,
    concepts: &Concepts,
    hazards: &Hazards,
    without: Option<usize>,
) -> Learned {
    let codes = hazards.codes();
    let class = |code: &str| codes.iter().position(|known| *known == code).map_or(NONE, |at| at + 1);
    let mut clean: Vec<Example> = Vec::new();
    let mut take = |said: &str, language: Language, class: usize| {
        let words = words_of(&reader.read(said, Some(language), concepts).text);
        if !words.is_empty() {
            let phrase = hash(12, words.join(" ").as_bytes());
            clean.push(Example { said: String::new(), words, class, asks: false, phrase, copy: 0 });
        }
    };
    let mut generator = Generator::new(104);
    for line in lines().filter(|line| Some(line.helping) != without) {
        made(line.pattern, &mut generator).iter().for_each(|text| take(text, line.language, class(line.code)));
    }
    // A phrase in which a rule hears danger may be either, and one of a grave category with a word of harm, too.
    for (language, book) in city.phrases.iter() {
        for (category, phrases) in &book.by_category {
            let level = city.category(category).map_or(Danger::None, |c| c.danger);
            let (harmless, grave) = (level < Danger::Elevated, level >= Danger::Urgent);
            // Of what is harmless by its category everything is calm.
            let share = if harmless { 1 } else { CALM };
            for said in phrases.iter().filter(|said| hash(13, said.as_bytes()).is_multiple_of(share)) {
                let text = reader.read(said, Some(language), concepts).text;
                let shown = hazards.read(&text);
                if hazards.hear(&text, &shown).is_empty() && !(grave && hazards.in_words(&shown)) {
                    take(said, language, NONE);
                }
            }
        }
    }
    let examples = worn(clean, None);
    let mut learned = Learned::train(&examples.iter().collect::<Vec<_>>(), concepts, codes.len() + 1);
    // The words come mended by what the categories taught.
    learned.spelling = Spelling::default();
    learned
}

/// Judges the calls of one helping by what was learned from the others: whether each is a danger, and how likely it is
/// none. Of every line one call is judged.
pub(crate) fn held_out(city: &City, helping: usize) -> Vec<(bool, f32)> {
    let (reader, concepts) = (Reader::new(city), Concepts::new());
    let learned = train(city, &reader, &concepts, &Hazards::new(), Some(helping));
    let mut generator = Generator::new(104);
    let judge = |line: Line| {
        let said = made(line.pattern, &mut generator).into_iter().next()?;
        let words = words_of(&reader.read(&said, Some(line.language), &concepts).text);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Some((line.code != "calm", weigh(&learned, &words, &concepts).0))
    };
    lines().filter(|line| line.helping == helping).filter_map(judge).collect()
}

/// Says how likely the words are no danger, and which danger they are likeliest: its place in `dangers.txt`.
pub(crate) fn weigh(learned: &Learned, words: &[&str], concepts: &Concepts) -> (f32, usize, Weighed) {
    let weighed = learned.weigh(&learned.sums(&tokens(words, concepts)), WINDOW);
    let calm = weighed.probabilities.get(NONE).copied().unwrap_or(1.0);
    let dangers = weighed.probabilities.iter().skip(1).enumerate();
    let worst = dangers.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(at, _)| at);
    (calm, worst, weighed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_a_code_that_is_known() {
        // A misspelt code would teach a danger as calm.
        let codes = Hazards::new().codes();
        for (_, file) in CALLS {
            for line in file.lines().filter(|line| !line.starts_with('#')) {
                let code = line.split_once(": ").map(|(code, _)| code);
                assert!(code.is_some_and(|code| code == "calm" || codes.contains(&code)), "{line}");
            }
        }
    }
}
