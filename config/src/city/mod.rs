//! The city pack: what a city calls its problems, places and agencies, and who answers for what.
//!
//! A pack is a folder of TOML files: `city.toml`, `taxonomy.toml`, `territory.toml` and `agencies.toml`
//! (and more of each in `territory/` and `agencies/`), `lexicon.toml`, `questions.toml`, `phrases/LANGUAGE.toml` or `phrases/LANGUAGE/*.toml`, and, read by
//! `crate::script`, `script.toml` with its `prompts/`. What cities share lies in the folder `common` beside the packs.
//! Packs under `config/cities` are embedded in the binary.

mod agencies;
mod check;
mod error;
mod language;
mod pattern;
mod questions;
mod rules;
mod settings;
mod source;
mod taxonomy;
mod territory;
mod words;

#[cfg(test)]
mod tests;

use std::path::Path;

use dauys_events::Language;

pub use agencies::{Agencies, Agency, Contact, Head, Rule};
pub use check::{Finding, Severity};
pub use error::CityError;
pub use language::{ByLanguage, Names};
pub use questions::{Asked, Question, Questions};
pub use rules::{Candidate, RuleIndex};
pub use settings::{
    Anonymous, Calendar, CitySettings, DayCount, Desk, Holiday, Legal, Recording, Understanding, Weekday,
};
pub use source::PackSource;
pub use taxonomy::{Category, Change, EmergencyService, Section, Taxonomy};
pub use territory::{Landmark, Level, Point, Territory, Unit};
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
    /// Labelled phrases of callers, per language (`phrases/`).
    pub phrases: ByLanguage<PhraseBook>,
    /// Danger words, fillers and question markers (`lexicon.toml`).
    pub lexicon: Lexicon,
    /// Reference questions with their answers (`questions.toml`).
    pub questions: Vec<Question>,
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
        let settings: CitySettings = source.parse("city.toml")?;
        let shared = settings.shared.then(|| source.shared());
        let mut taxonomy: Taxonomy = source.parse("taxonomy.toml")?;
        let categories = match &shared {
            Some(shared) => shared.parse::<Taxonomy>("taxonomy.toml")?.categories,
            None => Vec::new(),
        };
        taxonomy.lay_over(categories);
        let mut territory: Territory = source.parse("territory.toml")?;
        for file in source.list("territory") {
            let more: Territory = source.parse(&file)?;
            territory.units.extend(more.units);
            territory.landmarks.extend(more.landmarks);
        }
        territory.remember_former_names();
        let mut agencies: Agencies = source.parse("agencies.toml")?;
        for file in source.list("agencies") {
            let more: Agencies = source.parse(&file)?;
            agencies.agencies.extend(more.agencies);
            agencies.rules.extend(more.rules);
        }
        agencies.imply_rules();
        let mut questions = source.parse_optional::<Questions>("questions.toml")?.questions;
        questions.iter_mut().for_each(|question| question.ask.spell_out());
        let book = |language| phrases(&source, shared.as_ref(), &taxonomy, language);
        Ok(Self {
            phrases: ByLanguage {
                kk: book(Language::Kk)?,
                ru: book(Language::Ru)?,
                uz: book(Language::Uz)?,
                en: book(Language::En)?,
            },
            lexicon: lexicon(&source, shared.as_ref(), &taxonomy)?,
            settings,
            taxonomy,
            territory,
            agencies,
            questions,
            source,
        })
    }

    /// Gives the rough place of a unit: its own, or that of the nearest unit above it that has one.
    #[must_use]
    pub fn point_of(&self, unit: &str) -> Option<Point> {
        self.lineage(unit).into_iter().find_map(|unit| unit.point)
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

    /// Finds a landmark by its code.
    #[must_use]
    pub fn landmark(&self, code: &str) -> Option<&Landmark> {
        self.territory.landmarks.iter().find(|l| l.code == code)
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

/// Files that hold a language's phrases in one folder of packs.
fn phrase_files(source: &PackSource, language: Language) -> Vec<String> {
    let mut files = vec![format!("phrases/{language}.toml")];
    files.extend(source.list(&format!("phrases/{language}")));
    files
}

/// Reads one language's phrases; of the shared ones those whose category the city has.
fn phrases(
    source: &PackSource,
    shared: Option<&PackSource>,
    taxonomy: &Taxonomy,
    language: Language,
) -> Result<PhraseBook, CityError> {
    let mut book = PhraseBook::default();
    if let Some(shared) = shared {
        for file in phrase_files(shared, language) {
            let has = |code: &str| taxonomy.categories.iter().any(|c| c.code == code);
            book.take_in(shared.parse_optional(&file)?, has);
        }
    }
    for file in phrase_files(source, language) {
        book.take_in(source.parse_optional(&file)?, |_| true);
    }
    Ok(book)
}

/// Reads the words; shared dangers settle only categories that the city has.
fn lexicon(source: &PackSource, shared: Option<&PackSource>, taxonomy: &Taxonomy) -> Result<Lexicon, CityError> {
    let own: Lexicon = source.parse_optional("lexicon.toml")?;
    let Some(shared) = shared else { return Ok(own) };
    let mut words: Lexicon = shared.parse_optional("lexicon.toml")?;
    for danger in &mut words.dangers {
        danger.category = danger.category.take().filter(|code| taxonomy.categories.iter().any(|c| c.code == *code));
    }
    Ok(words.overlaid(own))
}
