//! `agencies.toml`: who works for the city, and the rules of who answers for what and where.

use serde::{Deserialize, Serialize};

use super::Names;

/// Holds the agencies and the assignment rules.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agencies {
    /// Agencies.
    #[serde(rename = "agency", default)]
    pub agencies: Vec<Agency>,
    /// Rules; their order means nothing, the narrowest one wins. Once loaded, what agencies' areas imply stands here too.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
}

impl Agencies {
    /// Adds the rules that the areas of agencies stand for.
    pub(super) fn imply_rules(&mut self) {
        for agency in &self.agencies {
            for area in &agency.areas {
                self.rules.push(Rule {
                    responsible: Some(agency.kind.clone()),
                    unit: area.clone(),
                    agency: agency.code.clone(),
                    ..Rule::default()
                });
            }
        }
    }
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
    /// Units in which it answers for whatever asks for its kind: each stands for a rule.
    #[serde(default)]
    pub areas: Vec<String>,
    /// Its head, by post.
    pub head: Head,
    /// How it is reached; empty fields mean not known.
    #[serde(default)]
    pub contact: Contact,
}

/// Names the post of a head; persons are kept in the database, so that a name in the pack is a made-up one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The post.
    pub post: Names,
    /// Who holds it; empty where the database says so.
    #[serde(default)]
    pub name: String,
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
/// Exactly one of `category`, `responsible` and `section` is set. A rule of a smaller unit beats one of a larger
/// unit; within a unit, a category beats a kind of agency, and that beats a whole section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Category code.
    #[serde(default)]
    pub category: Option<String>,
    /// Kind of agency that a category asks for.
    #[serde(default)]
    pub responsible: Option<String>,
    /// Section code: every category in it.
    #[serde(default)]
    pub section: Option<String>,
    /// Unit in which it holds.
    pub unit: String,
    /// Agency that answers.
    pub agency: String,
    /// Categories for which it does not hold.
    #[serde(default)]
    pub except_categories: Vec<String>,
    /// Units within its own in which it does not hold.
    #[serde(default)]
    pub except_units: Vec<String>,
    /// Why, where it is an exception that people will ask about.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Rule {
    /// Says what the rule is about: its kind (`category`, `responsible`, `section`) and the code.
    #[must_use]
    pub fn subject(&self) -> Option<(&'static str, &str)> {
        match (&self.category, &self.responsible, &self.section) {
            (Some(code), None, None) => Some(("category", code)),
            (None, Some(code), None) => Some(("responsible", code)),
            (None, None, Some(code)) => Some(("section", code)),
            _ => None,
        }
    }
}
