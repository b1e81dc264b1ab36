//! Dangers by meaning, beside the danger words of a pack: "wire" and "fell" close together, in whatever language, unless
//! it is over, denied, long ago, or only thought of. The rules are `data/dangers.txt`, their signs `data/signs.txt`.

use dauys_config::city::EmergencyService;
use dauys_events::Danger;

use crate::danger::Heard;
use crate::signs::{Set, Sign, Signs};
use crate::text::Text;

const TABLE: &str = include_str!("../data/dangers.txt");
/// Words within which all signs of a danger must show, where the table says nothing else.
const SPAN: usize = 7;
/// Words within which what was mended is the matter of the danger.
const MENDED_SPAN: usize = 6;
/// Words that deny the next one, and words that deny the one before, folded.
const DENY_NEXT: &[&str] = &["ne", "ni", "bez", "nikakogo", "nikakih"];
const DENY_LAST: &[&str] = &["jok", "yok", "emes", "emas", "net", "netu"];
/// What may stand between a word and the one that denies it.
const TOO: &[&str] = &["da", "de", "ta", "te", "ham"];
/// Signs that hold what is missing: "not fenced" is no denial of a fence.
const MISSING: &[&str] =
    &["gone", "nobrake", "off", "open", "unfenced", "unseen", "motionless", "notbreathing", "nearly", "not"];
/// Signs that a word after them denies: "there are no sparks".
const DENIABLE: &[&str] = &[
    "spark",
    "smoke",
    "smelled",
    "fire",
    "flame",
    "bang",
    "blood",
    "gas",
    "injury",
    "ordnance",
    "chemical",
    "knife",
    "headache",
    "callfor",
    "ambulance",
    "leaking",
];

/// Signs of which one at least shows wherever a dangerous category is a danger now.
const HARM: &[&str] = &[
    "open",
    "gone",
    "torn",
    "about",
    "nearly",
    "fellin",
    "unfenced",
    "injury",
    "blood",
    "spark",
    "shock",
    "outbreak",
    "flame",
    "bang",
    "drown",
    "enter",
    "knee",
    "overflow",
    "hit",
    "wreck",
    "quake",
    "stuck",
    "trappedin",
    "knife",
    "kill",
];

/// Says how what was said stands to the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is so now.
    Now,
    /// What happens was long ago or is only thought of; what lasts may last.
    NoEvent,
    /// It is over, or a manner of speaking.
    Over,
}

/// Knows what is dangerous.
#[derive(Debug)]
pub(crate) struct Hazards {
    signs: Signs,
    rules: Vec<Rule>,
    missing: Set,
    deniable: Set,
    /// Signs that what was said is over, not meant, or long ago.
    over: Set,
    past: Set,
    what_if: Set,
    asked_where: Set,
    solved: Set,
    again: Set,
    cover: Set,
    thanks: Set,
    /// Signs of which one at least shows wherever a dangerous category is a danger now.
    harm: Set,
}

#[derive(Debug)]
struct Rule {
    code: &'static str,
    level: Danger,
    service: Option<EmergencyService>,
    category: Option<&'static str>,
    /// Whether it lasts until it is mended.
    lasts: bool,
    signs: Vec<Sign>,
    all: Set,
    never: Set,
    span: usize,
}

/// What a text shows, word by word.
pub(crate) struct Shown {
    words: Vec<Set>,
    all: Set,
    standing: Standing,
    /// Words that say that something was mended.
    mended: Vec<usize>,
}

impl Shown {
    /// Says whether what was said is so now.
    pub(crate) fn stands(&self) -> bool {
        self.standing == Standing::Now
    }
}

