//! The second engine of understanding, where the settings name one: loaded, taught where that was not done yet, and joined with
//! the words.

use crate::models::Models;
use crate::train::Taught;
use anyhow::Context;
use dauys_config::Settings;
use dauys_config::city::City;
use dauys_embeddings::{Embeddings, Encoder, Learned, Vectors, learn};
use dauys_understand::{Correction, Model, fingerprint};
use std::sync::Arc;

/// What the encoder in use has learned; the same bytes stand under the version's own name.
const IN_USE: &str = "in-use.head";

/// An encoder that was loaded.
pub(crate) struct Second {
    encoder: Arc<Encoder>,
    weight: Option<f32>,
}

impl Second {
    /// Loads the encoder that the settings name, if they name one.
    ///
    /// # Errors
    /// One line that says what is wrong with it and what to do.
    pub(crate) fn load(settings: &Settings) -> anyhow::Result<Option<Self>> {
        let embeddings = &settings.understanding.embeddings;
        let Some(model) = embeddings.model() else { return Ok(None) };
        let encoder = Encoder::load(model, embeddings.library()).context("[understanding.embeddings] model")?;
        Ok(Some(Self { encoder: Arc::new(encoder), weight: embeddings.weight() }))
    }

    /// Joins the encoder with the words, by what it learned before or learns now from the city's phrases.
    ///
    /// # Errors
    /// Where the encoder fails.
    pub(crate) fn beside(&self, words: Model, city: &City, models: Option<&Models>) -> anyhow::Result<Model> {
        let known = models.and_then(|models| models.read(IN_USE)).and_then(|bytes| Learned::from_bytes(&bytes));
        let learned = match known.filter(|learned| self.fits(learned, city)) {
            Some(learned) => learned,
            None => self.learn(city, models)?,
        };
        let joint = learned.joint.clone();
        Ok(words.with_engine(Arc::new(Embeddings::new(Arc::clone(&self.encoder), learned)), joint))
    }

    fn fits(&self, learned: &Learned, city: &City) -> bool {
        let codes = city.taxonomy.categories.iter().map(|category| &category.code);
        learned.encoder == self.encoder.hash()
            && learned.fingerprint == fingerprint(city)
            && codes.eq(&learned.classes)
            && learned.asked_weight.to_bits() == self.weight.unwrap_or(0.0).to_bits()
    }

    fn learn(&self, city: &City, models: Option<&Models>) -> anyhow::Result<Learned> {
        tracing::info!(encoder = self.encoder.name(), "the encoder learns the city's phrases, without corrections");
        let (learned, taught) = self.teach(city, &[], models)?;
        if let Some(Err(error)) = models.map(|models| put_in_use(models, &taught)) {
            tracing::warn!(error = %format!("{error:#}"), "the encoder learns anew at the next start");
        }
        Ok(learned)
    }

    /// Teaches the encoder a city's phrases and corrections; [`put_in_use`] keeps what came of it.
    ///
    /// # Errors
    /// Where the encoder fails.
    pub(crate) fn train(&self, city: &City, corrections: &[Correction], models: &Models) -> anyhow::Result<Taught> {
        self.teach(city, corrections, Some(models)).map(|(_, taught)| taught)
    }

    fn teach(
        &self,
        city: &City,
        corrections: &[Correction],
        models: Option<&Models>,
    ) -> anyhow::Result<(Learned, Taught)> {
        let (model, file) = (self.encoder.hash(), format!("{}.vectors", self.encoder.name()));
        let kept = models.and_then(|models| models.read(&file)).and_then(|bytes| Vectors::from_bytes(model, &bytes));
        let before = kept.unwrap_or_default();
        let mut vectors = before.clone();
        let learned = learn(&self.encoder, city, corrections, &mut vectors, self.weight);
        let (learned, comparison) = learned.context("[understanding.embeddings] model")?;
        if vectors != before
            && let Some(Err(error)) = models.map(|models| models.write(&file, &vectors.to_bytes(model)))
        {
            tracing::warn!(error = %format!("{error:#}"), "the phrases' vectors are computed anew at the next start");
        }
        let taught = Taught { version: learned.version.clone(), comparison, bytes: learned.to_bytes() };
        Ok((learned, taught))
    }
}

/// Writes what an encoder was taught under its version and puts it in use.
///
/// # Errors
/// Where the folder cannot be written.
pub(crate) fn put_in_use(models: &Models, taught: &Taught) -> anyhow::Result<()> {
    models.write(&format!("{}.head", taught.version), &taught.bytes)?;
    models.write(IN_USE, &taught.bytes)
}
