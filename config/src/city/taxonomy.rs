//! `taxonomy.toml`: the kinds of problem and question, in sections.

use std::fmt;

use dauys_events::{Danger, Priority, RequestKind};
use serde::{Deserialize, Serialize};

use super::Names;

/// Holds the sections and categories of a city.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taxonomy {
    /// Groups of categories, in the order in which lists show them.
    #[serde(rename = "section")]
    pub sections: Vec<Section>,
    /// Categories.
    #[serde(rename = "category")]
    pub categories: Vec<Category>,
}

/// Groups categories.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Stable code.
    pub code: String,
    /// Name for people.
    pub name: Names,
}

/// Describes one kind of problem or question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Stable code, such as `manhole`.
    pub code: String,
    /// Name for people.
    pub name: Names,
    /// Code of its section.
    pub section: String,
    /// What callers mostly want with it.
    pub kind: RequestKind,
    /// How dangerous it is by itself, before any danger words.
    pub danger: Danger,
    /// Order of work among tickets.
    pub priority: Priority,
    /// Hours within which the city aims to solve it.
    pub target_hours: u32,
    /// Working days of the law where they differ from the city's general term.
    #[serde(default)]
    pub legal_working_days: Option<u16>,
    /// Kind of agency that answers for it, see [`super::Agency::kind`].
    pub responsible: String,
    /// Emergency service to tell when the case is dangerous.
    #[serde(default)]
    pub emergency: Option<EmergencyService>,
}

/// Names an emergency service of Kazakhstan by its short number.
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