impl Hazards {
    pub(crate) fn new() -> Self {
        let signs = Signs::new();
        let rules = TABLE.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(':'));
        let rules = rules.flat_map(|(head, list)| list.split_whitespace().map(move |one| (head, one)));
        let rules = rules.filter_map(|(head, alternative)| Rule::read(&signs, head, alternative)).collect();
        let set = |names: &[&str]| {
            let mut set = Set::default();
            names.iter().filter_map(|name| signs.named(name)).for_each(|sign| set.add(sign));
            set
        };
        Self {
            rules,
            missing: set(MISSING),
            deniable: set(DENIABLE),
            over: set(&["nomore", "training", "figure"]),
            past: set(&["past"]),
            what_if: set(&["what_if"]),
            asked_where: set(&["where"]),
            solved: set(&["solved"]),
            again: set(&["again"]),
            cover: set(&["cover"]),
            thanks: set(&["thanks"]),
            harm: set(HARM),
            signs,
        }
    }

    /// Lists the codes of the dangers in the order of the table.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        let mut codes: Vec<&'static str> = self.rules.iter().map(|rule| rule.code).collect();
        codes.dedup();
        codes
    }

    /// Tells a danger by its place among [`Hazards::codes`], with the words that speak for it.
    pub(crate) fn told(&self, place: usize, words: Vec<usize>) -> Option<Heard<'static>> {
        let code = *self.codes().get(place)?;
        let rule = self.rules.iter().find(|rule| rule.code == code)?;
        Some(Heard { code, level: rule.level, service: rule.service, category: None, words })
    }

    /// Reads what the words show, and how it stands.
    pub(crate) fn read(&self, text: &Text) -> Shown {
        let words = self.signs.of(text);
        let mut all = Set::default();
        words.iter().for_each(|set| all.join(set));
        let mended = self.mended(text, &words, &all);
        let standing = if all.meets(&self.over) || (!mended.is_empty() && all.meets(&self.thanks)) {
            Standing::Over
        } else if all.meets(&self.past) || (all.meets(&self.what_if) && all.meets(&self.asked_where)) {
            Standing::NoEvent
        } else {
            Standing::Now
        };
        Shown { words, all, standing, mended }
    }

    /// Lists the words that say that something was mended; a cover that was taken away mends nothing.
    fn mended(&self, text: &Text, words: &[Set], all: &Set) -> Vec<usize> {
        if all.meets(&self.again) {
            return Vec::new();
        }
        let taken = |at: usize| {
            let near = words.get(at.saturating_sub(2)..words.len().min(at + 3)).unwrap_or_default();
            let away = text.word(at).starts_with("ubral");
            away && !all.meets(&self.thanks) && near.iter().any(|set| set.meets(&self.cover))
        };
        let solved = words.iter().enumerate().filter(|(_, set)| set.meets(&self.solved)).map(|(at, _)| at);
        solved.filter(|&at| !denied_before(text, at) && !taken(at)).collect()
    }

    /// Lists the dangers that the words mean, one entry a code, in the order of the table.
    pub(crate) fn hear(&self, text: &Text, shown: &Shown) -> Vec<Heard<'static>> {
        let mut heard: Vec<Heard<'static>> = Vec::new();
        if shown.standing == Standing::Over {
            return heard;
        }
        for rule in &self.rules {
            let apt = shown.all.holds(&rule.all) && !shown.all.meets(&rule.never);
            let stands = rule.lasts || shown.standing == Standing::Now;
            if !apt || !stands || heard.iter().any(|h| h.code == rule.code) {
                continue;
            }
            if let Some(words) = self.together(rule, text, shown) {
                let Rule { code, level, service, category, .. } = *rule;
                heard.push(Heard { code, level, service, category, words });
            }
        }
        heard.sort_by_key(|h| std::cmp::Reverse(h.level));
        heard
    }

    /// Says whether a danger that a pack's words mean is so now.
    pub(crate) fn stands(&self, text: &Text, shown: &Shown, words: &[usize]) -> bool {
        let denied = |at: usize| {
            let set = shown.words.get(at).copied().unwrap_or_default();
            set.meets(&self.deniable) && !set.meets(&self.missing) && denied_after(text, at, words)
        };
        shown.standing == Standing::Now && !is_mended(shown, words) && !words.iter().any(|&at| denied(at))
    }

    /// Says whether any word speaks of harm, and of harm now.
    pub(crate) fn in_words(&self, shown: &Shown) -> bool {
        shown.standing == Standing::Now
            && shown.mended.is_empty()
            && !shown.all.meets(&self.thanks)
            && shown.all.meets(&self.harm)
    }

    /// Finds one word for every sign within the span of the first one, none of them denied or mended.
    fn together(&self, rule: &Rule, text: &Text, shown: &Shown) -> Option<Vec<usize>> {
        let (first, rest) = rule.signs.split_first()?;
        let shows = |at: usize, sign: Sign| shown.words.get(at).is_some_and(|set| set.has(sign));
        (0..shown.words.len()).filter(|&at| shows(at, *first)).find_map(|anchor| {
            let mut words = vec![anchor];
            for sign in rest {
                let (from, to) = (anchor.saturating_sub(rule.span), anchor + rule.span);
                let near = (from..=to).filter(|at| shows(*at, *sign) && !words.contains(at));
                words.push(near.min_by_key(|at| at.abs_diff(anchor))?);
            }
            let denied = words.iter().zip(&rule.signs).any(|(&at, sign)| {
                let mut one = Set::default();
                one.add(*sign);
                let after = || self.deniable.meets(&one) && denied_after(text, at, &words);
                !self.missing.meets(&one) && (denied_before(text, at) || after())
            });
            (!denied && !is_mended(shown, &words)).then_some(words)
        })
    }
}

