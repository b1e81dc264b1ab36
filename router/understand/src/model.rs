//! The model: reads a transcript, weighs its words, and says what it means.

use std::sync::Arc;

use aho_corasick::AhoCorasick;
use dauys_config::city::{Category, City};
use dauys_events::{Danger, Language, RequestKind, Scored};

use crate::alarm;
use crate::calibration::{Confidence, Signs};
use crate::concepts::Concepts;
use crate::conduct::Manners;
use crate::contact;
use crate::danger::{Dangers, Heard};
use crate::engine::{Engine, Joint, Second, pool};
use crate::examples::{Example, tokens};
use crate::features::hash;
use crate::hazards::{Hazards, Shown};
use crate::issues;
use crate::learned::{Sums, WINDOW, Weighed};
use crate::linear::sigmoid;
use crate::reader::{Reader, Reading, whole_phrases};
use crate::stored::{ModelError, Stored, UNJUDGED};
use crate::text::Text;
use crate::train::best;
use crate::understanding::{Conduct, Issue, Transcript, Understanding};

/// How many times likelier danger words make their category.
const DANGER_ODDS: f32 = 2.5;
/// Share of the words that danger words make known.
const DANGER_COVERAGE: f32 = 0.8;
/// Probability from which a dangerous category means danger, though it may be below the gate.
const DANGER_LIKELY: f32 = 0.5;
/// What a word such as "how" adds to the score of a question.
const ASKING_WORD: f32 = 1.0;
/// How many times likelier a phrase of the pack makes its category, and how sure it is at least where it leads.
const PHRASE_ODDS: f32 = 20.0;
const PHRASE_SURE: f32 = 0.95;
/// Words that are named as the reason.
const REASONS: usize = 3;
/// Probability of calm up to which a danger is believed, whether a rule heard it, it only sounds like one, or a word speaks
/// of harm beside a dangerous category. Chosen on made-up calls that the alarm had not learned from: the evaluation
/// measures it with `--helpings`.
const CALM: f32 = 0.85;
/// Share of the words that must be known where no rule heard a danger.
const ALARM_KNOWN: f32 = 0.5;
/// Share of the words that must be known as they were said.
const MET: f32 = 0.4;
/// Content words from which abuse may hold a matter.
const MATTER: usize = 7;
/// Issues of one call at most.
const MAX_ISSUES: usize = 4;

/// Understands transcripts of one city.
#[derive(Debug)]
pub struct Model {
    categories: Vec<Category>,
    unclear: String,
    /// Number of the unclear category.
    idle: Option<usize>,
    gate: f32,
    reader: Reader,
    concepts: Concepts,
    manners: Manners,
    dangers: Option<Dangers>,
    hazards: Hazards,
    questions: Option<AhoCorasick>,
    stored: Arc<Stored>,
    second: Option<Second>,
    /// Names the words and, where there is one, the second engine.
    version: String,
}

/// One stretch of a call, read and weighed.
struct Judged<'a> {
    text: Text,
    reading_language: Option<Language>,
    heard: Vec<Heard<'a>>,
    /// Whether a word speaks of harm that is not over.
    harm: bool,
    /// How likely it is no danger, by what danger sounds like.
    calm: f32,
    content: Vec<usize>,
    sums: Sums,
    weighed: Weighed,
    ranked: Vec<(usize, f32)>,
    /// The class that the words alone would have chosen, where a second engine turned them.
    turned: Option<usize>,
}

impl Model {
    /// Trains a model from a city's pack; the same pack always gives the same model.
    #[must_use]
    pub fn train(city: &City) -> Self {
        crate::train::quick(city)
    }

    /// Reads a model that [`Model::to_bytes`] wrote.
    ///
    /// # Errors
    /// Where the bytes are damaged or belong to other categories.
    pub fn from_bytes(city: &City, bytes: &[u8]) -> Result<Self, ModelError> {
        let stored = Stored::from_bytes(bytes)?;
        let codes = city.taxonomy.categories.iter().map(|c| &c.code);
        if !codes.eq(&stored.classes) {
            return Err(ModelError::OtherCategories);
        }
        Ok(Self::assemble(city, Reader::new(city), Concepts::new(), stored))
    }

