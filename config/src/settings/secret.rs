//! A secret: where it is found, and a value that is never shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// Where a secret is found: `{ env = "NAME" }` or `{ file = "path" }`; `{}` for none.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Secret {
    /// The environment variable that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// The file that holds it; a line end at its end is ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

impl Secret {
    /// Returns whether a place is named.
    pub fn is_set(&self) -> bool {
        self.env.is_some() || self.file.is_some()
    }

    /// Reads the secret; none where no place is named.
    ///
    /// # Errors
    /// A sentence that says which variable or file is missing.
    pub fn read(&self) -> Result<Option<String>, String> {
        match (&self.env, &self.file) {
            (Some(_), Some(_)) => Err("name either `env` or `file`, not both".to_owned()),
            (Some(name), None) => match std::env::var(name) {
                Ok(value) if !value.is_empty() => Ok(Some(value)),
                _ => Err(format!("the environment variable {name} is empty or not set")),
            },
            (None, Some(path)) => std::fs::read_to_string(path)
                .map(|text| Some(text.trim_end_matches(['\r', '\n']).to_owned()))
                .map_err(|error| format!("{}: {error}", path.display())),
            (None, None) => Ok(None),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.env, &self.file) {
            (Some(name), _) => write!(f, "Secret(env {name})"),
            (None, Some(path)) => write!(f, "Secret(file {})", path.display()),
            (None, None) => f.write_str("Secret(none)"),
        }
    }
}
