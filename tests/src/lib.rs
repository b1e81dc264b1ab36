//! What whole-system tests share: fixtures of real parts, and sample calls.

pub mod samples;
