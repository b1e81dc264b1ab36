//! `dauys check` and `dauys settings`.

use crate::cli::Check;
use crate::preflight;
use dauys_config::city::{City, Severity};
use dauys_config::script::CallScript;
use dauys_config::settings::{self, Embeddings, LoadError};
use dauys_gateway::calls::Prompts;
use std::path::Path;
use std::process::ExitCode;

/// What whoever sets an embeddings model is told by a dauys that cannot load one.
pub(crate) const WITHOUT_ONNX: &str =
    "this dauys was built without it: build with `--features onnx`, or take the setting out";

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
        ("transcriber.remote.token", &settings.transcriber.remote.token),
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
    let known = dauys_transcriber::models::find(model).map(|known| known.path(&settings.node.data));
    let path = known.unwrap_or_else(|| model.into());
    if settings.transcriber.engine.loads_model() && model != "demo" && !path.is_file() {
        println!("{}: transcriber.model: there is no file {}", arguments.file.display(), path.display());
        mistakes += 1;
    }
    mistakes += check_embeddings(&settings.understanding.embeddings, &arguments.file);
    let city = preflight::open_city(&settings.city.pack)?;
    for finding in city.check() {
        println!("{finding}");
        mistakes += usize::from(finding.severity == Severity::Error);
    }
    mistakes += check_script(&city);
    if mistakes > 0 {
        println!("{}: {mistakes} mistake(s)", arguments.file.display());
        return Ok(ExitCode::FAILURE);
    }
    println!("{}: all is well", arguments.file.display());
    Ok(ExitCode::SUCCESS)
}

/// Checks that the second engine's files are there; returns how many mistakes there are.
fn check_embeddings(embeddings: &Embeddings, file: &Path) -> usize {
    let Some(model) = embeddings.model() else { return 0 };
    let mut mistakes = Vec::new();
    if cfg!(not(feature = "onnx")) {
        mistakes.push(format!("model: {WITHOUT_ONNX}"));
    }
    for (key, path) in [("model", Some(model)), ("library", embeddings.library())] {
        if let Some(path) = path.filter(|path| !path.exists()) {
            mistakes.push(format!("{key}: there is no {}", path.display()));
        }
    }
    mistakes.iter().for_each(|mistake| println!("{}: understanding.embeddings.{mistake}", file.display()));
    mistakes.len()
}

/// Checks the call script and its prompts; returns how many mistakes there are.
fn check_script(city: &City) -> usize {
    let loaded = CallScript::load(&city.source).map_err(|error| error.to_string());
    let prompts = loaded.and_then(|script| Prompts::load(&city.source, &script).map_err(|error| error.to_string()));
    match prompts {
        Ok(_) => 0,
        Err(reason) => {
            println!("{reason}");
            1
        }
    }
}

/// Prints the example settings.
pub(crate) fn print_example() -> anyhow::Result<ExitCode> {
    print!("{}", settings::example());
    Ok(ExitCode::SUCCESS)
}
