//! Which agency answers for a category in a place, and why.
//!
//! A rule of a smaller unit beats one of a larger unit; within a unit, a category beats a kind of agency. Where no
//! rule fits, the inspector's desk decides: every pair of category and place has an answer.

use std::collections::HashMap;

use dauys_config::city::City;
use serde::Serialize;

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
}

/// Assigns cases to the agencies of one city.
#[derive(Debug, Clone)]
pub struct Assigner {
    root: String,
    inspector: String,
    unclear: String,
    /// Kind of agency that each category asks for.
    responsible: HashMap<String, String>,
    /// Units from each unit up to the city.
    lineage: HashMap<String, Vec<String>>,
    /// Agency, and the reason where the rule gives one.
    rules: HashMap<(String, Subject), (String, Option<String>)>,
}

impl Assigner {
    /// Prepares a city's rules; of two rules for the same thing in the same unit, the first one holds.
    #[must_use]
    pub fn new(city: &City) -> Self {
        let mut rules = HashMap::new();
        for rule in &city.agencies.rules {
            let category = rule.category.clone().map(Subject::Category);
            let subject = category.or_else(|| rule.responsible.clone().map(Subject::Responsible));
            if let Some(subject) = subject
                && city.agency(&rule.agency).is_some()
            {
                let answer = (rule.agency.clone(), rule.reason.clone());
                rules.entry((rule.unit.clone(), subject)).or_insert(answer);
            }
        }
        let categories = city.taxonomy.categories.iter();
        let units = city.territory.units.iter();
        let line = |code: &str| city.lineage(code).into_iter().map(|unit| unit.code.clone()).collect();
        Self {
            root: city.settings.code.clone(),
            inspector: city.settings.inspector.agency.clone(),
            unclear: city.settings.inspector.unclear_category.clone(),
            responsible: categories.map(|c| (c.code.clone(), c.responsible.clone())).collect(),
            lineage: units.map(|unit| (unit.code.clone(), line(&unit.code))).collect(),
            rules,
        }
    }

    /// Finds the agency for a category in a unit; without a unit, or with one that is unknown, in the whole city.
    #[must_use]
    pub fn assign(&self, category: &str, unit: Option<&str>) -> Assignment {
        let mut why = Vec::new();
        if category == self.unclear {
            return self.to_inspector(why, "what is asked is not clear: the inspector decides".to_owned());
        }
        let Some(kind) = self.responsible.get(category) else {
            return self.to_inspector(why, format!("the category {category:?} is unknown: the inspector decides"));
        };
        let known = unit.and_then(|code| self.lineage.get(code));
        match (unit, known) {
            (None, _) => why.push("no place was named: the rules of the whole city hold".to_owned()),
            (Some(code), None) => why.push(format!("the place {code:?} is unknown: the rules of the whole city hold")),
            (Some(_), Some(_)) => {}
        }
        let city = std::slice::from_ref(&self.root);
        let subjects = [Subject::Category(category.to_owned()), Subject::Responsible(kind.clone())];
        for place in known.map_or(city, Vec::as_slice) {
            for subject in &subjects {
                let Some((agency, reason)) = self.rules.get(&(place.clone(), subject.clone())) else { continue };
                why.push(match subject {
                    Subject::Category(code) => format!("in {place}, {agency} answers for {code}"),
                    Subject::Responsible(kind) => {
                        format!("in {place}, {agency} answers for {kind}, which {category} asks for")
                    }
                });
                why.extend(reason.clone());
                let rule = Some(RuleRef { unit: place.clone(), subject: subject.clone() });
                return Assignment { agency: agency.clone(), rule, why };
            }
        }
        self.to_inspector(why, format!("no rule covers {category} there: the inspector decides"))
    }

    fn to_inspector(&self, mut why: Vec<String>, reason: String) -> Assignment {
        why.push(reason);
        Assignment { agency: self.inspector.clone(), rule: None, why }
    }
}
