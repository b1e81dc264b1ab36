//! From words to category, place and danger: pure, trained from the city pack.
