//! Loading the settings, and what can be known to be wrong before anything starts.

use crate::cli::SettingsFile;
use anyhow::{Context, bail};
use dauys_config::Settings;
use dauys_config::city::{City, Severity};
use dauys_config::settings;
use std::path::Path;

/// Loads the settings that the command line names, with the environment's overrides.
///
/// # Errors
/// Every mistake, one a line.
pub(crate) fn settings(arguments: &SettingsFile) -> anyhow::Result<Settings> {
    let mut settings = settings::load(arguments.settings.as_deref(), std::env::vars())?;
    if let Some(data) = &arguments.data {
        settings.node.data.clone_from(data);
    }
    Ok(settings)
}

/// Makes the data folder and tries to write into it.
///
/// # Errors
/// One line that says which folder and what to do.
pub(crate) fn data_folder(folder: &Path) -> anyhow::Result<()> {
    let advice = || {
        format!(
            "the data folder {} cannot be written; choose another with --data or [node] data, or give this user the right",
            folder.display()
        )
    };
    std::fs::create_dir_all(folder).with_context(advice)?;
    let probe = folder.join(".writable");
    std::fs::write(&probe, b"").with_context(advice)?;
    std::fs::remove_file(&probe).with_context(advice)
}

/// Lets the process have as many open files as it may, and says where that is too few: each call holds one.
pub(crate) fn open_files(calls: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// What databases, pages and segment files need beside the calls.
    const BESIDE: u64 = 512;
    let found = getrlimit(Resource::Nofile);
    if setrlimit(Resource::Nofile, Rlimit { current: found.maximum, maximum: found.maximum }).is_err() {
        tracing::debug!("the limit of open files stays as it is");
    }
    let may = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let needed = calls as u64 + BESIDE;
    if may < needed {
        tracing::warn!(
            "{may} open files are too few for [calls] limit = {calls}: callers beyond that are refused; allow {needed} (ulimit -n, or LimitNOFILE in systemd)"
        );
    }
}

/// Loads the city pack that the settings name: built in, or a folder.
///
/// # Errors
/// Where it cannot be loaded, or its checker finds what it cannot run with.
pub(crate) fn city(name: &str) -> anyhow::Result<City> {
    let city = open_city(name)?;
    let errors: Vec<String> =
        city.check().iter().filter(|finding| finding.severity == Severity::Error).map(ToString::to_string).collect();
    if !errors.is_empty() {
        bail!("the city pack {name} has mistakes:\n{}", errors.join("\n"));
    }
    Ok(city)
}

/// Loads a city pack without checking it.
///
/// # Errors
/// Where it cannot be loaded.
pub(crate) fn open_city(name: &str) -> anyhow::Result<City> {
    let city = if City::embedded_names().contains(&name) { City::embedded(name) } else { City::load(name) };
    city.with_context(|| {
        format!(
            "[city] pack = \"{name}\": neither built in ({}) nor a folder with a pack",
            City::embedded_names().join(", ")
        )
    })
}
