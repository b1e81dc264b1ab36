//! The one-process dauys.
fn main() {}
