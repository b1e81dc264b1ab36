//! The model: reads a transcript, weighs its words, and says what it means.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;
use dauys_config::city::{Category, City};
use dauys_events::{Danger, Language, RequestKind, Scored};

use crate::danger::{Dangers, Heard};
use crate::features::Vocabulary;
use crate::fold::fold_phrase;
use crate::language::Guesser;
use crate::linear::{Generator, Linear, Sample, sigmoid, softmax};
use crate::numbers::Numbers;
use crate::places::Gazetteer;
use crate::text::Text;
use crate::understanding::{Place, Transcript, Understanding};

/// Content words that are weighed together, and by how many the next window starts later.
const WINDOW: usize = 16;
const STEP: usize = 8;
/// Windows of a long transcript that are weighed.
const MAX_WINDOWS: usize = 48;
/// Coverage from which a text counts as wholly understood.
const COVERED: f32 = 0.7;
/// How many times likelier danger words make their category.
const DANGER_ODDS: f32 = 8.0;
/// One phrase in this many is held out to calibrate the probabilities.
const HELD_OUT: usize = 5;
/// What a word such as "how" adds to the score of a question.
const ASKING_WORD: f32 = 1.0;
/// Words that are named as the reason.
const REASONS: usize = 3;

/// Understands transcripts of one city.
#[derive(Debug)]
pub struct Model {
    categories: Vec<Category>,
    unclear: String,
    gate: f32,
    reader: Reader,
    vocabulary: Vocabulary,
    linear: Linear,
    temperature: f32,
    dangers: Option<Dangers>,
    questions: Option<AhoCorasick>,
}

/// Turns a transcript into marked words.
#[derive(Debug)]
struct Reader {
    fillers: Option<AhoCorasick>,
    numbers: Numbers,
    gazetteer: Option<Gazetteer>,
    guesser: Guesser,
}

/// What a reader saw.
struct Reading {
    text: Text,
    language: Option<Language>,
    place: Option<Place>,
}

/// How likely each category is, and how much of the text is known.
struct Weighed {
    probabilities: Vec<f32>,
    asks: f32,
    trust: f32,
    /// Probability that the words ask the city for nothing.
    idle: f32,
    /// The content words that spoke most clearly.
    window: Vec<usize>,
}

impl Model {
    /// Trains a model from a city's pack; the same pack always gives the same model.
    #[must_use]
    pub fn train(city: &City) -> Self {
        let reader = Reader::new(city);
        let unclear = city.settings.inspector.unclear_category.clone();
        let categories: Vec<Category> = city.taxonomy.categories.clone();
        let examples = examples(city, &categories, &reader);
        let (vocabulary, samples) = prepare(&examples, &|_| true);
        let temperature = calibrate(&examples, categories.len());
        let linear = Linear::train(&samples.iter().collect::<Vec<_>>(), vocabulary.len(), categories.len());
        let questions = city.lexicon.words.iter().flat_map(|(_, words)| &words.questions);
        Self {
            categories,
            unclear,
            gate: city.settings.understanding.confidence_gate,
            reader,
            vocabulary,
            linear,
            temperature,
            dangers: Dangers::new(city),
            questions: whole_phrases(questions),
        }
    }

    /// Says what a transcript means; any text has an outcome, and strange ones are unclear.
    #[must_use]
    pub fn understand(&self, transcript: &Transcript<'_>) -> Understanding {
        let reading = self.reader.read(transcript.text, transcript.language);
        let heard = self.dangers.as_ref().map(|d| d.hear(&reading.text)).unwrap_or_default();
        let weighed = self.weigh(&reading.text, &heard);
        let ranked = self.rank(&weighed);
        let probability = ranked.first().map_or(0.0, |(_, p)| *p);
        let best = ranked.first().and_then(|(at, _)| self.categories.get(*at).map(|c| (*at, c)));
        let trusted = best.filter(|_| probability >= self.gate && probability > weighed.idle);
        let decided_by = best.map(|(at, _)| self.reasons(&reading.text, &weighed, at)).unwrap_or_default();
        let own = trusted.map(|(_, c)| c.danger).unwrap_or(Danger::None);
        let danger = heard.iter().map(|h| h.level).chain([own]).max().unwrap_or(Danger::None);
        let by_category = trusted.filter(|(_, c)| c.danger >= Danger::Urgent).and_then(|(_, c)| c.emergency);
        let mut understanding = Understanding {
            category: trusted.map_or_else(|| self.unclear.clone(), |(_, c)| c.code.clone()),
            probability,
            top: self.top(&ranked),
            decided_by,
            kind: self.kind(&reading.text, weighed.asks, trusted.map(|(_, c)| c)),
            danger,
            danger_words: danger_words(&heard, &reading.text),
            emergency: heard.iter().find_map(|h| h.service).or(by_category),
            place: reading.place,
            language: reading.language,
            why: Vec::new(),
        };
        understanding.why = self.explain(&understanding, &weighed, &heard, transcript.text);
        understanding
    }

