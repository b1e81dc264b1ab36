//! The city pack.
