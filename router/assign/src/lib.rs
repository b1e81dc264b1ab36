//! Which agency answers for a category in a place, and why.
//!
//! A rule of a smaller unit beats one of a larger unit; within a unit, a category beats a kind of agency, and that beats a
//! section; a rule does not hold for what it excepts. Where no rule fits, the inspector's desk decides: every pair of
//! category and place has an answer.

use dauys_config::city::{City, Rule, RuleIndex};
use serde::Serialize;

/// Beaten rules that an explanation names.
const BEATEN: usize = 2;

/// Says who must act, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// Agency code.
    pub agency: String,
    /// The rule that decided; `None` where the case goes to the inspector for want of one.
    pub rule: Option<RuleRef>,
    /// Reasons, one sentence each.
    pub why: Vec<String>,
}

/// Names the rule that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleRef {
    /// Unit in which the rule holds.
    pub unit: String,
    /// What the rule is about.
    pub subject: Subject,
}

/// Says what a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// One category, by its code.
    Category(String),
    /// Every category that asks for this kind of agency.
    Responsible(String),
    /// Every category of a section.
    Section(String),
}

/// Assigns cases to the agencies of one city.
#[derive(Debug, Clone)]
pub struct Assigner {
    root: String,
    inspector: String,
    unclear: String,
    index: RuleIndex,
    rules: Vec<Rule>,
}

impl Assigner {
    /// Prepares a city's rules; of two rules for the same thing in the same unit, the first one holds.
    #[must_use]
    pub fn new(city: &City) -> Self {
        Self {
            root: city.settings.code.clone(),
            inspector: city.settings.inspector.agency.clone(),
            unclear: city.settings.inspector.unclear_category.clone(),
            index: RuleIndex::new(city),
            rules: city.agencies.rules.clone(),
        }
    }

    /// Finds the agency for a category in a unit; without a unit, or with one that is unknown, in the whole city.
    #[must_use]
    pub fn assign(&self, category: &str, unit: Option<&str>) -> Assignment {
        let mut why = Vec::new();
        if category == self.unclear {
            return self.to_inspector(why, "what is asked is not clear: the inspector decides".to_owned());
        }
        if !self.index.knows_category(category) {
            return self.to_inspector(why, format!("the category {category:?} is unknown: the inspector decides"));
        }
        let place = match unit {
            None => {
                why.push("no place was named: the rules of the whole city hold".to_owned());
                &self.root
            }
            Some(code) if !self.index.knows_unit(code) => {
                why.push(format!("the place {code:?} is unknown: the rules of the whole city hold"));
                &self.root
            }
            Some(code) => code,
        };
        let met = self.index.candidates(category, place);
        let mut holding = met.iter().filter(|c| !c.excepted).filter_map(|c| self.rules.get(c.rule));
        let Some((rule, subject)) = holding.next().and_then(|rule| Some((rule, subject_of(rule)?))) else {
            return self.to_inspector(why, format!("no rule covers {category} there: the inspector decides"));
        };
        why.push(sentence(rule, &subject, category));
        if rule.unit != place {
            why.push(format!("{place} has no narrower rule for it and inherits that of {}", rule.unit));
        }
        why.extend(rule.reason.clone());
        let passed = met.iter().take_while(|c| c.excepted).filter_map(|c| self.rules.get(c.rule));
        why.extend(passed.take(BEATEN).map(|rule| {
            format!("the rule of {} for {} excepts this case", rule.unit, rule.subject().map_or("", |(_, code)| code))
        }));
        let beaten = holding.filter(|other| other.agency != rule.agency).take(BEATEN);
        why.extend(
            beaten.map(|other| format!("it goes before the rule of {}, which names {}", other.unit, other.agency)),
        );
        let decided = RuleRef { unit: rule.unit.clone(), subject };
        Assignment { agency: rule.agency.clone(), rule: Some(decided), why }
    }

    fn to_inspector(&self, mut why: Vec<String>, reason: String) -> Assignment {
        why.push(reason);
        Assignment { agency: self.inspector.clone(), rule: None, why }
    }
}

fn subject_of(rule: &Rule) -> Option<Subject> {
    let (kind, code) = rule.subject()?;
    let code = code.to_owned();
    Some(match kind {
        "category" => Subject::Category(code),
        "section" => Subject::Section(code),
        _ => Subject::Responsible(code),
    })
}

/// Says what a rule settles.
fn sentence(rule: &Rule, subject: &Subject, category: &str) -> String {
    let (place, agency) = (&rule.unit, &rule.agency);
    match subject {
        Subject::Category(code) => format!("in {place}, {agency} answers for {code}"),
        Subject::Responsible(kind) => format!("in {place}, {agency} answers for {kind}, which {category} asks for"),
        Subject::Section(section) => {
            format!("in {place}, {agency} answers for the section {section}, to which {category} belongs")
        }
    }
}
