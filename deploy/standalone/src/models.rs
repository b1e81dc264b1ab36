//! Trained models on disk: one file a version in `models/CITY` of the data folder, and which of them is in use.

use crate::second::Second;
use anyhow::Context;
use dauys_config::city::City;
use dauys_understand::{Model, fingerprint};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The file that is read at start; the same bytes stand under the version's own name.
const IN_USE: &str = "in-use.model";

/// The folder of a city's models.
pub(crate) struct Models {
    folder: PathBuf,
}

impl Models {
    pub(crate) fn of(data: &Path, city: &City) -> Self {
        Self { folder: data.join("models").join(&city.settings.code) }
    }

    /// Reads the model in use; none where there is none that fits the city's categories.
    pub(crate) fn in_use(&self, city: &City) -> Option<Model> {
        let bytes = self.read(IN_USE)?;
        match Model::from_bytes(city, &bytes) {
            Ok(model) => Some(model),
            Err(error) => {
                tracing::warn!(%error, folder = %self.folder.display(), "the model in use cannot be used");
                None
            }
        }
    }

    /// Gives the model to start with: the one in use while the city's phrases are what it learned from, else a new one.
    /// Where there is a second engine, it is joined with that model.
    ///
    /// # Errors
    /// Where the second engine fails.
    pub(crate) fn for_start(&self, city: &City, second: Option<&Second>) -> anyhow::Result<Model> {
        let words = self.words(city);
        match second {
            Some(second) => second.beside(words, city, Some(self)),
            None => Ok(words),
        }
    }

    fn words(&self, city: &City) -> Model {
        if let Some(model) = self.in_use(city) {
            if model.fingerprint() == fingerprint(city) {
                return model;
            }
            tracing::info!("the city pack has changed since the model was trained: training anew, without corrections");
        }
        let model = Model::train(city);
        if let Err(error) = self.put_in_use(&model) {
            tracing::warn!(error = %format!("{error:#}"), "the model is trained anew at the next start");
        }
        model
    }

    /// Writes a model under its version and puts it in use; a crash leaves the old one or the new one.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub(crate) fn put_in_use(&self, model: &Model) -> anyhow::Result<()> {
        let bytes = model.to_bytes();
        self.write(&format!("{}.model", model.version()), &bytes)?;
        self.write(IN_USE, &bytes)
    }

    /// Reads a file of the folder; none where there is none.
    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.folder.join(name)).ok()
    }

    /// Writes a file of the folder; a crash leaves the old one or the new one.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let folder = &self.folder;
        std::fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let written = replace(folder, name, bytes);
        written.with_context(|| format!("{} cannot be written", folder.join(name).display()))
    }
}

/// Replaces a file in one step. The name of the draft holds the process, so that two of them do not share one.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let draft = folder.join(format!(".{name}.{}", std::process::id()));
    let mut file = std::fs::File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, folder.join(name))?;
    std::fs::File::open(folder)?.sync_all()
}
