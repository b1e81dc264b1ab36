//! The encoder and what was learned on it, as the engine that a model asks.

use std::sync::Arc;

use dauys_understand::Engine;

use crate::encoder::Encoder;
use crate::learned::Learned;

/// Says how likely each category is by where a sentence lies among the city's phrases.
#[derive(Debug)]
pub struct Embeddings {
    encoder: Arc<Encoder>,
    learned: Learned,
}

impl Embeddings {
    /// Puts an encoder together with what was learned on its vectors.
    #[must_use]
    pub const fn new(encoder: Arc<Encoder>, learned: Learned) -> Self {
        Self { encoder, learned }
    }
}

impl Engine for Embeddings {
    fn version(&self) -> &str {
        &self.learned.version
    }

    fn weigh(&self, text: &str) -> Option<Vec<f32>> {
        let vectors = match self.encoder.embed(&[text]) {
            Ok(vectors) => vectors,
            Err(error) => {
                // The words decide alone: a ticket matters more than a second opinion.
                tracing::warn!(%error, "embeddings cannot say what a text means");
                return None;
            }
        };
        let vector = vectors.into_iter().next().flatten()?;
        self.learned.head.weigh(&vector, self.learned.temperature)
    }
}
