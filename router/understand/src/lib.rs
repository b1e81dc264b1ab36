//! From words to category, place and danger: pure, trained from the city pack.
//!
//! A [`Model`] is trained once, at start, from the labelled phrases of a [`dauys_config::city::City`]. Every text is
//! first folded into one plain Latin spelling, so that Kazakh, Russian and Uzbek in either script, written with or
//! without their special letters, meet in the same features. Nothing here reads a clock, a file or a random number.

mod danger;
mod features;
mod fold;
mod language;
mod linear;
mod model;
mod numbers;
mod places;
mod text;
mod understanding;

pub use model::Model;
pub use understanding::{Place, PlaceCandidate, Transcript, Understanding};
