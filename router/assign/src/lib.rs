//! Which agency answers for a category in a place, and why.
