//! What goes into a model and what comes out.

use dauys_config::city::{EmergencyService, Level, Point};
use dauys_events::{Danger, Language, RequestKind, Scored};
use serde::Serialize;

use crate::contact::Contact;

/// Holds what a recogniser wrote down.
#[derive(Debug, Clone, Copy)]
pub struct Transcript<'a> {
    /// The words.
    pub text: &'a str,
    /// The language, where the recogniser is sure of it.
    pub language: Option<Language>,
}

/// Says what a transcript means, and why it is thought so.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Understanding {
    /// Category code; the unclear category where the probability is below the city's gate.
    pub category: String,
    /// Probability of the best category, 0 to 1, also where it is below the gate.
    pub probability: f32,
    /// The three best categories, best first; empty where the text says nothing.
    pub top: Vec<Scored>,
    /// Words that decided for the best category, the weightiest first.
    pub decided_by: Vec<String>,
    /// Something to be done, or something to be answered.
    pub kind: RequestKind,
    /// How dangerous it is, from the words and the category.
    pub danger: Danger,
    /// Words that mean danger.
    pub danger_words: Vec<String>,
    /// Emergency service to tell.
    pub emergency: Option<EmergencyService>,
    /// The place, where one in this city was named.
    pub place: Option<Place>,
    /// The given or guessed language.
    pub language: Option<Language>,
    /// The language that the caller asks to be spoken to in.
    pub preferred: Option<Language>,
    /// Name and number, as far as they were said.
    pub contact: Contact,
    /// How the caller behaves.
    pub conduct: Conduct,
    /// The matters of a call that speaks of several, in the order of the call; empty where it speaks of one.
    pub issues: Vec<Issue>,
    /// Version of the model that decided.
    pub model: String,
    /// Reasons, one sentence each, for the inspector.
    pub why: Vec<String>,
}

impl Default for Understanding {
    fn default() -> Self {
        Self {
            category: String::new(),
            probability: 0.0,
            top: Vec::new(),
            decided_by: Vec::new(),
            kind: RequestKind::Request,
            danger: Danger::None,
            danger_words: Vec::new(),
            emergency: None,
            place: None,
            language: None,
            preferred: None,
            contact: Contact::default(),
            conduct: Conduct::Ordinary,
            issues: Vec::new(),
            model: String::new(),
            why: Vec::new(),
        }
    }
}

/// Says how a caller behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conduct {
    /// As most do.
    Ordinary,
    /// Jokes.
    Prank,
    /// Swears or insults.
    Abusive,
}

/// Says one matter of a call that speaks of several.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Issue {
    /// Category code, above the gate.
    pub category: String,
    /// Probability of the category, 0 to 1.
    pub probability: f32,
    /// Something to be done, or something to be answered.
    pub kind: RequestKind,
    /// How dangerous it is.
    pub danger: Danger,
    /// Emergency service to tell.
    pub emergency: Option<EmergencyService>,
    /// The place that was named with it; the call's place holds where there is none.
    pub place: Option<Place>,
    /// The words that speak of it.
    pub words: String,
}

/// Names a place in the city.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Unit code that the assignment goes by.
    pub unit: String,
    /// What that unit is.
    pub level: Level,
    /// The place as people read it, in the transcript's language.
    pub name: String,
    /// District code, named by the caller or known from the territory.
    pub district: Option<String>,
    /// Microdistrict or mahalla code, named by the caller or known from the territory.
    pub microdistrict: Option<String>,
    /// Street, where one was named, as people read it.
    pub street: Option<String>,
    /// Code of that street.
    pub street_unit: Option<String>,
    /// House number in digits, where one was named.
    pub house: Option<String>,
    /// Code of the street that crosses it, where a crossing was named.
    pub cross: Option<String>,
    /// Code of the landmark that was named.
    pub landmark: Option<String>,
    /// Codes from `unit` up to the root of the territory.
    pub lineage: Vec<String>,
    /// Rough place on the map: of the landmark, or of the narrowest unit that has one.
    pub point: Option<Point>,
    /// How sure it is, 0 to 1.
    pub confidence: f32,
    /// Other units that the words may mean, best first, at most three.
    pub candidates: Vec<PlaceCandidate>,
}

/// Names a unit that the words may mean.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceCandidate {
    /// Unit code.
    pub unit: String,
    /// How sure it is, 0 to 1.
    pub confidence: f32,
}
