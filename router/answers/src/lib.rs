//! The city's reference book: questions that are asked again and again, each with its answer. Pure.

mod book;
mod load;

pub use book::{AnswerBook, ReferenceQuestion};
pub use load::load;
