//! `dauys train`: a new model from phrases and corrections, judged beside the one in use, and refused where it is worse.

use crate::cli::Train;
use crate::models::Models;
use crate::preflight;
use anyhow::Context;
use dauys_config::Settings;
use dauys_config::settings::StoreKind;
use dauys_router::store::{self, CorrectionState};
use dauys_understand::{Correction, Report, train};
use std::path::Path;
use std::process::ExitCode;

/// Corrections that are read from the store at a time.
const PAGE: u32 = 500;

/// Trains, reports, and puts the model in use unless it is worse.
pub(crate) fn run(arguments: &Train) -> anyhow::Result<ExitCode> {
    let settings = preflight::settings(&arguments.settings)?;
    let city = preflight::city(arguments.city.as_deref().unwrap_or(&settings.city.pack))?;
    let mut corrections = Vec::new();
    if !arguments.phrases_only {
        corrections.extend(accepted(&settings)?);
    }
    if let Some(file) = &arguments.corrections {
        corrections.extend(from_file(file)?);
    }
    let models = Models::of(&settings.node.data, &city);
    let in_use = models.in_use(&city);
    let trained = train(&city, &corrections, in_use.as_ref());
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&trained.report)?);
    } else {
        print(&trained.report);
    }
    if !trained.report.refused.is_empty() {
        anyhow::bail!("the model in use stays: {}", trained.report.refused.join("; "));
    }
    if !arguments.dry_run {
        models.put_in_use(&trained.model)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the corrections that somebody accepted; none where there is no ticket store yet.
fn accepted(settings: &Settings) -> anyhow::Result<Vec<Correction>> {
    if settings.store.kind == StoreKind::Sqlite && !settings.node.data.join("tickets.db").exists() {
        return Ok(Vec::new());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = store::open(settings).await.context("the ticket store cannot be opened")?;
        let (mut found, mut after) = (Vec::new(), 0);
        loop {
            let page = store.corrections(Some(CorrectionState::Accepted), after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            found.extend(page.into_iter().map(|correction| Correction {
                text: correction.transcript,
                language: correction.language,
                category: correction.to,
                kind: None,
            }));
        }
        Ok(found)
    })
}

fn from_file(file: &Path) -> anyhow::Result<Vec<Correction>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let lines = (1_usize..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| serde_json::from_str(line).with_context(|| format!("{}:{number}", file.display())))
        .collect()
}

fn print(report: &Report) {
    let percent = |share: f64| format!("{:5.1} %", share * 100.0);
    println!(
        "{:<22} {:>7} {:>9} {:>8} {:>8} {:>14}",
        "category", "phrases", "precision", "recall", "F1", "recall in use"
    );
    for quality in &report.categories {
        let before = quality.recall_in_use.map_or("-".to_owned(), percent);
        let (precision, recall, f1) = (percent(quality.precision), percent(quality.recall), percent(quality.f1));
        println!("{:<22} {:>7} {precision:>9} {recall:>8} {f1:>8} {before:>14}", quality.code, quality.phrases);
    }
    let accuracy = percent(report.accuracy);
    println!(
        "{}: {} phrases, {} of them corrections; found when not met before: {accuracy}",
        report.version, report.phrases, report.corrections
    );
    match &report.in_use {
        Some(in_use) => println!(
            "in use is {}: {} of the {} phrases that both were judged on, the new one {}",
            in_use.version,
            percent(in_use.accuracy),
            in_use.phrases,
            percent(in_use.new_accuracy)
        ),
        None => println!("no model was in use"),
    }
}
