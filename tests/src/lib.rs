//! Whole-system tests with real parts.
