//! Which rule of assignment holds for a category in a unit: the narrowest unit first, there a category before a kind of
//! agency before a section, and rules that except the case left out.

use std::collections::HashMap;

use super::{City, Rule};

/// Finds rules quickly; an index over [`super::Agencies::rules`].
#[derive(Debug, Clone, Default)]
pub struct RuleIndex {
    categories: HashMap<String, Asking>,
    units: HashMap<String, u32>,
    parents: Vec<Option<u32>>,
    rules: Vec<Entry>,
    at: HashMap<(u32, Subject), Vec<u32>>,
}

/// What rules may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    Category(u32),
    Kind(u32),
    Section(u32),
}

/// What a category asks rules for, the narrowest first.
#[derive(Debug, Clone)]
struct Asking {
    id: u32,
    subjects: [Subject; 3],
}

#[derive(Debug, Clone)]
struct Entry {
    /// Whether its agency exists.
    sound: bool,
    except_categories: Vec<u32>,
    except_units: Vec<u32>,
}

/// One rule on the way from a unit up to the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its place in [`super::Agencies::rules`].
    pub rule: usize,
    /// Whether it excepts this category or this unit.
    pub excepted: bool,
}

/// Gives every different text a number.
#[derive(Default)]
struct Numbers(HashMap<String, u32>);

impl Numbers {
    fn of(&mut self, text: &str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(text.to_owned()).or_insert(next)
    }
}

impl RuleIndex {
    /// Prepares a city's rules.
    #[must_use]
    pub fn new(city: &City) -> Self {
        let (mut categories, mut kinds, mut sections) = (Numbers::default(), Numbers::default(), Numbers::default());
        let mut index = Self::default();
        for category in &city.taxonomy.categories {
            let id = categories.of(&category.code);
            let kind = Subject::Kind(kinds.of(&category.responsible));
            let section = Subject::Section(sections.of(&category.section));
            let asking = Asking { id, subjects: [Subject::Category(id), kind, section] };
            index.categories.entry(category.code.clone()).or_insert(asking);
        }
        let mut units = Numbers::default();
        for unit in &city.territory.units {
            let _ = units.of(&unit.code);
        }
        index.units = units.0;
        index.parents = vec![None; index.units.len()];
        for unit in &city.territory.units {
            let parent = unit.parent.as_ref().and_then(|p| index.units.get(p)).copied();
            let own = index.units.get(&unit.code).and_then(|id| usize::try_from(*id).ok());
            if let Some(slot) = own.and_then(|own| index.parents.get_mut(own)) {
                *slot = parent;
            }
        }
        let agencies: HashMap<&str, ()> = city.agencies.agencies.iter().map(|a| (a.code.as_str(), ())).collect();
        for rule in &city.agencies.rules {
            let subject = match rule.subject() {
                Some(("category", code)) => index.categories.get(code).map(|asking| Subject::Category(asking.id)),
                Some(("responsible", kind)) => Some(Subject::Kind(kinds.of(kind))),
                Some(("section", section)) => Some(Subject::Section(sections.of(section))),
                _ => None,
            };
            index.add(rule, subject, agencies.contains_key(rule.agency.as_str()));
        }
        index
    }

    fn add(&mut self, rule: &Rule, subject: Option<Subject>, sound: bool) {
        let number = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
        let excepted = rule.except_categories.iter().filter_map(|code| self.categories.get(code));
        self.rules.push(Entry {
            sound,
            except_categories: excepted.map(|asking| asking.id).collect(),
            except_units: rule.except_units.iter().filter_map(|code| self.units.get(code).copied()).collect(),
        });
        if let (Some(subject), Some(unit)) = (subject, self.units.get(&rule.unit)) {
            self.at.entry((*unit, subject)).or_default().push(number);
        }
    }

    /// Says whether the city has such a category.
    #[must_use]
    pub fn knows_category(&self, code: &str) -> bool {
        self.categories.contains_key(code)
    }

    /// Says whether the city has such a unit.
    #[must_use]
    pub fn knows_unit(&self, code: &str) -> bool {
        self.units.contains_key(code)
    }

    /// Lists the rules that a case meets on its way up, the one that beats the others first.
    ///
    /// Empty where the category or the unit is unknown. A cycle of parents ends after 8 steps.
    #[must_use]
    pub fn candidates(&self, category: &str, unit: &str) -> Vec<Candidate> {
        let mut found = Vec::new();
        let (Some(asking), Some(unit)) = (self.categories.get(category), self.units.get(unit)) else { return found };
        let line = self.line(*unit);
        for place in &line {
            for subject in asking.subjects {
                for &rule in self.at.get(&(*place, subject)).into_iter().flatten() {
                    let Some((number, entry)) = self.entry(rule) else { continue };
                    if !entry.sound {
                        continue;
                    }
                    let excepted = entry.except_categories.contains(&asking.id)
                        || entry.except_units.iter().any(|except| line.contains(except));
                    found.push(Candidate { rule: number, excepted });
                }
            }
        }
        found
    }

    fn entry(&self, rule: u32) -> Option<(usize, &Entry)> {
        let number = usize::try_from(rule).ok()?;
        Some((number, self.rules.get(number)?))
    }

    /// Units from one up to the root.
    fn line(&self, unit: u32) -> Vec<u32> {
        let mut line = Vec::with_capacity(6);
        let mut next = Some(unit);
        while let Some(unit) = next
            && line.len() < 8
        {
            line.push(unit);
            next = usize::try_from(unit).ok().and_then(|at| self.parents.get(at).copied().flatten());
        }
        line
    }
}
