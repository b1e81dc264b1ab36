//! `agencies.toml`: who works for the city, and the rules of who answers for what and where.

use serde::{Deserialize, Serialize};

use super::Names;

/// Holds the agencies and the assignment rules.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agencies {
    /// Agencies.
    #[serde(rename = "agency")]
    pub agencies: Vec<Agency>,
    /// Rules; their order means nothing, the narrowest one wins.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
}

/// Describes one agency.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// Stable code.
    pub code: String,
    /// Official name.
    pub name: Names,
    /// What it does, such as `roads`: categories ask for a kind, rules tie it to a place.
    pub kind: String,
    /// Unit that it works in.
    pub unit: String,
    /// Its head, by post.
    pub head: Head,
    /// How it is reached; empty fields mean not known.
    #[serde(default)]
    pub contact: Contact,
}

/// Names the post of an agency's head; persons are kept in the database and not in the pack.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The post.
    pub post: Names,
}

/// Says how an agency is reached.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contact {
    /// Telephone, E.164.
    pub phone: String,
    /// E-mail.
    pub email: String,
    /// Postal address.
    pub address: String,
}

/// Ties what is asked, in a unit and everything below it, to an agency.
///
/// Exactly one of `category` and `responsible` is set. A rule of a smaller unit beats one of a larger
/// unit; within a unit, a category beats a kind of agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Category code.
    #[serde(default)]
    pub category: Option<String>,
    /// Kind of agency that a category asks for.
    #[serde(default)]
    pub responsible: Option<String>,
    /// Unit in which it holds.
    pub unit: String,
    /// Agency that answers.
    pub agency: String,
    /// Why, where it is an exception that people will ask about.
    #[serde(default)]
    pub reason: Option<String>,
}
