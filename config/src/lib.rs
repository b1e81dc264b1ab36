//! What an operator edits, and the code that loads and checks it: the settings file and the city pack.

pub mod city;
pub mod script;
pub mod settings;

pub use settings::Settings;
