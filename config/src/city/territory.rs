//! `territory.toml`: the city as a tree of units, and the names that callers give them.

use serde::{Deserialize, Serialize};

use super::Names;

/// Holds the tree of units.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Territory {
    /// Units: the city itself first, then what lies in it.
    #[serde(rename = "unit")]
    pub units: Vec<Unit>,
}

/// Describes one unit: a city, a district, a microdistrict or a street.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Stable code, such as `nursat`.
    pub code: String,
    /// What it is.
    pub level: Level,
    /// Name for people.
    pub name: Names,
    /// Code of the unit that it lies in; only the city has none.
    #[serde(default)]
    pub parent: Option<String>,
    /// Other names, old names and irregular case forms, in any of the languages.
    #[serde(default)]
    pub aliases: Vec<String>,
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
    /// The whole city.
    City,
    /// An administrative district.
    District,
    /// A microdistrict, village or residential area within a district.
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
