//! Looks through a loaded pack for what would fail a caller later: gaps, duplicates, dead rules, unknown references.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use dauys_events::Language;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{City, Level, Names, Rule};

/// Phrases that a language other than English needs per category, so that it can be recognised.
const ENOUGH_PHRASES: usize = 12;

/// Says how bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The pack works, but a part of it is without use or thin.
    Warning,
    /// The pack must not be used.
    Error,
}

/// Describes one defect of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// File inside the pack.
    pub file: String,
    /// Line, counted from 1, where it could be found.
    pub line: Option<usize>,
    /// The entry, such as `category.rubbish`.
    pub key: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}: {}", self.key, self.message)
    }
}

pub(super) fn check(city: &City) -> Vec<Finding> {
    let mut report = Report { city, findings: Vec::new() };
    report.settings();
    report.taxonomy();
    report.territory();
    report.agencies();
    report.rules();
    report.coverage();
    report.phrases();
    report.lexicon();
    report.findings
}

struct Report<'a> {
    city: &'a City,
    findings: Vec<Finding>,
}

impl Report<'_> {
    fn error(&mut self, file: &str, group: &str, code: &str, message: String) {
        self.add(Severity::Error, file, group, code, message);
    }

    fn add(&mut self, severity: Severity, file: &str, group: &str, code: &str, message: String) {
        let line = self.line_of(file, code);
        self.findings.push(Finding { severity, file: file.to_owned(), line, key: format!("{group}.{code}"), message });
    }

    /// Finds the line that defines or names a code; findings are rare, so that reading again is cheap enough.
    fn line_of(&self, file: &str, code: &str) -> Option<usize> {
        let text = self.city.source.read_text(file).ok()?;
        let (quoted, key) = (format!("\"{code}\""), format!("{code} ="));
        text.lines().position(|l| l.contains(&quoted) || l.starts_with(&key)).map(|at| at + 1)
    }

    fn duplicates<'c>(&mut self, file: &str, group: &str, codes: impl Iterator<Item = &'c str>) {
        let mut seen = HashSet::new();
        for code in codes {
            if !seen.insert(code) {
                self.error(file, group, code, "the code is used twice".to_owned());
            }
        }
    }

    fn names(&mut self, file: &str, group: &str, code: &str, names: &Names) {
        for (language, name) in names.iter() {
            if name.trim().is_empty() {
                self.error(file, group, code, format!("has no name in {language}"));
            }
        }
    }

    fn settings(&mut self) {
        let (city, file) = (self.city, "city.toml");
        let settings = &city.settings;
        self.names(file, "city", "name", &settings.name);
        if settings.languages.is_empty() {
            self.error(file, "city", "languages", "no language is offered".to_owned());
        }
        if TimeZone::get(&settings.time_zone).is_err() {
            self.error(file, "city", "time_zone", format!("{:?} is no known time zone", settings.time_zone));
        }
        if settings.calendar.working_week.is_empty() || settings.calendar.opens >= settings.calendar.closes {
            self.error(file, "calendar", "working_week", "there is no working time".to_owned());
        }
        if !(0.0..=1.0).contains(&settings.understanding.confidence_gate) {
            self.error(file, "understanding", "confidence_gate", "must lie between 0 and 1".to_owned());
        }
        if city.agency(&settings.inspector.agency).is_none() {
            self.error(file, "inspector", "agency", format!("unknown agency {:?}", settings.inspector.agency));
        }
        let unclear = &settings.inspector.unclear_category;
        if city.category(unclear).is_none() {
            self.error(file, "inspector", "unclear_category", format!("unknown category {unclear:?}"));
        }
    }

    fn taxonomy(&mut self) {
        let (city, file) = (self.city, "taxonomy.toml");
        let taxonomy = &city.taxonomy;
        self.duplicates(file, "section", taxonomy.sections.iter().map(|s| s.code.as_str()));
        self.duplicates(file, "category", taxonomy.categories.iter().map(|c| c.code.as_str()));
        for section in &taxonomy.sections {
            self.names(file, "section", &section.code, &section.name);
            if !taxonomy.categories.iter().any(|c| c.section == section.code) {
                self.add(Severity::Warning, file, "section", &section.code, "holds no category".to_owned());
            }
        }
        for category in &taxonomy.categories {
            self.names(file, "category", &category.code, &category.name);
            if !taxonomy.sections.iter().any(|s| s.code == category.section) {
                self.error(file, "category", &category.code, format!("unknown section {:?}", category.section));
            }
            if category.target_hours == 0 {
                self.error(file, "category", &category.code, "target_hours must be above 0".to_owned());
            }
        }
    }

    fn territory(&mut self) {
        let (city, file) = (self.city, "territory.toml");
        let units = &city.territory.units;
        self.duplicates(file, "unit", units.iter().map(|u| u.code.as_str()));
        if city.unit(&city.settings.code).is_none_or(|root| root.level != Level::City) {
            self.error(file, "unit", &city.settings.code, "the city itself is not a unit of level city".to_owned());
        }
        let mut owners: HashMap<(Level, String), &str> = HashMap::new();
        for unit in units {
            self.names(file, "unit", &unit.code, &unit.name);
            self.parent(unit);
            let own: BTreeSet<String> =
                unit.name.iter().map(|(_, n)| n).chain(&unit.aliases).map(|n| n.to_lowercase()).collect();
            for alias in own {
                if let Some(other) = owners.insert((unit.level, alias.clone()), &unit.code) {
                    self.error(file, "unit", &unit.code, format!("{alias:?} already names {other:?}"));
                }
            }
            for (at, alias) in unit.aliases.iter().enumerate() {
                if unit.aliases.iter().take(at).any(|earlier| earlier == alias) {
                    self.error(file, "unit", &unit.code, format!("the alias {alias:?} stands twice"));
                }
            }
        }
    }

    fn parent(&mut self, unit: &super::Unit) {
        let file = "territory.toml";
        match (&unit.parent, unit.level) {
            (None, Level::City) => {}
            (Some(_), Level::City) => self.error(file, "unit", &unit.code, "a city has no parent".to_owned()),
            (None, _) => self.error(file, "unit", &unit.code, "has no parent".to_owned()),
            (Some(code), level) => match self.city.unit(code) {
                None => self.error(file, "unit", &unit.code, format!("unknown parent {code:?}")),
                Some(parent) if parent.level >= level => {
                    self.error(file, "unit", &unit.code, format!("the parent {code:?} is not a larger unit"));
                }
                Some(_) => {}
            },
        }
    }

    fn agencies(&mut self) {
        let (city, file) = (self.city, "agencies.toml");
        self.duplicates(file, "agency", city.agencies.agencies.iter().map(|a| a.code.as_str()));
        for agency in &city.agencies.agencies {
            self.names(file, "agency", &agency.code, &agency.name);
            self.names(file, "agency", &agency.code, &agency.head.post);
            if city.unit(&agency.unit).is_none() {
                self.error(file, "agency", &agency.code, format!("unknown unit {:?}", agency.unit));
            }
            let used = city.agencies.rules.iter().any(|rule| rule.agency == agency.code);
            if !used && agency.code != city.settings.inspector.agency {
                self.add(Severity::Warning, file, "agency", &agency.code, "no rule leads to it".to_owned());
            }
        }
    }

    fn rules(&mut self) {
        let (city, file) = (self.city, "agencies.toml");
        let mut seen: Vec<&Rule> = Vec::new();
        for rule in &city.agencies.rules {
            let what = rule.category.as_deref().or(rule.responsible.as_deref()).unwrap_or("nothing");
            if rule.category.is_some() == rule.responsible.is_some() {
                self.error(file, "rule", what, "name either a category or a kind of agency".to_owned());
            }
            if city.unit(&rule.unit).is_none() {
                self.error(file, "rule", what, format!("unknown unit {:?}", rule.unit));
            }
            if city.agency(&rule.agency).is_none() {
                self.error(file, "rule", what, format!("unknown agency {:?}", rule.agency));
            }
            if rule.category.as_deref().is_some_and(|code| city.category(code).is_none()) {
                self.error(file, "rule", what, format!("unknown category {what:?}"));
            }
            let asked = |kind: &str| city.taxonomy.categories.iter().any(|c| c.responsible == kind);
            if rule.responsible.as_deref().is_some_and(|kind| !asked(kind)) {
                self.add(Severity::Warning, file, "rule", what, "dead: no category asks for this kind".to_owned());
            }
            let same =
                |r: &&&Rule| (&r.category, &r.responsible, &r.unit) == (&rule.category, &rule.responsible, &rule.unit);
            if seen.iter().find(same).is_some() {
                self.error(file, "rule", what, format!("dead: an earlier rule already settles it in {:?}", rule.unit));
            }
            seen.push(rule);
        }
    }

    /// Every category must have an agency in every unit.
    fn coverage(&mut self) {
        let city = self.city;
        for unit in &city.territory.units {
            let line: Vec<&str> = city.lineage(&unit.code).iter().map(|u| u.code.as_str()).collect();
            let mut served = false;
            for category in &city.taxonomy.categories {
                let fits = |rule: &Rule| {
                    line.contains(&rule.unit.as_str())
                        && (rule.category.as_deref() == Some(category.code.as_str())
                            || rule.responsible.as_deref() == Some(category.responsible.as_str()))
                };
                if city.agencies.rules.iter().any(fits) {
                    served = true;
                } else if unit.level == Level::City {
                    let message = format!("no agency answers for it in {:?}", unit.code);
                    self.error("taxonomy.toml", "category", &category.code, message);
                }
            }
            if !served {
                self.error("territory.toml", "unit", &unit.code, "no agency works there".to_owned());
            }
        }
    }

    fn phrases(&mut self) {
        let city = self.city;
        for (language, book) in city.phrases.iter() {
            let file = format!("phrases/{language}.toml");
            let mut seen: HashMap<&str, &str> = HashMap::new();
            for (code, phrases) in &book.by_category {
                if city.category(code).is_none() {
                    self.error(&file, "phrases", code, "unknown category".to_owned());
                }
                for phrase in phrases {
                    if let Some(other) = seen.insert(phrase.trim_end_matches('?'), code) {
                        self.error(&file, "phrases", code, format!("{phrase:?} already stands under {other:?}"));
                    }
                }
            }
            for category in &city.taxonomy.categories {
                let count = book.by_category.get(&category.code).map_or(0, Vec::len);
                let enough = if language == Language::En { 1 } else { ENOUGH_PHRASES };
                if count < enough && category.code != city.settings.inspector.unclear_category {
                    let message = format!("{count} phrases, {enough} are needed to recognise it");
                    self.add(Severity::Warning, &file, "phrases", &category.code, message);
                }
            }
        }
    }

    fn lexicon(&mut self) {
        let (city, file) = (self.city, "lexicon.toml");
        self.duplicates(file, "danger", city.lexicon.dangers.iter().map(|d| d.code.as_str()));
        for danger in &city.lexicon.dangers {
            if danger.category.as_deref().is_some_and(|code| city.category(code).is_none()) {
                self.error(file, "danger", &danger.code, format!("unknown category {:?}", danger.category));
            }
            if danger.patterns.iter().all(|(_, patterns)| patterns.is_empty()) {
                self.error(file, "danger", &danger.code, "has no pattern".to_owned());
            }
        }
    }
}