    /// Writes the trained part, without the city.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.stored.to_bytes()
    }

    /// Joins a second engine with the words, as far as only categories go.
    #[must_use]
    pub fn with_engine(mut self, engine: Arc<dyn Engine>, joint: Joint) -> Self {
        self.version = format!("{}+{}", self.stored.version, engine.version());
        self.second = Some(Second { engine, joint });
        self
    }

    /// Names the model, and the second engine where there is one; the same phrases and corrections give the same name.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Gives the [`crate::fingerprint`] of the pack that the model was trained on.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.stored.fingerprint
    }

    pub(crate) fn assemble(city: &City, reader: Reader, concepts: Concepts, stored: Stored) -> Self {
        let unclear = city.settings.inspector.unclear_category.clone();
        let questions = city.lexicon.words.iter().flat_map(|(_, words)| &words.questions);
        Self {
            idle: city.taxonomy.categories.iter().position(|c| c.code == unclear),
            categories: city.taxonomy.categories.clone(),
            unclear,
            gate: city.settings.understanding.confidence_gate,
            reader,
            manners: Manners::new(),
            dangers: Dangers::new(city),
            hazards: Hazards::new(),
            questions: whole_phrases(questions),
            concepts,
            version: stored.version.clone(),
            stored: Arc::new(stored),
            second: None,
        }
    }

    /// Says what a transcript means; any text has an outcome, and strange ones are unclear.
    #[must_use]
    pub fn understand(&self, transcript: &Transcript<'_>) -> Understanding {
        let reading = self.reader.read(transcript.text, transcript.language, &self.concepts);
        let (place, contact) = (reading.place.clone(), reading.contact.clone());
        let judged = self.judge(reading);
        let mut understanding = self.decide(&judged, transcript.text);
        understanding.place = place;
        understanding.contact = contact;
        understanding.issues = self.issues(&judged, 0);
        if let Some(worst) = understanding.issues.iter().max_by_key(|issue| issue.danger) {
            understanding.danger = understanding.danger.max(worst.danger);
        }
        if let Some(first) = understanding.issues.first() {
            if !understanding.issues.iter().any(|issue| issue.category == understanding.category) {
                understanding.category.clone_from(&first.category);
                understanding.probability = first.probability;
                understanding.kind = first.kind;
            }
            understanding.why.push(format!("the call speaks of {} matters", understanding.issues.len()));
        }
        if let Some(place) = &understanding.place {
            let percent = place.confidence * 100.0;
            understanding.why.push(format!("the place is {} ({percent:.0} %)", place.name));
        }
        understanding.why.push(format!("model {}", self.version()));
        understanding
    }

    /// Says whether this model would find a phrase's category, had it not met the phrase; `None` for a category that
    /// it does not know, and for a phrase that it met without being judged on it.
    pub(crate) fn would_find(&self, example: &Example, code: &str) -> Option<bool> {
        let class = self.stored.classes.iter().position(|known| known == code)?;
        let outcomes = &self.stored.outcomes;
        let met = outcomes.binary_search_by_key(&example.phrase, |(phrase, _)| *phrase).ok();
        if let Some((_, guess)) = met.and_then(|at| outcomes.get(at)) {
            return (*guess != UNJUDGED).then_some(usize::from(*guess) == class);
        }
        let weighed = self.stored.learned.weigh_example(example, &self.concepts);
        let best = weighed.probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        Some(best.is_some_and(|(at, _)| at == class))
    }

    /// Weighs a text that was read, with misspelt words mended.
    fn judge(&self, reading: Reading) -> Judged<'_> {
        let mut text = reading.text;
        let language = reading.language;
        let mut shown = self.hazards.read(&text);
        let mut heard = self.hear(&text, &shown, language);
        let learned = &self.stored.learned;
        let content = text.content();
        let mut mended = false;
        let met = learned.met(content.iter().map(|&at| text.word(at)), &self.concepts);
        for &at in &content {
            if let Some(known) = learned.mend(text.word(at), &self.concepts) {
                text.replace(at, known.to_owned());
                mended = true;
            }
        }
        if mended {
            text.renew();
            let again = self.hazards.read(&text);
            for new in self.hear(&text, &again, language) {
                if shown.stands() && !heard.iter().any(|h| h.code == new.code) {
                    heard.push(new);
                }
            }
            heard.sort_by_key(|h| std::cmp::Reverse(h.level));
            shown = again;
        }
        let words: Vec<&str> = content.iter().map(|&at| text.word(at)).collect();
        let calm = self.weigh_alarm(&mut heard, &words, &content, &shown);
        let harm = self.hazards.in_words(&shown) && calm <= CALM;
        let sums = learned.sums(&tokens(&words, &self.concepts));
        let mut weighed = learned.weigh(&sums, WINDOW);
        // Where hardly a word is one that anybody taught, what the words were mended to is a guess upon a guess.
        weighed.coverage *= (met / MET).min(1.0);
        let alone = best(&weighed.probabilities, self.idle);
        let confidence = self.join(&mut weighed, &text);
        let turned = alone.filter(|_| best(&weighed.probabilities, self.idle) != alone);
        weighed.phrase = self.phrase(&words);
        self.heed(&mut weighed, &heard);
        let ranked = self.rank(&weighed, confidence);
        Judged { reading_language: language, text, heard, harm, calm, content, sums, weighed, ranked, turned }
    }

    /// Lets the second engine speak, where there is one that can say something; gives the confidence that then holds.
    fn join(&self, weighed: &mut Weighed, text: &Text) -> &Confidence {
        let said = self.second.as_ref().filter(|_| weighed.words > 0).and_then(|second| {
            let said = second.engine.weigh(&text.matter())?;
            Some((pool(&weighed.probabilities, &said, second.joint.weight)?, second))
        });
        let Some((pooled, second)) = said else { return &self.stored.learned.confidence };
        weighed.probabilities = pooled;
        &second.joint.confidence
    }

    /// Lists the dangers that are heard, by meaning and by the pack's words, the worst first, one entry a code.
    fn hear(&self, text: &Text, shown: &Shown, language: Option<Language>) -> Vec<Heard<'_>> {
        let mut heard: Vec<Heard<'_>> = self.hazards.hear(text, shown);
        let by_words = self.dangers.as_ref().map(|d| d.hear(text, language)).unwrap_or_default();
        for new in by_words {
            if self.hazards.stands(text, shown, &new.words) && !heard.iter().any(|h| h.code == new.code) {
                heard.push(new);
            }
        }
        heard.sort_by_key(|h| std::cmp::Reverse(h.level));
        heard
    }

    /// Lets what danger sounds like speak: it adds what no rule heard, takes back what sounds calm, and says how calm it
    /// sounds.
    fn weigh_alarm(&self, heard: &mut Vec<Heard<'_>>, words: &[&str], content: &[usize], shown: &Shown) -> f32 {
        let (calm, worst, weighed) = alarm::weigh(&self.stored.alarm, words, &self.concepts);
        if calm > CALM {
            heard.clear();
        } else if heard.is_empty() && weighed.coverage >= ALARM_KNOWN && shown.stands() {
            let (from, to) = weighed.window;
            let said = content.get(from..to).unwrap_or_default().to_vec();
            heard.extend(self.hazards.told(worst, said));
        }
        calm
    }

    /// Finds the class whose phrase these words are; none where several have it.
    fn phrase(&self, words: &[&str]) -> Option<usize> {
        let said = words.join(" ");
        let has = |code: &String| {
            let phrase = hash(hash(10, code.as_bytes()), said.as_bytes());
            self.stored.outcomes.binary_search_by_key(&phrase, |(phrase, _)| *phrase).is_ok()
        };
        let mut classes = (0..).zip(&self.stored.classes).filter(|(_, code)| has(code)).map(|(class, _)| class);
        let first = classes.next();
        first.filter(|_| classes.next().is_none())
    }

    /// Lets danger words, and a phrase that is known as it stands, speak for their category.
    fn heed(&self, weighed: &mut Weighed, heard: &[Heard<'_>]) {
        if weighed.words == 0 || (heard.is_empty() && weighed.phrase.is_none()) {
            return;
        }
        if let Some(p) = weighed.phrase.and_then(|at| weighed.probabilities.get_mut(at)) {
            *p *= PHRASE_ODDS;
        }
        for category in heard.iter().filter_map(|h| h.category) {
            let at = self.categories.iter().position(|c| c.code == category);
            if let Some(p) = at.and_then(|at| weighed.probabilities.get_mut(at)) {
                *p *= DANGER_ODDS;
            }
            weighed.coverage = weighed.coverage.max(DANGER_COVERAGE);
        }
        // Whoever speaks of danger does not call for nothing.
        if !heard.is_empty()
            && let Some(p) = self.idle.and_then(|at| weighed.probabilities.get_mut(at))
        {
            *p /= DANGER_ODDS * DANGER_ODDS;
        }
        let sum: f32 = weighed.probabilities.iter().sum();
        if sum > 0.0 {
            weighed.probabilities.iter_mut().for_each(|p| *p /= sum);
        }
    }

    /// Lists the categories by honest probability, without the unclear one; empty where no word is known.
    fn rank(&self, weighed: &Weighed, confidence: &Confidence) -> Vec<(usize, f32)> {
        if weighed.words == 0 || weighed.coverage <= 0.0 {
            return Vec::new();
        }
        let mut ranked: Vec<(usize, f32)> = weighed.probabilities.iter().copied().enumerate().collect();
        ranked.retain(|(at, _)| Some(*at) != self.idle);
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        let Some((class, first)) = ranked.first().copied() else { return ranked };
        let sure = if weighed.phrase == Some(class) { PHRASE_SURE } else { 0.0 };
        let honest = confidence.of(&Signs::new(weighed, self.idle)).clamp(sure, 0.999);
        let shrink = honest / first.max(1e-6);
        let share_rest = (1.0 - honest) / (1.0 - first).max(1e-6);
        for (place, (_, p)) in ranked.iter_mut().enumerate() {
            *p = if place == 0 { honest } else { *p * shrink.min(share_rest) };
        }
        ranked
    }

    fn decide(&self, judged: &Judged<'_>, said: &str) -> Understanding {
        let Judged { text, heard, weighed, ranked, .. } = judged;
        let probability = ranked.first().map_or(0.0, |(_, p)| *p);
        let best = ranked.first().and_then(|(at, _)| self.categories.get(*at).map(|c| (*at, c)));
        let idle = self.idle.and_then(|at| weighed.probabilities.get(at)).copied().unwrap_or(0.0);
        let raw = best.and_then(|(at, _)| weighed.probabilities.get(at)).copied().unwrap_or(0.0);
        let conduct = self.manners.of(text);
        // A joke is nobody's ticket, and of abuse a person sees whether there is a matter in it.
        let serious = match conduct {
            Conduct::Ordinary => true,
            Conduct::Abusive => weighed.words >= MATTER,
            Conduct::Prank => false,
        };
        let trusted = best.filter(|_| serious && probability >= self.gate && raw > idle);
        let likely =
            trusted.or_else(|| best.filter(|_| serious && raw >= DANGER_LIKELY && probability >= DANGER_LIKELY / 2.0));
        // A dangerous category is no danger where no word speaks of a hazard: "thank you, the manhole is closed".
        let calm = heard.is_empty() && !judged.harm;
        let own = likely.map_or(Danger::None, |(_, c)| match c.danger {
            level if calm => level.min(Danger::Elevated),
            level => level,
        });
        let by_category = likely.filter(|_| own >= Danger::Urgent).and_then(|(_, c)| c.emergency);
        let mut understanding = Understanding {
            category: trusted.map_or_else(|| self.unclear.clone(), |(_, c)| c.code.clone()),
            probability,
            top: self.top(ranked),
            decided_by: best.map(|(at, _)| self.reasons(judged, at)).unwrap_or_default(),
            kind: self.kind(text, weighed.asks, trusted.map(|(_, c)| c)),
            danger: heard.iter().map(|h| h.level).chain([own]).max().unwrap_or(Danger::None),
            danger_words: danger_words(heard, text),
            emergency: heard.iter().find_map(|h| h.service).or(by_category),
            conduct,
            preferred: contact::preferred(text),
            language: judged.reading_language,
            model: self.version().to_owned(),
            ..Understanding::default()
        };
        if understanding.danger >= Danger::Urgent && understanding.danger_words.is_empty() {
            // The category alone is dangerous, and its words are the words of danger.
            understanding.danger_words.clone_from(&understanding.decided_by);
        }
        understanding.why = self.explain(&understanding, idle, judged, said);
        understanding
    }

    /// Reads each matter of a call that speaks of several; empty where it speaks of one.
    fn issues(&self, judged: &Judged<'_>, depth: usize) -> Vec<Issue> {
        let begins = |at: usize| {
            let first = judged.content.get(at).copied().unwrap_or(0);
            (first.saturating_sub(2)..=first).any(|word| issues::begins_another(judged.text.word(word)))
        };
        for (border, also) in issues::borders(&self.stored.learned, &judged.sums, self.idle, &begins) {
            let Some(&cut) = judged.content.get(border) else { continue };
            let found = self.cut(judged, cut, depth);
            let sure = issues::sure(also);
            if found.len() > 1 && found.iter().all(|issue| issue.probability >= sure) {
                return found;
            }
        }
        Vec::new()
    }

    /// Reads both sides of a place as calls of their own.
    fn cut(&self, judged: &Judged<'_>, cut: usize, depth: usize) -> Vec<Issue> {
        let mut found = Vec::new();
        for (from, to) in [(0, cut), (cut, judged.text.len())] {
            let words = judged.text.said.get(from..to).unwrap_or_default().join(" ");
            let reading = self.reader.read(&words, judged.reading_language, &self.concepts);
            let place = reading.place.clone();
            let part = self.judge(reading);
            let within = if depth + 1 < MAX_ISSUES { self.issues(&part, depth + 1) } else { Vec::new() };
            if !within.is_empty() {
                found.extend(within);
                continue;
            }
            let mut decided = self.decide(&part, &words);
            if judged.calm > CALM {
                // Half a sentence may sound like anything; the whole call does not sound like danger.
                decided.danger = decided.danger.min(Danger::Elevated);
                decided.emergency = None;
            }
            if decided.category != self.unclear {
                found.push(Issue {
                    category: decided.category,
                    probability: decided.probability,
                    kind: decided.kind,
                    danger: decided.danger,
                    emergency: decided.emergency,
                    place,
                    words,
                });
            }
        }
        found.dedup_by(|later, earlier| later.category == earlier.category);
        found.truncate(MAX_ISSUES);
        found
    }

    fn top(&self, ranked: &[(usize, f32)]) -> Vec<Scored> {
        let named = ranked.iter().take(3).filter_map(|(at, probability)| {
            Some(Scored { code: self.categories.get(*at)?.code.clone(), probability: *probability })
        });
        named.collect()
    }

    /// Names the words whose features speak most for a category.
    fn reasons(&self, judged: &Judged<'_>, class: usize) -> Vec<String> {
        let (from, to) = judged.weighed.window;
        let window = judged.content.get(from..to).unwrap_or_default();
        let words: Vec<&str> = window.iter().map(|&at| judged.text.word(at)).collect();
        let learned = &self.stored.learned;
        let mut weights = vec![0.0_f32; words.len()];
        for feature in learned.vocabulary.features(&tokens(&words, &self.concepts)) {
            if let Some(weight) = weights.get_mut(usize::from(feature.word)) {
                *weight += learned.evidence(feature, class);
            }
        }
        let mut ranked: Vec<(f32, usize)> = weights.into_iter().zip(window.iter().copied()).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut named: Vec<String> = Vec::new();
        for (_, at) in ranked.into_iter().filter(|(weight, _)| *weight > 0.0) {
            if let Some(word) = judged.text.said.get(at)
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

    fn explain(&self, u: &Understanding, idle: f32, judged: &Judged<'_>, text: &str) -> Vec<String> {
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
        if let (Some(words), Some(second)) = (judged.turned.and_then(|at| self.categories.get(at)), &self.second) {
            why.push(format!(
                "by its words alone it would be {}: {} says otherwise",
                words.code,
                second.engine.version()
            ));
        }
        match u.conduct {
            Conduct::Ordinary => {}
            Conduct::Prank => why.push("it sounds like a joke or like talk to a machine".to_owned()),
            Conduct::Abusive => why.push("the caller swears".to_owned()),
        }
        if u.category == self.unclear && !u.top.is_empty() {
            let (gate, idle) = (percent(self.gate), percent(idle));
            why.push(format!("the gate is {gate}, and the words ask for nothing with {idle}: an inspector chooses"));
        }
        let known = judged.weighed.coverage;
        if known < 0.7 && !u.top.is_empty() {
            why.push(format!("only {} of the words are known, which lowers the probability", percent(known)));
        }
        why.extend(judged.heard.iter().map(|h| format!("words of danger: {}", h.code)));
        why
    }
}

/// The built-in engine, alone or joined: words, before any danger or known phrase speaks for a category.
impl Engine for Model {
    fn version(&self) -> &str {
        &self.version
    }

    fn weigh(&self, text: &str) -> Option<Vec<f32>> {
        let text = self.reader.read(text, None, &self.concepts).text;
        let learned = &self.stored.learned;
        let content = text.content();
        let mended = |at: &usize| learned.mend(text.word(*at), &self.concepts).unwrap_or_else(|| text.word(*at));
        let words: Vec<&str> = content.iter().map(mended).collect();
        let mut weighed = learned.weigh(&learned.sums(&tokens(&words, &self.concepts)), WINDOW);
        self.join(&mut weighed, &text);
        (weighed.coverage > 0.0).then_some(weighed.probabilities)
    }
}

/// Lists the words of the dangers that were heard, as they were said.
fn danger_words(heard: &[Heard<'_>], text: &Text) -> Vec<String> {
    let mut places: Vec<usize> = heard.iter().flat_map(|h| h.words.iter().copied()).collect();
    places.sort_unstable();
    places.dedup();
    places.into_iter().filter_map(|at| text.said.get(at).cloned()).collect()
}
