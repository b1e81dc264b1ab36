//! Where a pack's files come from: a folder, or the binary itself.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;

use super::CityError;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/cities");
/// Folder beside the packs that holds what cities share.
const SHARED: &str = "common";
/// File that makes a folder a pack.
const MARK: &str = "city.toml";

/// Reads the files of one pack.
#[derive(Debug, Clone)]
pub enum PackSource {
    /// A pack built into the binary, by name.
    Embedded(String),
    /// A folder on disk.
    Folder(PathBuf),
}

impl PackSource {
    /// Finds a pack that is built into the binary.
    ///
    /// # Errors
    /// An unknown name, with the names there are.
    pub fn embedded(name: &str) -> Result<Self, CityError> {
        if Self::embedded_names().contains(&name) {
            return Ok(Self::Embedded(name.to_owned()));
        }
        Err(CityError::Unknown { name: name.to_owned(), known: Self::embedded_names().join(", ") })
    }

    /// Takes a folder as a pack.
    ///
    /// # Errors
    /// Where there is no such folder.
    pub fn folder(folder: &Path) -> Result<Self, CityError> {
        if folder.is_dir() {
            return Ok(Self::Folder(folder.to_owned()));
        }
        Err(CityError::Missing { file: folder.display().to_string() })
    }

    pub(super) fn embedded_names() -> Vec<&'static str> {
        let mut names: Vec<_> = EMBEDDED
            .dirs()
            .filter(|dir| dir.get_file(dir.path().join(MARK)).is_some())
            .filter_map(|d| d.path().to_str())
            .collect();
        names.sort_unstable();
        names
    }

    /// Finds what cities share: the folder `common` beside a pack's own, or the embedded one where there is none.
    pub(super) fn shared(&self) -> Self {
        if let Self::Folder(folder) = self
            && let Some(beside) = folder.parent().map(|parent| parent.join(SHARED))
            && beside.is_dir()
        {
            return Self::Folder(beside);
        }
        Self::Embedded(SHARED.to_owned())
    }

    /// Lists the TOML files in a folder of the pack by name; empty where there is no such folder.
    pub(super) fn list(&self, folder: &str) -> Vec<String> {
        let mut files: Vec<String> = match self {
            Self::Embedded(name) => EMBEDDED
                .get_dir(format!("{name}/{folder}"))
                .map(|dir| dir.files().filter_map(|f| f.path().file_name()?.to_str().map(str::to_owned)).collect())
                .unwrap_or_default(),
            Self::Folder(root) => std::fs::read_dir(root.join(folder))
                .map(|entries| entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect())
                .unwrap_or_default(),
        };
        files.retain(|file| Path::new(file).extension().is_some_and(|e| e == "toml"));
        files.sort_unstable();
        files.into_iter().map(|file| format!("{folder}/{file}")).collect()
    }

    /// Parses a file that a pack need not have.
    pub(super) fn parse_optional<T: DeserializeOwned + Default>(&self, file: &str) -> Result<T, CityError> {
        match self.parse(file) {
            Err(CityError::Missing { .. }) => Ok(T::default()),
            read => read,
        }
    }

    /// Reads one file of the pack by its path inside it, such as `script.toml` or `prompts/kk/greeting.wav`.
    ///
    /// # Errors
    /// A missing or unreadable file, and a path that leads out of the pack.
    pub fn read(&self, file: &str) -> Result<Cow<'static, [u8]>, CityError> {
        let missing = || CityError::Missing { file: file.to_owned() };
        if !Path::new(file).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(missing());
        }
        match self {
            Self::Embedded(name) => EMBEDDED
                .get_file(format!("{name}/{file}"))
                .map(|found| Cow::Borrowed(found.contents()))
                .ok_or_else(missing),
            Self::Folder(folder) => std::fs::read(folder.join(file)).map(Cow::Owned).map_err(|error| {
                if error.kind() == std::io::ErrorKind::NotFound {
                    return missing();
                }
                CityError::Unreadable { file: file.to_owned(), reason: error.to_string() }
            }),
        }
    }

    /// Reads one UTF-8 text file of the pack.
    ///
    /// # Errors
    /// As [`PackSource::read`], and text that is not UTF-8.
    pub fn read_text(&self, file: &str) -> Result<String, CityError> {
        String::from_utf8(self.read(file)?.into_owned())
            .map_err(|error| CityError::Unreadable { file: file.to_owned(), reason: error.to_string() })
    }

    pub(crate) fn parse<T: DeserializeOwned>(&self, file: &str) -> Result<T, CityError> {
        parse_toml(file, &self.read_text(file)?)
    }
}

/// Parses TOML; an error names the file, the line and the key that stands there.
pub(super) fn parse_toml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, CityError> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        let content = text.lines().nth(line).unwrap_or_default();
        let key = content.split('=').next().unwrap_or_default().trim();
        CityError::Invalid {
            file: file.to_owned(),
            line: line + 1,
            key: key.to_owned(),
            reason: error.message().to_owned(),
        }
    })
}
