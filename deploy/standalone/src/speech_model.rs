//! `dauys model`: lists the known speech models, fetches one, checks one, and names one in the settings.

use crate::cli::{Model as Arguments, ModelCommand};
use anyhow::{Context, bail};
use dauys_config::Settings;
use dauys_transcriber::engine::check_model;
use dauys_transcriber::models::{self, Model};
use reqwest::{StatusCode, header};
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How long a server may send nothing.
const STALLED: Duration = Duration::from_secs(30);

/// Carries a subcommand out.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = crate::preflight::settings(&arguments.settings)?;
    match &arguments.command {
        ModelCommand::List => list(&settings),
        ModelCommand::Fetch { name, from } => fetch(&settings, find(name)?, from.as_deref())?,
        ModelCommand::Verify { model } => verify(&settings, model)?,
        ModelCommand::Use { model } => use_model(&settings, model, arguments.settings.settings.as_deref())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn find(name: &str) -> anyhow::Result<&'static Model> {
    models::find(name).with_context(|| format!("no model is known as `{name}`: `dauys model list` shows the names"))
}

fn list(settings: &Settings) {
    let own = &settings.transcriber.model;
    let mark = |name: &str| if own == name { "*" } else { " " };
    println!("{} {:<21} {:>5} MiB  built in; a demonstration, synthetic voices only", mark("demo"), "demo", 10);
    for model in models::known() {
        let there = if model.path(&settings.node.data).is_file() { "here" } else { "not fetched" };
        println!(
            "{} {:<21} {:>5} MiB  {there}; {}, {}",
            mark(model.name),
            model.name,
            model.mebibytes,
            model.licence,
            model.languages
        );
    }
}

/// Fetches a model, going on where an earlier try stopped; nothing is put in place before it was checked.
fn fetch(settings: &Settings, model: &Model, from: Option<&str>) -> anyhow::Result<()> {
    let target = model.path(&settings.node.data);
    if target.is_file() {
        println!("{} is there already: {}", model.name, target.display());
        return verify(settings, model.name);
    }
    let part = target.with_extension("bin.part");
    std::fs::create_dir_all(target.parent().unwrap_or(&settings.node.data))?;
    let source = from.unwrap_or(model.source);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Err(reason) = runtime.block_on(download(source, &part, model.mebibytes)) {
        bail!(
            "{source} could not be fetched: {reason:#}. On a machine without internet, fetch that file elsewhere, put it \
             at {}, and run `dauys model verify {}`",
            target.display(),
            model.name
        );
    }
    models::verify(model, &part).map_err(|error| {
        let _ = std::fs::remove_file(&part);
        anyhow::anyhow!("what was fetched is not {}: {error}", model.name)
    })?;
    std::fs::rename(&part, &target)?;
    println!("{} is at {}; `dauys model use {}` names it in the settings", model.name, target.display(), model.name);
    Ok(())
}

async fn download(source: &str, part: &Path, mebibytes: u64) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().read_timeout(STALLED).connect_timeout(STALLED).build()?;
    let have = std::fs::metadata(part).map_or(0, |file| file.len());
    let mut request = client.get(source);
    if have > 0 {
        request = request.header(header::RANGE, format!("bytes={have}-"));
    }
    let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
    // A part that is the whole already: there is nothing behind its end.
    if have > 0 && response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        return Ok(());
    }
    let response_status = response.status();
    if !response_status.is_success() {
        bail!("the server answered {response_status}");
    }
    let goes_on = response_status == StatusCode::PARTIAL_CONTENT;
    let mut file = if goes_on { File::options().append(true).open(part)? } else { File::create(part)? };
    let mut written = if goes_on { have } else { 0 };
    // The stated size is rounded: a tenth more is no model any more.
    let most = mebibytes * (1 << 20) * 11 / 10;
    let mut told = written >> 26;
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        written += chunk.len() as u64;
        if written > most {
            bail!("it is larger than the model's {mebibytes} MiB");
        }
        file.write_all(&chunk)?;
        if written >> 26 > told {
            told = written >> 26;
            println!("{} of about {mebibytes} MiB", written >> 20);
        }
    }
    file.sync_all()?;
    Ok(())
}

/// Checks a model by its name, or a file by its path.
fn verify(settings: &Settings, name: &str) -> anyhow::Result<()> {
    let Some(model) = models::find(name) else {
        let file = File::open(name).with_context(|| format!("{name} is no known model, and no file"))?;
        let shape = check_model(BufReader::new(file)).with_context(|| format!("{name} is not usable"))?;
        println!("{name} is whole, as far as its own lengths tell; it hears {} s at once", shape.window_ms() / 1000);
        return Ok(());
    };
    let path = model.path(&settings.node.data);
    if !path.is_file() {
        bail!("{} is not there: put it at {}, or run `dauys model fetch {name}`", model.name, path.display());
    }
    models::verify(model, &path).with_context(|| path.display().to_string())?;
    println!("{} is whole: its SHA-1 is the one that its publisher states", model.name);
    Ok(())
}

/// Names a model in the settings file, once it was checked.
fn use_model(settings: &Settings, name: &str, file: Option<&Path>) -> anyhow::Result<()> {
    if name != "demo" {
        verify(settings, name)?;
    }
    let Some(file) = file else {
        println!(
            "write this into your settings file, or name the file with --settings:\n\n[transcriber]\nmodel = \"{name}\""
        );
        return Ok(());
    };
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let changed = with_model(&text, name);
    dauys_config::settings::check_text("the changed file", &changed, std::iter::empty()).map_err(|findings| {
        anyhow::anyhow!("{}", findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    let beside: PathBuf = file.with_extension("toml.new");
    std::fs::write(&beside, changed)?;
    std::fs::rename(&beside, file)?;
    println!("{} names {name} now; restart dauys: it finishes what it holds, and what waits is kept", file.display());
    Ok(())
}

/// Sets `model` in the section `[transcriber]` of a settings file, and leaves everything else as it is.
fn with_model(text: &str, name: &str) -> String {
    let quoted = toml_string(name);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let is_header = |line: &str| line.trim_start().starts_with('[');
    let Some(header) = lines.iter().position(|line| line.trim() == "[transcriber]") else {
        return format!(
            "{text}{}[transcriber]\nmodel = {quoted}\n",
            if text.is_empty() || text.ends_with('\n') { "" } else { "\n" }
        );
    };
    let end = lines.iter().skip(header + 1).position(|line| is_header(line)).map_or(lines.len(), |at| header + 1 + at);
    let is_model = |line: &str| line.split('=').next().is_some_and(|key| key.trim() == "model");
    let set = format!("model = {quoted}");
    let old = (header + 1..end).find(|at| lines.get(*at).is_some_and(|line| is_model(line)));
    match old.and_then(|at| lines.get_mut(at)) {
        Some(line) => *line = set,
        None => lines.insert(header + 1, set),
    }
    lines.join("\n") + "\n"
}

fn toml_string(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests;
