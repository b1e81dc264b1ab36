//! `dauys check` and `dauys settings`.

use crate::cli::Check;
use crate::preflight;
use dauys_config::city::Severity;
use dauys_config::settings::{self, LoadError};
use std::process::ExitCode;

/// Checks a settings file, its secrets and its city pack.
pub(crate) fn run(arguments: &Check) -> anyhow::Result<ExitCode> {
    let settings = match settings::load(Some(&arguments.file), std::env::vars()) {
        Ok(settings) => settings,
        Err(LoadError::Mistakes(findings)) => {
            findings.iter().for_each(|finding| println!("{finding}"));
            println!("{}: {} mistake(s)", arguments.file.display(), findings.len());
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error.into()),
    };
    let mut mistakes = 0;
    for (key, secret) in [
        ("store.postgres_url", &settings.store.postgres_url),
        ("bus.kafka.password", &settings.bus.kafka.password),
        ("whatsapp.access_token", &settings.whatsapp.access_token),
        ("whatsapp.app_secret", &settings.whatsapp.app_secret),
        ("whatsapp.verify_token", &settings.whatsapp.verify_token),
    ] {
        if let Err(reason) = secret.read() {
            println!("{}: {key}: {reason}", arguments.file.display());
            mistakes += 1;
        }
    }
    let model = &settings.transcriber.model;
    if model != "demo" && !std::path::Path::new(model).is_file() {
        println!("{}: transcriber.model: there is no file {model}", arguments.file.display());
        mistakes += 1;
    }
    let city = preflight::open_city(&settings.city.pack)?;
    for finding in city.check() {
        println!("{finding}");
        mistakes += usize::from(finding.severity == Severity::Error);
    }
    if mistakes > 0 {
        println!("{}: {mistakes} mistake(s)", arguments.file.display());
        return Ok(ExitCode::FAILURE);
    }
    println!("{}: all is well", arguments.file.display());
    Ok(ExitCode::SUCCESS)
}

/// Prints the example settings.
pub(crate) fn print_example() -> anyhow::Result<ExitCode> {
    print!("{}", settings::example());
    Ok(ExitCode::SUCCESS)
}
