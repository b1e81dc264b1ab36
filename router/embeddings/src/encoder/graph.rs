//! A sentence encoder as ONNX Runtime holds it: which inputs it wants, which output counts, and one run.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::session::{Session, SessionInputValue};
use ort::value::{Outlet, Tensor, TensorElementType};

use crate::error::EmbeddingsError;
use crate::pooling;

const IDS: &str = "input_ids";
const MASK: &str = "attention_mask";
const TYPES: &str = "token_type_ids";
/// Outputs that are taken, the first that a model has: a vector for the sentence, or one for each token.
const OUTPUTS: [(&str, usize); 3] = [("sentence_embedding", 2), ("last_hidden_state", 3), ("token_embeddings", 3)];

/// Tokens of several texts, brought to one length, row after row.
pub(super) struct Batch {
    pub(super) texts: usize,
    pub(super) length: usize,
    pub(super) ids: Vec<i64>,
    pub(super) mask: Vec<i64>,
    pub(super) types: Vec<i64>,
}

/// A loaded model.
pub(super) struct Graph {
    /// One run at a time: a session changes while it runs.
    session: Mutex<Session>,
    wants: Vec<String>,
    gives: &'static str,
}

impl Graph {
    /// Loads a model and checks what it wants and gives.
    pub(super) fn load(path: &Path, environment: &Environment) -> Result<Self, EmbeddingsError> {
        let refused = |reason: String| EmbeddingsError::Model { path: path.to_owned(), reason };
        let session = open(path, environment).map_err(|error| refused(error.to_string()))?;
        let other = |reason: String| EmbeddingsError::Shape { path: path.to_owned(), reason };
        for input in session.inputs() {
            if ![IDS, MASK, TYPES].contains(&input.name())
                || input.dtype().tensor_type() != Some(TensorElementType::Int64)
            {
                return Err(other(format!("it takes {} as {}", input.name(), input.dtype())));
            }
        }
        let wants: Vec<String> = session.inputs().iter().map(|input| input.name().to_owned()).collect();
        if let Some(missing) = [IDS, MASK].iter().find(|name| !wants.iter().any(|known| known == *name)) {
            return Err(other(format!("it does not take {missing}")));
        }
        let Some((gives, _)) =
            OUTPUTS.iter().find(|(name, rank)| session.outputs().iter().any(|o| fits(o, name, *rank)))
        else {
            let given: Vec<String> =
                session.outputs().iter().map(|o| format!("{} as {}", o.name(), o.dtype())).collect();
            return Err(other(format!("it gives {}", given.join(", "))));
        };
        Ok(Self { session: Mutex::new(session), wants, gives })
    }

    /// Computes a vector for each text; `None` for a text without tokens.
    pub(super) fn run(&self, batch: &Batch) -> Result<Vec<Option<Vec<f32>>>, EmbeddingsError> {
        let failed = |error: ort::Error| EmbeddingsError::Run(error.to_string());
        let mut inputs: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(self.wants.len());
        for name in &self.wants {
            let data = match name.as_str() {
                IDS => &batch.ids,
                MASK => &batch.mask,
                _ => &batch.types,
            };
            let tensor = Tensor::from_array(([batch.texts, batch.length], data.clone())).map_err(failed)?;
            inputs.push((name, tensor.into()));
        }
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = session.run(inputs).map_err(failed)?;
        let given = outputs.get(self.gives).ok_or_else(|| EmbeddingsError::Run(format!("no {} came", self.gives)))?;
        let (shape, data) = given.try_extract_tensor::<f32>().map_err(failed)?;
        let shape: Vec<usize> = shape.iter().map(|side| usize::try_from(*side).unwrap_or(0)).collect();
        sentences(&shape, data, batch)
            .ok_or_else(|| EmbeddingsError::Run(format!("{} has the shape {shape:?}", self.gives)))
    }
}

fn open(path: &Path, environment: &Environment) -> ort::Result<Session> {
    // The cores belong to the callers and to speech: a sentence takes milliseconds on one, and nothing spins while it waits.
    let builder = Session::builder(environment)?.with_intra_threads(1)?.with_intra_op_spinning(false)?;
    builder.with_deterministic_compute(true)?.commit_from_file(path)
}

fn fits(output: &Outlet, name: &str, rank: usize) -> bool {
    let shape = output.dtype().tensor_shape();
    output.name() == name
        && output.dtype().tensor_type() == Some(TensorElementType::Float32)
        && shape.is_some_and(|shape| shape.len() == rank)
}

/// Takes an output apart: one vector a text, or one a token, of which the mean is taken.
fn sentences(shape: &[usize], data: &[f32], batch: &Batch) -> Option<Vec<Option<Vec<f32>>>> {
    let masks = batch.mask.chunks_exact(batch.length);
    match *shape {
        [texts, width] if texts == batch.texts && width > 0 && data.len() == texts * width => {
            let rows = data.chunks_exact(width).zip(masks);
            Some(rows.map(|(row, mask)| mask.contains(&1).then(|| row.to_vec())).collect())
        }
        [texts, length, width]
            if (texts, length) == (batch.texts, batch.length) && width > 0 && data.len() == texts * length * width =>
        {
            Some(
                data.chunks_exact(length * width)
                    .zip(masks)
                    .map(|(hidden, mask)| pooling::mean(hidden, mask))
                    .collect(),
            )
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Batch {
        Batch { texts: 2, length: 2, ids: vec![1, 2, 3, 0], mask: vec![1, 1, 1, 0], types: vec![0; 4] }
    }

    #[test]
    fn tokens_are_averaged_and_sentences_are_taken_as_they_are() {
        let tokens = sentences(&[2, 2, 1], &[1.0, 3.0, 5.0, 99.0], &batch());
        assert_eq!(tokens, Some(vec![Some(vec![2.0]), Some(vec![5.0])]));
        let whole = sentences(&[2, 1], &[1.0, 3.0], &batch());
        assert_eq!(whole, Some(vec![Some(vec![1.0]), Some(vec![3.0])]));
    }

    #[test]
    fn another_shape_is_refused() {
        for shape in [&[][..], &[4], &[1, 4], &[2, 0], &[2, 1, 2], &[2, 2, 2], &[4, 1, 1]] {
            assert!(sentences(shape, &[1.0; 4], &batch()).is_none(), "{shape:?}");
        }
    }
}
