//! The city pack: what a city calls its problems, places and agencies, and who answers for what.
//!
//! A pack is a folder of TOML files (`city.toml`, `taxonomy.toml`, `territory.toml`, `agencies.toml`,
//! `lexicon.toml`, `phrases/{kk,ru,uz,en}.toml`, and, read by `crate::script`, `script.toml` with its `prompts/`). Packs under `config/cities` are embedded in the binary.

mod agencies;
mod check;
mod error;
mod language;
mod settings;
mod source;
mod taxonomy;
mod territory;
mod words;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use agencies::{Agencies, Agency, Contact, Head, Rule};
pub use check::{Finding, Severity};
pub use error::CityError;
pub use language::{ByLanguage, Names};
pub use settings::{Anonymous, Calendar, CitySettings, Desk, Holiday, Legal, Recording, Understanding, Weekday};
pub use source::PackSource;
pub use taxonomy::{Category, EmergencyService, Section, Taxonomy};
pub use territory::{Level, Point, Territory, Unit};
pub use words::{DangerRule, Lexicon, LexiconWords, PhraseBook};

/// Holds one city's pack: everything about a city that is data and not code.
#[derive(Debug, Clone)]
pub struct City {
    /// Where the pack came from; it also gives the call script and the prompts.
    pub source: PackSource,
    /// Name, languages, calendar, legal terms and gates (`city.toml`).
    pub settings: CitySettings,
    /// Kinds of problem and question (`taxonomy.toml`).
    pub taxonomy: Taxonomy,
    /// Districts, microdistricts and streets (`territory.toml`).
    pub territory: Territory,
    /// Agencies and the rules of who answers for what (`agencies.toml`).
    pub agencies: Agencies,
    /// Labelled phrases of callers, per language (`phrases/*.toml`).
    pub phrases: ByLanguage<PhraseBook>,
    /// Danger words, fillers and question markers (`lexicon.toml`).
    pub lexicon: Lexicon,
}

impl City {
    /// Loads a pack that is built into the binary, such as `shymkent`.
    ///
    /// # Errors
    /// An unknown name, or a pack file that cannot be read.
    pub fn embedded(name: &str) -> Result<Self, CityError> {
        Self::from_source(PackSource::embedded(name)?)
    }

    /// Loads a pack from a folder.
    ///
    /// # Errors
    /// A missing folder or file, and any TOML that does not fit, with its file and line.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, CityError> {
        Self::from_source(PackSource::folder(folder.as_ref())?)
    }

    /// Names the packs that are built into the binary.
    #[must_use]
    pub fn embedded_names() -> Vec<&'static str> {
        PackSource::embedded_names()
    }

    fn from_source(source: PackSource) -> Result<Self, CityError> {
        Ok(Self {
            settings: source.parse("city.toml")?,
            taxonomy: source.parse("taxonomy.toml")?,
            territory: source.parse("territory.toml")?,
            agencies: source.parse("agencies.toml")?,
            phrases: ByLanguage {
                kk: source.parse("phrases/kk.toml")?,
                ru: source.parse("phrases/ru.toml")?,
                uz: source.parse("phrases/uz.toml")?,
                en: source.parse("phrases/en.toml")?,
            },
            lexicon: source.parse("lexicon.toml")?,
            source,
        })
    }

    /// Looks for gaps, duplicates, dead rules and unknown references; an empty list means a sound pack.
    #[must_use]
    pub fn check(&self) -> Vec<Finding> {
        check::check(self)
    }

    /// Finds a category by its code.
    #[must_use]
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.taxonomy.categories.iter().find(|c| c.code == code)
    }

    /// Finds a unit of the territory by its code.
    #[must_use]
    pub fn unit(&self, code: &str) -> Option<&Unit> {
        self.territory.units.iter().find(|u| u.code == code)
    }

    /// Finds an agency by its code.
    #[must_use]
    pub fn agency(&self, code: &str) -> Option<&Agency> {
        self.agencies.agencies.iter().find(|a| a.code == code)
    }

    /// Lists a unit and then its parents up to the city: `[street, district, city]`.
    ///
    /// Empty for an unknown code; a pack with a cycle of parents ends after 8 steps.
    #[must_use]
    pub fn lineage(&self, unit: &str) -> Vec<&Unit> {
        let mut line = Vec::new();
        let mut next = self.unit(unit);
        while let Some(unit) = next {
            line.push(unit);
            if line.len() == 8 {
                break;
            }
            next = unit.parent.as_deref().and_then(|p| self.unit(p));
        }
        line
    }
}
