//! Looks through a loaded pack for what would fail a caller later: gaps, duplicates, dead rules, unknown references.

mod rules;
mod words;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{City, Landmark, Level, Names, Unit};

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
    let units = city.territory.units.iter().map(|unit| unit.code.as_str()).collect();
    let mut report = Report { city, units, findings: Vec::new() };
    report.settings();
    report.taxonomy();
    report.territory();
    report.landmarks();
    report.agencies();
    report.rules();
    report.coverage();
    report.phrases();
    report.lexicon();
    report.questions();
    report.findings
}

struct Report<'a> {
    city: &'a City,
    /// Codes of the units.
    units: HashSet<&'a str>,
    findings: Vec<Finding>,
}

impl Report<'_> {
    fn error(&mut self, file: &str, group: &str, code: &str, message: String) {
        self.add(Severity::Error, file, group, code, message);
    }

    fn add(&mut self, severity: Severity, file: &str, group: &str, code: &str, message: String) {
        let (file, line) = self.locate(file, code);
        self.findings.push(Finding { severity, file, line, key: format!("{group}.{code}"), message });
    }

    /// Finds the file and line that define or name a code; findings are rare, so that reading again is cheap enough.
    fn locate(&self, file: &str, code: &str) -> (String, Option<usize>) {
        let (quoted, key) = (format!("\"{code}\""), format!("{code} ="));
        let folder = file.trim_end_matches(".toml");
        let own = &self.city.source;
        let shared = self.city.settings.shared.then(|| own.shared());
        for (source, prefix) in [(Some(own), ""), (shared.as_ref(), "../common/")] {
            let Some(source) = source else { continue };
            for name in std::iter::once(file.to_owned()).chain(source.list(folder)) {
                let Ok(text) = source.read_text(&name) else { continue };
                if let Some(at) = text.lines().position(|l| l.contains(&quoted) || l.starts_with(&key)) {
                    return (format!("{prefix}{name}"), Some(at + 1));
                }
            }
        }
        (file.to_owned(), None)
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
        for section in &taxonomy.sections {
            for code in section.categories.iter().filter(|code| self.city.category(code).is_none()) {
                self.error(file, "section", code, format!("{:?} names a category that is not defined", section.code));
            }
        }
        for change in taxonomy.changes.iter().filter(|change| self.city.category(&change.category).is_none()) {
            self.error(file, "change", &change.category, "changes a category that is not here".to_owned());
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
        if city.unit(&city.settings.code).is_none_or(|root| root.parent.is_some()) {
            self.error(file, "unit", &city.settings.code, "the root of the territory is no unit".to_owned());
        }
        let index: HashMap<&str, &Unit> = units.iter().map(|unit| (unit.code.as_str(), unit)).collect();
        let mut owners: HashMap<(Level, String), &str> = HashMap::new();
        for unit in units {
            self.names(file, "unit", &unit.code, &unit.name);
            self.parent(unit, &index);
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

    fn parent(&mut self, unit: &Unit, index: &HashMap<&str, &Unit>) {
        let file = "territory.toml";
        let root = unit.code == self.city.settings.code;
        match &unit.parent {
            None if root => {}
            None => self.error(file, "unit", &unit.code, "has no parent".to_owned()),
            Some(code) => match index.get(code.as_str()) {
                None => self.error(file, "unit", &unit.code, format!("unknown parent {code:?}")),
                Some(parent) if parent.level >= unit.level => {
                    self.error(file, "unit", &unit.code, format!("the parent {code:?} is not a larger unit"));
                }
                Some(_) => {}
            },
        }
        if unit.level == Level::Sector && unit.head.is_none() {
            self.error(file, "unit", &unit.code, "a sector has no head".to_owned());
        }
        if unit.point.is_some_and(|p| !(-90.0..=90.0).contains(&p.lat) || !(-180.0..=180.0).contains(&p.lon)) {
            self.error(file, "unit", &unit.code, "the point is not on the map".to_owned());
        }
    }

    fn landmarks(&mut self) {
        let (city, file) = (self.city, "territory.toml");
        let landmarks: &[Landmark] = &city.territory.landmarks;
        self.duplicates(file, "landmark", landmarks.iter().map(|l| l.code.as_str()));
        let mut owners: HashMap<String, &str> = HashMap::new();
        for landmark in landmarks {
            self.names(file, "landmark", &landmark.code, &landmark.name);
            if !self.units.contains(landmark.unit.as_str()) {
                self.error(file, "landmark", &landmark.code, format!("unknown unit {:?}", landmark.unit));
            }
            let names = landmark.name.iter().map(|(_, n)| n).chain(&landmark.aliases);
            for name in names.map(|n| n.to_lowercase()).collect::<BTreeSet<String>>() {
                if let Some(other) = owners.insert(name.clone(), &landmark.code) {
                    self.error(file, "landmark", &landmark.code, format!("{name:?} already names {other:?}"));
                }
            }
        }
    }

    fn agencies(&mut self) {
        let (city, file) = (self.city, "agencies.toml");
        self.duplicates(file, "agency", city.agencies.agencies.iter().map(|a| a.code.as_str()));
        let used: HashSet<&str> = city.agencies.rules.iter().map(|rule| rule.agency.as_str()).collect();
        for agency in &city.agencies.agencies {
            self.names(file, "agency", &agency.code, &agency.name);
            self.names(file, "agency", &agency.code, &agency.head.post);
            if !self.units.contains(agency.unit.as_str()) {
                self.error(file, "agency", &agency.code, format!("unknown unit {:?}", agency.unit));
            }
            if !used.contains(agency.code.as_str()) && agency.code != city.settings.inspector.agency {
                self.add(Severity::Warning, file, "agency", &agency.code, "no rule leads to it".to_owned());
            }
        }
    }
}
