//! From words to category, place and danger: pure, trained from the city pack.
//!
//! A [`Model`] is trained from the labelled phrases of a [`dauys_config::city::City`] and from inspectors' corrections, and
//! kept as bytes. Every text is first folded into one plain Latin spelling, so that Kazakh, Russian and Uzbek in either
//! script, written with or without their special letters, meet in the same features. A second [`Engine`] may be joined with
//! the words; none is here. Nothing here reads a clock, a file or a random number.

mod alarm;
pub mod bytes;
mod calibration;
mod concepts;
mod conduct;
mod contact;
mod danger;
mod engine;
mod examples;
mod features;
mod fold;
mod gazetteer;
mod generator;
mod hazards;
mod issues;
mod language;
mod learned;
mod lessons;
mod linear;
mod markers;
mod model;
mod numbers;
mod places;
mod reader;
mod signs;
mod spelling;
mod stored;
mod text;
mod train;
mod understanding;

pub use contact::Contact;
pub use engine::{Engine, Joint};
pub use examples::Correction;
pub use generator::Generator;
pub use lessons::{Comparison, Lesson, Lessons, Quality};
pub use linear::softmax;
pub use model::Model;
pub use stored::ModelError;
pub use train::{CategoryQuality, InUse, Report, Trained, fingerprint, train};
pub use understanding::{Conduct, Issue, Place, PlaceCandidate, Transcript, Understanding};

/// Lists the made-up calls from which every model learns what danger sounds like.
#[must_use]
pub fn danger_phrases() -> Vec<String> {
    alarm::calls()
}

/// Says how many helpings of made-up calls there are: each was written at another time, to another plan.
#[must_use]
pub fn danger_helpings() -> usize {
    alarm::helpings()
}

/// Judges the made-up calls of one helping, counted from 1, by an alarm that learned from the others: for each whether it is
/// a danger, and the probability that it is none.
#[must_use]
pub fn judge_helping(city: &dauys_config::city::City, helping: usize) -> Vec<(bool, f32)> {
    alarm::held_out(city, helping)
}