impl Rule {
    fn read(signs: &Signs, head: &'static str, alternative: &str) -> Option<Self> {
        let mut head = head.split_whitespace();
        let (code, level) = (head.next()?, head.next()?);
        let service = service(head.next()?);
        let category = head.next().filter(|category| *category != "-");
        let lasts = head.next() == Some("state");
        let (said, span) = match alternative.split_once('@') {
            Some((said, rest)) => {
                let digits = rest.find('!').map_or(rest, |end| rest.get(..end).unwrap_or_default());
                (said, digits.parse().unwrap_or(SPAN))
            }
            None => (alternative, SPAN),
        };
        let own: Option<Vec<Sign>> = said.split('!').next()?.split('+').map(|name| signs.named(name)).collect();
        let own = own?;
        let (mut all, mut never) = (Set::default(), Set::default());
        own.iter().for_each(|sign| all.add(*sign));
        let but = alternative.split('!').skip(1).filter_map(|name| name.split('@').next());
        but.filter_map(|name| signs.named(name)).for_each(|sign| never.add(sign));
        let level = if level == "emergency" { Danger::Emergency } else { Danger::Urgent };
        Some(Self { code, level, service, category, lasts, signs: own, all, never, span })
    }
}

fn denied_before(text: &Text, at: usize) -> bool {
    at > 0 && DENY_NEXT.contains(&text.word(at - 1))
}

/// Says whether the word after one denies it; a word that is itself part of the danger denies nothing.
fn denied_after(text: &Text, at: usize, words: &[usize]) -> bool {
    let denies = |next: usize| DENY_LAST.contains(&text.word(next)) && !words.contains(&next);
    denies(at + 1) || (TOO.contains(&text.word(at + 1)) && denies(at + 2))
}

fn is_mended(shown: &Shown, words: &[usize]) -> bool {
    let near = |at: &usize| shown.mended.iter().any(|mended| at.abs_diff(*mended) <= MENDED_SPAN);
    words.iter().any(near)
}

fn service(number: &str) -> Option<EmergencyService> {
    use EmergencyService::{Ambulance, Fire, Gas, Police, Rescue};
    [Fire, Police, Ambulance, Gas, Rescue].into_iter().find(|service| service.number() == number)
}
