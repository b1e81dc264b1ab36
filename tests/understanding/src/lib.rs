//! How well calls are understood: the data sets, the noise of recognisers, and the measures.
//!
//! Nothing here may reach a city pack: a test fails where a training phrase stands in an evaluation sentence.

pub mod incidents;
pub mod measures;
pub mod noise;
pub mod sets;
