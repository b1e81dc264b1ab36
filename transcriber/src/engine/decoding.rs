//! How an engine searches for the words.

/// The search: greedy is fast, a beam reads more possibilities and errs less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoding {
    /// The most probable token at each step.
    Greedy,
    /// Beam search with so many beams, 2 to 8.
    Beam(u8),
    /// Greedy, and once more with so many beams where that was not sure of every word.
    Adaptive(u8),
}

impl Decoding {
    /// The most beams that the engine has room for.
    pub const MAX_BEAMS: u8 = 8;
}
