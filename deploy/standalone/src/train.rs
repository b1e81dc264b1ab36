//! `dauys train`: a new model from phrases and corrections, judged beside the one in use, and refused where it is worse.

use crate::cli::Train;
use crate::models::Models;
use crate::preflight;
use crate::second::{self, Second};
use anyhow::Context;
use dauys_config::Settings;
use dauys_config::settings::StoreKind;
use dauys_router::store::{self, CorrectionState};
use dauys_understand::{Comparison, Correction, Report, train};
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

/// Corrections that are read from the store at a time.
const PAGE: u32 = 500;

/// What a second engine was taught, and how it does beside the words.
#[derive(Debug, Serialize)]
#[cfg_attr(not(feature = "onnx"), expect(dead_code, reason = "nothing is taught then"))]
pub(crate) struct Taught {
    /// Names the engine and what it learned.
    pub version: String,
    /// Its quality and that of the words on phrases that neither had met.
    pub comparison: Comparison,
    /// What is kept.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    embeddings: Option<&'a Taught>,
}

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
    // Before the training: what cannot be used must not be found out after minutes.
    let second = Second::load(&settings)?;
    let models = Models::of(&settings.node.data, &city);
    let in_use = models.in_use(&city);
    let trained = train(&city, &corrections, in_use.as_ref());
    let taught = second.map(|second| second.train(&city, &corrections, &models)).transpose()?;
    if arguments.json {
        let whole = Whole { report: &trained.report, embeddings: taught.as_ref() };
        println!("{}", serde_json::to_string_pretty(&whole)?);
    } else {
        print(&trained.report);
        taught.iter().for_each(print_taught);
    }
    if !trained.report.refused.is_empty() {
        anyhow::bail!("the model in use stays: {}", trained.report.refused.join("; "));
    }
    if !arguments.dry_run {
        models.put_in_use(&trained.model)?;
        taught.iter().try_for_each(|taught| second::put_in_use(&models, taught))?;
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

fn print_taught(taught: &Taught) {
    let Comparison { phrases, weight, words, second, joined } = &taught.comparison;
    println!(
        "{}, joined with a weight of {weight:.2}, on {phrases} phrases that neither engine had met:",
        taught.version
    );
    for (name, quality) in [("words", words), ("embeddings", second), ("both", joined)] {
        let (found, likelihood) = (quality.accuracy * 100.0, quality.log_likelihood);
        println!("  {name:<12} found {found:5.1} %, log-likelihood {likelihood:.3}");
    }
}
