//! What can be wrong with a pack before it can even be checked.

/// Says why a city pack could not be loaded, naming the file and, where there is one, the line.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    /// No embedded pack has this name.
    #[error("no embedded city pack is called {name:?}; there is {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A file of the pack is missing.
    #[error("{file}: the pack has no such file")]
    Missing {
        /// Path inside the pack, or the pack's folder.
        file: String,
    },
    /// A file could not be read.
    #[error("{file}: {reason}")]
    Unreadable {
        /// Path inside the pack.
        file: String,
        /// The system's reason.
        reason: String,
    },
    /// A file is not the TOML that is expected here.
    #[error("{file}:{line}: {key}: {reason}")]
    Invalid {
        /// Path inside the pack.
        file: String,
        /// Line, counted from 1.
        line: usize,
        /// The key on that line, or the line itself where no key stands there.
        key: String,
        /// What is wrong.
        reason: String,
    },
}
