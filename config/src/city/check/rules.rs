//! Looks through the rules of assignment: gaps, overlaps, rules that decide nothing.

use std::collections::{BTreeSet, HashSet};

use super::{Report, Severity};
use crate::city::{Rule, RuleIndex};

const FILE: &str = "agencies.toml";

impl Report<'_> {
    /// What a rule names must exist.
    pub(super) fn rules(&mut self) {
        let city = self.city;
        for rule in &city.agencies.rules {
            let what = name_of(rule);
            let Some((kind, code)) = rule.subject() else {
                self.error(FILE, "rule", what, "name one of a category, a kind of agency and a section".to_owned());
                continue;
            };
            let known = match kind {
                "category" => city.category(code).is_some(),
                "section" => city.taxonomy.sections.iter().any(|s| s.code == code),
                _ => true,
            };
            if !known {
                self.error(FILE, "rule", what, format!("unknown {kind} {what:?}"));
            }
            if city.agency(&rule.agency).is_none() {
                self.error(FILE, "rule", what, format!("unknown agency {:?}", rule.agency));
            }
            for unit in rule.except_units.iter().chain([&rule.unit]) {
                if !self.units.contains(unit.as_str()) {
                    self.error(FILE, "rule", what, format!("unknown unit {unit:?}"));
                }
            }
            for category in rule.except_categories.iter().filter(|code| city.category(code).is_none()) {
                self.error(FILE, "rule", what, format!("unknown category {category:?}"));
            }
            let asked = city.taxonomy.categories.iter().any(|c| c.responsible == code);
            if kind == "responsible" && !asked {
                self.add(Severity::Warning, FILE, "rule", what, "dead: no category asks for this kind".to_owned());
            }
        }
    }

    /// Every category must have one agency in every unit, and every rule something to decide.
    pub(super) fn coverage(&mut self) {
        let city = self.city;
        let index = RuleIndex::new(city);
        let mut used: HashSet<usize> = HashSet::new();
        let mut needed: HashSet<usize> = HashSet::new();
        let mut overlaps: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut gaps: HashSet<(&str, &str)> = HashSet::new();
        for category in &city.taxonomy.categories {
            for unit in &city.territory.units {
                let met = index.candidates(&category.code, &unit.code);
                let mut holding = met.iter().filter(|c| !c.excepted).map(|c| c.rule);
                let Some(first) = holding.next() else {
                    gaps.insert((&category.code, &unit.code));
                    continue;
                };
                used.insert(first);
                let Some(winner) = city.agencies.rules.get(first) else { continue };
                let next = holding.next().and_then(|second| Some((second, city.agencies.rules.get(second)?)));
                if next.is_none_or(|(_, rule)| rule.agency != winner.agency) {
                    needed.insert(first);
                }
                if let Some((second, rule)) = next
                    && rule.unit == winner.unit
                    && rule.subject() == winner.subject()
                {
                    overlaps.insert((first, second));
                }
            }
        }
        self.gaps(&gaps);
        for (first, second) in &overlaps {
            self.overlap(*first, *second);
        }
        let twice: HashSet<usize> = overlaps.iter().flat_map(|(first, second)| [*first, *second]).collect();
        for (at, rule) in city.agencies.rules.iter().enumerate() {
            let asked = rule.subject().is_some_and(|(kind, code)| {
                kind != "responsible" || city.taxonomy.categories.iter().any(|c| c.responsible == code)
            });
            if twice.contains(&at) || !asked || city.agency(&rule.agency).is_none() {
                continue;
            }
            let (what, unit) = (name_of(rule), &rule.unit);
            if !used.contains(&at) {
                let message = format!("dead: narrower rules and exceptions leave it nothing in {unit:?}");
                self.add(Severity::Warning, FILE, "rule", what, message);
            } else if !needed.contains(&at) {
                let message = format!("dead: without it {:?} would answer in {unit:?} as well", rule.agency);
                self.add(Severity::Warning, FILE, "rule", what, message);
            }
        }
    }

    /// Tells each gap once, at the largest unit that it covers.
    fn gaps(&mut self, gaps: &HashSet<(&str, &str)>) {
        let city = self.city;
        for category in &city.taxonomy.categories {
            for unit in &city.territory.units {
                let above =
                    unit.parent.as_deref().is_some_and(|parent| gaps.contains(&(category.code.as_str(), parent)));
                if gaps.contains(&(category.code.as_str(), unit.code.as_str())) && !above {
                    let message = format!("no agency answers for it in {:?}", unit.code);
                    self.error("taxonomy.toml", "category", &category.code, message);
                }
            }
        }
    }

    fn overlap(&mut self, first: usize, second: usize) {
        let rules = &self.city.agencies.rules;
        let (Some(winner), Some(loser)) = (rules.get(first), rules.get(second)) else { return };
        let (what, unit) = (name_of(loser), &loser.unit);
        let message = if winner.agency == loser.agency {
            format!("dead: an earlier rule already settles it in {unit:?}")
        } else {
            format!("overlap: {:?} already settles it in {unit:?}, {:?} is never asked", winner.agency, loser.agency)
        };
        self.error(FILE, "rule", what, message);
    }
}

fn name_of(rule: &Rule) -> &str {
    rule.subject().map_or("nothing", |(_, code)| code)
}
