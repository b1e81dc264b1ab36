//! Dangers by meaning, beside the danger words of a pack: "wire" and "fall" close together, in whatever language.

use dauys_config::city::EmergencyService;
use dauys_events::Danger;

use crate::concepts::{Concept, Concepts};
use crate::danger::Heard;
use crate::text::Text;

const TABLE: &str = include_str!("../data/dangers.txt");
/// Words of the matter within which all concepts of a danger must occur.
const SPAN: usize = 5;
/// Concepts of which one at least is heard wherever a dangerous category is a danger now.
const HAZARDS: &[&str] = &[
    "open",
    "absent",
    "fall",
    "danger",
    "spark",
    "leak",
    "burn",
    "flamefire",
    "burst",
    "flood",
    "injury",
    "stuck",
    "threat",
    "fight",
    "beat",
    "knife",
    "kill",
    "explosion",
    "broken",
    "hole",
    "drown",
    "enter",
    "bite",
    "attack",
    "accident",
    "quake",
    "off",
    "notwork",
    "drunk",
    "flow",
    "torn",
    "ambulance",
    "thief",
    "steal_item",
    "husband",
];
/// Words of thanks, folded: what is thanked for is over.
const THANKS: &[&str] = &["spasibo", "rahmet", "rahmat", "blagodar", "thank"];

/// Knows what is dangerous.
#[derive(Debug)]
pub(crate) struct Hazards {
    rules: Vec<Rule>,
    hazards: Vec<Concept>,
}

#[derive(Debug)]
struct Rule {
    code: &'static str,
    level: Danger,
    service: Option<EmergencyService>,
    concepts: Vec<Concept>,
}

impl Hazards {
    pub(crate) fn new(concepts: &Concepts) -> Self {
        let mut rules = Vec::new();
        for (head, alternatives) in TABLE.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(':')) {
            let mut head = head.split_whitespace();
            let (code, level) = (head.next().unwrap_or_default(), head.next());
            let level = if level == Some("emergency") { Danger::Emergency } else { Danger::Urgent };
            let service = head.next().and_then(service);
            for alternative in alternatives.split_whitespace() {
                let own: Option<Vec<Concept>> = alternative.split('+').map(|name| concepts.named(name)).collect();
                rules.extend(own.map(|concepts| Rule { code, level, service, concepts }));
            }
        }
        Self { rules, hazards: HAZARDS.iter().filter_map(|name| concepts.named(name)).collect() }
    }

    /// Says whether the words are thanks for what is over.
    pub(crate) fn is_over(text: &Text) -> bool {
        text.folded.iter().any(|word| THANKS.iter().any(|sign| word.starts_with(sign)))
    }

    /// Lists the dangers that the words mean, the worst first, one entry a code.
    pub(crate) fn hear(&self, text: &Text, concepts: &Concepts) -> Vec<Heard<'static>> {
        let meant = meanings(text, concepts);
        let mut heard: Vec<Heard<'static>> = Vec::new();
        for rule in &self.rules {
            if heard.iter().any(|h| h.code == rule.code) {
                continue;
            }
            let Some(words) = together(rule, &meant, text) else { continue };
            let Rule { code, level, service, .. } = *rule;
            heard.push(Heard { code, level, service, category: None, words });
        }
        heard.sort_by_key(|h| std::cmp::Reverse(h.level));
        heard
    }

    /// Says whether any word speaks of a hazard that is not over.
    pub(crate) fn in_words(&self, text: &Text, concepts: &Concepts) -> bool {
        !Self::is_over(text) && meanings(text, concepts).iter().any(|(_, concept)| self.hazards.contains(concept))
    }
}

/// Lists what the words mean, with their places.
fn meanings(text: &Text, concepts: &Concepts) -> Vec<(usize, Concept)> {
    let content = text.content();
    let next = |at: usize| content.get(at + 1).map(|&word| text.word(word));
    let all = content.iter().enumerate();
    all.filter_map(|(at, &word)| Some((word, concepts.of(text.word(word), next(at))?))).collect()
}

/// Finds one word for every concept within the span of the first one, none of them denied.
fn together(rule: &Rule, meant: &[(usize, Concept)], text: &Text) -> Option<Vec<usize>> {
    let (first, rest) = rule.concepts.split_first()?;
    let denied = |at: usize| at > 0 && text.word(at - 1) == "ne";
    meant.iter().filter(|(at, concept)| concept == first && !denied(*at)).find_map(|(anchor, _)| {
        let mut words = vec![*anchor];
        for concept in rest {
            let near = meant
                .iter()
                .find(|(at, other)| other == concept && !denied(*at) && text.distance(*at, *anchor) < SPAN)?;
            words.push(near.0);
        }
        Some(words)
    })
}

fn service(number: &str) -> Option<EmergencyService> {
    use EmergencyService::{Ambulance, Fire, Gas, Police, Rescue};
    [Fire, Police, Ambulance, Gas, Rescue].into_iter().find(|service| service.number() == number)
}
