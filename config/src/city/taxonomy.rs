//! `taxonomy.toml`: the kinds of problem and question, in sections; what cities share of it is laid under the city's own.

use std::collections::HashMap;
use std::fmt;

use dauys_events::{Danger, Priority, RequestKind};
use serde::{Deserialize, Serialize};

use super::Names;

/// Holds the sections and categories of a city.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taxonomy {
    /// Groups of categories, in the order in which lists show them.
    #[serde(rename = "section", default)]
    pub sections: Vec<Section>,
    /// Categories: in a pack its own ones, once loaded also the shared ones that its sections name.
    #[serde(rename = "category", default)]
    pub categories: Vec<Category>,
    /// What the city does otherwise than the shared categories say; applied while loading.
    #[serde(rename = "change", default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

impl Taxonomy {
    /// Takes in the shared categories that the sections name, puts every category into its section, applies the changes.
    ///
    /// A category of the city replaces the shared one of the same code. What is named and defined nowhere is left
    /// for the checker to find.
    pub(super) fn lay_over(&mut self, shared: Vec<Category>) {
        let own = std::mem::take(&mut self.categories);
        let mut known: HashMap<String, Category> = shared.into_iter().map(|c| (c.code.clone(), c)).collect();
        let mut rest = Vec::new();
        for category in own {
            if self.sections.iter().any(|s| s.categories.contains(&category.code)) {
                known.insert(category.code.clone(), category);
            } else {
                rest.push(category);
            }
        }
        for section in &self.sections {
            for code in &section.categories {
                if let Some(mut category) = known.remove(code) {
                    category.section.clone_from(&section.code);
                    self.categories.push(category);
                }
            }
        }
        self.categories.append(&mut rest);
        for change in &self.changes {
            if let Some(category) = self.categories.iter_mut().find(|c| c.code == change.category) {
                change.apply(category);
            }
        }
    }
}

/// Says what a city does otherwise than the shared category says; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// Code of the category.
    pub category: String,
    /// Name for people.
    pub name: Option<Names>,
    /// Uzbek name in Cyrillic script.
    pub cyrillic: Option<String>,
    /// How dangerous it is by itself.
    pub danger: Option<Danger>,
    /// Order of work among tickets.
    pub priority: Option<Priority>,
    /// Hours within which the city aims to solve it.
    pub target_hours: Option<u32>,
    /// Days of the law.
    pub legal_working_days: Option<u16>,
    /// Kind of agency that answers for it.
    pub responsible: Option<String>,
    /// Emergency service to tell.
    pub emergency: Option<EmergencyService>,
}

impl Change {
    fn apply(&self, category: &mut Category) {
        fn put<T: Clone>(into: &mut T, new: Option<&T>) {
            if let Some(new) = new {
                into.clone_from(new);
            }
        }
        put(&mut category.name, self.name.as_ref());
        put(&mut category.cyrillic, self.cyrillic.as_ref());
        put(&mut category.danger, self.danger.as_ref());
        put(&mut category.priority, self.priority.as_ref());
        put(&mut category.target_hours, self.target_hours.as_ref());
        put(&mut category.responsible, self.responsible.as_ref());
        category.legal_working_days = self.legal_working_days.or(category.legal_working_days);
        category.emergency = self.emergency.or(category.emergency);
    }
}

/// Groups categories.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Stable code.
    pub code: String,
    /// Name for people.
    pub name: Names,
    /// Uzbek name in Cyrillic script.
    #[serde(default)]
    pub cyrillic: String,
    /// Codes of its categories in the order of lists, shared ones too; a category may name its section instead.
    #[serde(default)]
    pub categories: Vec<String>,
}

/// Describes one kind of problem or question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Stable code, such as `manhole`.
    pub code: String,
    /// Name for people.
    pub name: Names,
    /// Uzbek name in Cyrillic script.
    #[serde(default)]
    pub cyrillic: String,
    /// What belongs here and what does not, in English, for those who label and correct.
    #[serde(default)]
    pub scope: String,
    /// Code of its section; taken from the section that lists it.
    #[serde(default)]
    pub section: String,
    /// What callers mostly want with it.
    pub kind: RequestKind,
    /// How dangerous it is by itself, before any danger words.
    pub danger: Danger,
    /// Order of work among tickets.
    pub priority: Priority,
    /// Hours within which the city aims to solve it.
    pub target_hours: u32,
    /// Days of the law where they differ from the city's general term, counted as [`super::Legal`] says.
    #[serde(default)]
    pub legal_working_days: Option<u16>,
    /// Kind of agency that answers for it, see [`super::Agency::kind`].
    pub responsible: String,
    /// Emergency service to tell when the case is dangerous.
    #[serde(default)]
    pub emergency: Option<EmergencyService>,
}

/// Names an emergency service by its short number, which Kazakhstan and Uzbekistan share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EmergencyService {
    /// 101: fire and rescue.
    #[serde(rename = "101")]
    Fire,
    /// 102: police.
    #[serde(rename = "102")]
    Police,
    /// 103: ambulance.
    #[serde(rename = "103")]
    Ambulance,
    /// 104: gas.
    #[serde(rename = "104")]
    Gas,
    /// 112: rescue, and whatever needs several services.
    #[serde(rename = "112")]
    Rescue,
}

impl EmergencyService {
    /// Gives the short number to dial.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::Fire => "101",
            Self::Police => "102",
            Self::Ambulance => "103",
            Self::Gas => "104",
            Self::Rescue => "112",
        }
    }
}

impl fmt::Display for EmergencyService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}