    fn weigh(&self, text: &Text, heard: &[Heard<'_>]) -> Weighed {
        let content = text.content();
        let classes = self.categories.len();
        let mut sum =
            Weighed { probabilities: vec![0.0; classes], asks: 0.0, trust: 0.0, idle: 0.0, window: Vec::new() };
        let (mut total, mut clearest) = (0.0_f32, -1.0_f32);
        let starts = (0..content.len()).step_by(STEP).filter(|&s| s == 0 || s + STEP < content.len());
        for start in starts.take(MAX_WINDOWS) {
            let window = content.get(start..content.len().min(start + WINDOW)).unwrap_or_default();
            let words: Vec<&str> = window.iter().map(|&at| text.word(at)).collect();
            let features = self.vocabulary.features(&words);
            let trust = (self.vocabulary.coverage(&words) / COVERED).min(1.0);
            let mut scores = self.linear.scores(&features);
            let asks = scores.pop().unwrap_or(0.0);
            scores.iter_mut().for_each(|score| *score /= self.temperature);
            softmax(&mut scores);
            let clear = trust * scores.iter().copied().fold(0.0, f32::max);
            let weight = clear * clear + f32::MIN_POSITIVE;
            for (into, p) in sum.probabilities.iter_mut().zip(&scores) {
                *into += p * weight;
            }
            sum.asks += asks * weight;
            total += weight;
            sum.trust = sum.trust.max(trust);
            if clear > clearest {
                clearest = clear;
                sum.window = window.to_vec();
            }
        }
        if total > 0.0 {
            sum.probabilities.iter_mut().for_each(|p| *p /= total);
            sum.asks /= total;
        }
        self.heed(&mut sum, heard);
        sum
    }

    /// Lets danger words speak for their category.
    fn heed(&self, weighed: &mut Weighed, heard: &[Heard<'_>]) {
        for category in heard.iter().filter_map(|h| h.category) {
            let Some(at) = self.categories.iter().position(|c| c.code == category) else { continue };
            if let Some(p) = weighed.probabilities.get_mut(at) {
                *p *= DANGER_ODDS;
            }
            weighed.trust = weighed.trust.max(0.8);
        }
        // Whoever speaks of danger does not call for nothing.
        let idle = self.categories.iter().position(|c| c.code == self.unclear);
        if !heard.is_empty()
            && let Some(p) = idle.and_then(|at| weighed.probabilities.get_mut(at))
        {
            *p /= DANGER_ODDS * DANGER_ODDS;
        }
        let sum: f32 = weighed.probabilities.iter().sum();
        if sum > 0.0 {
            weighed.probabilities.iter_mut().for_each(|p| *p /= sum);
        }
        weighed.idle = idle.and_then(|at| weighed.probabilities.get(at)).copied().unwrap_or(0.0);
    }

    /// Lists the categories by probability; what the model has not met of the text counts for none of them.
    fn rank(&self, weighed: &Weighed) -> Vec<(usize, f32)> {
        if weighed.trust <= 0.0 {
            return Vec::new();
        }
        let mut ranked: Vec<(usize, f32)> =
            weighed.probabilities.iter().map(|p| p * weighed.trust).enumerate().collect();
        ranked.retain(|(at, _)| self.categories.get(*at).is_some_and(|c| c.code != self.unclear));
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked
    }

    fn top(&self, ranked: &[(usize, f32)]) -> Vec<Scored> {
        let named = ranked.iter().take(3).filter_map(|(at, probability)| {
            Some(Scored { code: self.categories.get(*at)?.code.clone(), probability: *probability })
        });
        named.collect()
    }

    /// Names the words whose features speak most for a category.
    fn reasons(&self, text: &Text, weighed: &Weighed, class: usize) -> Vec<String> {
        let words: Vec<&str> = weighed.window.iter().map(|&at| text.word(at)).collect();
        let mut weights = vec![0.0_f32; words.len()];
        for feature in self.vocabulary.features(&words) {
            if let Some(weight) = weights.get_mut(usize::from(feature.word)) {
                *weight += self.linear.evidence(feature, class);
            }
        }
        let mut ranked: Vec<(f32, usize)> = weights.into_iter().zip(weighed.window.iter().copied()).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut named: Vec<String> = Vec::new();
        for (_, at) in ranked.into_iter().filter(|(weight, _)| *weight > 0.0) {
            if let Some(word) = text.said.get(at)
                && named.len() < REASONS
                && !named.contains(word)
            {
                named.push(word.clone());
            }
        }
        named
    }

    fn kind(&self, text: &Text, asks: f32, category: Option<&Category>) -> RequestKind {
        let asking_word = self.questions.as_ref().is_some_and(|questions| {
            questions.find_overlapping_iter(&text.line).any(|found| {
                let word = text.word_at(found.start() + 1);
                !text.masked.get(word).copied().unwrap_or(true)
            })
        });
        let score = asks + if asking_word { ASKING_WORD } else { -ASKING_WORD / 2.0 };
        match category {
            None if !asking_word => RequestKind::Request,
            _ if sigmoid(score) > 0.5 => RequestKind::Question,
            _ => RequestKind::Request,
        }
    }

    fn explain(&self, u: &Understanding, weighed: &Weighed, heard: &[Heard<'_>], text: &str) -> Vec<String> {
        let mut why = Vec::new();
        let percent = |p: f32| format!("{:.0} %", p * 100.0);
        match u.top.first() {
            None if text.trim().is_empty() => why.push("nothing was said".to_owned()),
            None => why.push("no word of the text speaks of any category".to_owned()),
            Some(best) => {
                let words = u.decided_by.join("», «");
                why.push(format!("the words «{words}» speak for {} ({})", best.code, percent(best.probability)));
            }
        }
        if u.category == self.unclear && !u.top.is_empty() {
            let gate = percent(self.gate);
            let idle = percent(weighed.idle);
            why.push(format!("the gate is {gate}, and the words ask for nothing with {idle}: an inspector chooses"));
        }
        if weighed.trust < 0.999 && !u.top.is_empty() {
            why.push(format!(
                "many of the words are unknown, which lowers the probability to {} of itself",
                percent(weighed.trust)
            ));
        }
        why.extend(heard.iter().map(|h| format!("words of danger: {}", h.code)));
        if let Some(place) = &u.place {
            why.push(format!("the place is {} ({})", place.name, percent(place.confidence)));
        }
        why
    }
}

impl Reader {
    fn new(city: &City) -> Self {
        let phrases = city.lexicon.words.iter().flat_map(|(_, words)| words.greetings.iter().chain(&words.fillers));
        Self {
            fillers: whole_phrases(phrases),
            numbers: Numbers::new(),
            gazetteer: Gazetteer::new(city),
            guesser: Guesser::new(city),
        }
    }

    fn read(&self, text: &str, language: Option<Language>) -> Reading {
        let language = language.or_else(|| self.guesser.guess(text));
        let mut text = Text::new(text);
        let place = self.gazetteer.as_ref().and_then(|g| g.find(&mut text, &self.numbers, language));
        if let Some(fillers) = &self.fillers {
            let spans: Vec<(usize, usize)> = fillers
                .find_overlapping_iter(&text.line)
                .map(|found| (text.word_at(found.start() + 1), text.word_at(found.end().saturating_sub(2)) + 1))
                .collect();
            for (from, to) in spans {
                text.mask(from, to);
            }
        }
        Reading { text, language, place }
    }
}

/// Builds an automaton for phrases that stand as whole words in a folded line.
fn whole_phrases<'a>(phrases: impl Iterator<Item = &'a String>) -> Option<AhoCorasick> {
    let patterns: Vec<String> =
        phrases.map(|p| fold_phrase(p)).filter(|p| !p.is_empty()).map(|p| format!(" {p} ")).collect();
    AhoCorasick::new(patterns).ok()
}

fn danger_words(heard: &[Heard<'_>], text: &Text) -> Vec<String> {
    let mut places: Vec<usize> = heard.iter().flat_map(|h| h.words.iter().copied()).collect();
    places.sort_unstable();
    places.dedup();
    places.into_iter().filter_map(|at| text.said.get(at).cloned()).collect()
}

/// One labelled text, as folded content words.
struct Example {
    words: Vec<String>,
    class: usize,
    asks: bool,
    /// Which phrase it was made from, so that no phrase is on both sides of the calibration.
    phrase: usize,
}

/// Reads the labelled phrases, each once as it is and once as a bad line would bring it.
fn examples(city: &City, categories: &[Category], reader: &Reader) -> Vec<Example> {
    let classes: HashMap<&str, usize> = categories.iter().enumerate().map(|(at, c)| (c.code.as_str(), at)).collect();
    let mut generator = Generator::new(7);
    let mut examples = Vec::new();
    let mut phrase = 0;
    for (language, book) in city.phrases.iter() {
        for (code, phrases) in &book.by_category {
            let Some(&class) = classes.get(code.as_str()) else { continue };
            let question = categories.get(class).is_some_and(|c| c.kind == RequestKind::Question);
            for said in phrases {
                let text = reader.read(said, Some(language)).text;
                let words: Vec<String> = text.content().into_iter().map(|at| text.word(at).to_owned()).collect();
                let asks = question || said.ends_with('?');
                let worn = wear(&words, &mut generator);
                examples.push(Example { words, class, asks, phrase });
                examples.push(Example { words: worn, class, asks, phrase });
                phrase += 1;
            }
        }
    }
    examples
}

/// Drops a word and a letter, as recognisers do.
fn wear(words: &[String], generator: &mut Generator) -> Vec<String> {
    let mut worn = words.to_vec();
    if worn.len() > 3 {
        worn.remove(generator.below(worn.len()));
    }
    let at = generator.below(worn.len());
    if let Some(word) = worn.get_mut(at)
        && word.len() > 4
    {
        word.remove(generator.below(word.len()));
    }
    worn
}

/// Numbers the features of some examples and turns them into samples.
fn prepare(examples: &[Example], take: &dyn Fn(&Example) -> bool) -> (Vocabulary, Vec<Sample>) {
    let mut vocabulary = Vocabulary::default();
    for example in examples.iter().filter(|e| take(e)) {
        vocabulary.learn(&words_of(example));
    }
    let samples = examples.iter().filter(|e| take(e)).map(|e| sample(e, &vocabulary)).collect();
    (vocabulary, samples)
}

fn words_of(example: &Example) -> Vec<&str> {
    example.words.iter().map(String::as_str).collect()
}

fn sample(example: &Example, vocabulary: &Vocabulary) -> Sample {
    Sample { features: vocabulary.features(&words_of(example)), class: example.class, asks: example.asks }
}

/// Finds the temperature at which probabilities on held-out phrases are honest.
fn calibrate(examples: &[Example], classes: usize) -> f32 {
    let (vocabulary, samples) = prepare(examples, &|e| e.phrase % HELD_OUT != 0);
    let linear = Linear::train(&samples.iter().collect::<Vec<_>>(), vocabulary.len(), classes);
    let held: Vec<(Vec<f32>, usize)> = examples
        .iter()
        .filter(|e| e.phrase % HELD_OUT == 0)
        .map(|e| {
            let mut scores = linear.scores(&vocabulary.features(&words_of(e)));
            scores.pop();
            (scores, e.class)
        })
        .collect();
    let loss = |temperature: f32| -> f32 {
        let one = |(scores, class): &(Vec<f32>, usize)| {
            let mut scaled: Vec<f32> = scores.iter().map(|s| s / temperature).collect();
            softmax(&mut scaled);
            -scaled.get(*class).copied().unwrap_or(0.0).max(1e-6).ln()
        };
        held.iter().map(one).sum()
    };
    (4_u8..=30).map(|step| f32::from(step) / 10.0).min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0)
}
