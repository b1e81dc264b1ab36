//! What an operator edits: the settings file and the city pack, and the code that loads and checks them.

pub mod city;
