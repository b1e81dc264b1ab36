//! A second engine of understanding: sentence embeddings from an ONNX model, with a head that a city's phrases train.
//!
//! An [`Encoder`] turns texts into vectors: `tokenizers` cuts them, ONNX Runtime computes, [`pooling`] makes one vector of many.
//! [`learn`] trains a [`Head`] on the vectors of a city's phrases and finds how much say it gets beside the words; an
//! [`Embeddings`] is both together, the [`dauys_understand::Engine`] that a model asks. Vectors and what was learned are kept as
//! bytes ([`Vectors`], [`Learned`]); whoever calls keeps them in files.
//!
//! ONNX Runtime is a shared library that is found at start, not linked: without the setting nothing of it is loaded.

mod encoder;
mod engine;
mod error;
mod head;
mod learned;
pub mod pooling;
mod runtime;
mod training;
mod vectors;

pub use encoder::{Encoder, TOKENS};
pub use engine::Embeddings;
pub use error::EmbeddingsError;
pub use head::Head;
pub use learned::Learned;
pub use training::{learn, version};
pub use vectors::{Vectors, key};
