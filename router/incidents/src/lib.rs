//! Which reports are about the same thing. Pure: no sockets, no clock, no randomness, the same reports always give the same
//! incidents.
//!
//! Precision comes before recall: two reports that are wrongly thrown together hide somebody's trouble behind another's, two
//! that are not joined cost a look. So a pair needs the same kind of trouble, a short time between them and the same house,
//! near houses of one street, the same landmark or the same spot on the map; a whole microdistrict, district or city needs a
//! burst that chance does not explain.

mod book;
mod burst;
mod evaluate;
mod evidence;
mod policy;
mod report;
mod words;

pub use book::{Decision, Incidents, Output, Standing};
pub use burst::poisson_tail;
pub use evaluate::{Pairwise, group, pairwise};
pub use policy::{Policy, Rule, Spread};
pub use report::{Area, Level, Place, Point, Report, Scope, Why};
pub use words::word_features;
