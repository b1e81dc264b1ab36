//! In the place of the second engine of understanding where dauys is built without it: says so to whoever sets one.

use crate::models::Models;
use crate::train::Taught;
use dauys_config::Settings;
use dauys_config::city::City;
use dauys_understand::{Correction, Model};

/// There is none.
pub(crate) enum Second {}

impl Second {
    /// Finds none.
    ///
    /// # Errors
    /// Where the settings name one.
    pub(crate) fn load(settings: &Settings) -> anyhow::Result<Option<Self>> {
        match settings.understanding.embeddings.model() {
            Some(_) => anyhow::bail!("[understanding.embeddings] model: {}", crate::check::WITHOUT_ONNX),
            None => Ok(None),
        }
    }

    pub(crate) fn beside(&self, _: Model, _: &City, _: Option<&Models>) -> anyhow::Result<Model> {
        match *self {}
    }

    pub(crate) fn train(&self, _: &City, _: &[Correction], _: &Models) -> anyhow::Result<Taught> {
        match *self {}
    }
}

/// Nothing was taught.
pub(crate) fn put_in_use(_: &Models, _: &Taught) -> anyhow::Result<()> {
    Ok(())
}
