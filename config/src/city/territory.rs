//! `territory.toml`: the city as a tree of units, and the names that callers give them.

use serde::{Deserialize, Serialize};

use super::{Head, Names};

/// Holds the tree of units.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Territory {
    /// Units: the city itself first, then what lies in it.
    #[serde(rename = "unit", default)]
    pub units: Vec<Unit>,
    /// What callers name instead of an address; no rule of assignment holds for them.
    #[serde(rename = "landmark", default)]
    pub landmarks: Vec<Landmark>,
}

impl Territory {
    /// Takes former names in as aliases, since callers go on using them.
    pub(super) fn remember_former_names(&mut self) {
        for unit in &mut self.units {
            for name in &unit.former {
                if !unit.aliases.contains(name) {
                    unit.aliases.push(name.clone());
                }
            }
        }
    }
}

/// Describes one unit: a region or city, a district, a sector, a microdistrict or mahalla, a street.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Stable code, such as `nursat`.
    pub code: String,
    /// What it is.
    pub level: Level,
    /// Name for people.
    pub name: Names,
    /// Code of the unit that it lies in; only the root, a region or a city, has none.
    #[serde(default)]
    pub parent: Option<String>,
    /// Other names and irregular case forms, in any of the languages; once loaded also the former names.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Names that it bore before and that callers still use.
    #[serde(default)]
    pub former: Vec<String>,
    /// Who answers for a sector, by post or under a made-up name.
    #[serde(default)]
    pub head: Option<Head>,
    /// Whether the parent is a best guess that an operator should confirm.
    #[serde(default)]
    pub approximate: bool,
    /// Whether the name is also an everyday word, so that it counts only beside a word such as "street".
    #[serde(default)]
    pub ambiguous: bool,
    /// Rough centre.
    #[serde(default)]
    pub point: Option<Point>,
}

/// Orders units by how much they cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A whole region.
    Region,
    /// A whole city.
    City,
    /// An administrative district, or a town that stands beside districts.
    District,
    /// A part of a district with a head of its own.
    Sector,
    /// A microdistrict, mahalla, village or residential area.
    Microdistrict,
    /// A street or avenue.
    Street,
}

/// Gives a place on the map, in degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Latitude.
    pub lat: f64,
    /// Longitude.
    pub lon: f64,
}

/// Describes what callers name instead of an address: a hospital, a bazaar, a school.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Landmark {
    /// Stable code, such as `regional_hospital`.
    pub code: String,
    /// What it is, such as `hospital`.
    pub kind: String,
    /// Name for people.
    pub name: Names,
    /// Smallest unit that it is known to lie in.
    pub unit: String,
    /// Other names, former ones too, in any of the languages.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether the unit is a best guess that an operator should confirm.
    #[serde(default)]
    pub approximate: bool,
    /// Rough place.
    #[serde(default)]
    pub point: Option<Point>,
}
