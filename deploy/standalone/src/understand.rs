//! `dauys understand`: what is made of a transcript, for editors of a city pack and for measurements.

use crate::cli::Understand;
use crate::models::Models;
use crate::preflight;
use crate::second::Second;
use dauys_assign::Assigner;
use dauys_config::Settings;
use dauys_config::city::City;
use dauys_understand::{Model, Transcript};
use serde_json::json;
use std::io::{BufRead, Write};
use std::process::ExitCode;

/// Gives the model that decides. One is kept where there is a data folder; this command makes none.
fn model(settings: &Settings, city: &City) -> anyhow::Result<Model> {
    let second = Second::load(settings)?;
    if settings.node.data.is_dir() {
        return Models::of(&settings.node.data, city).for_start(city, second.as_ref());
    }
    let words = Model::train(city);
    match second {
        Some(second) => second.beside(words, city, None),
        None => Ok(words),
    }
}

/// Reads transcripts from standard input and prints decisions.
pub(crate) fn run(arguments: &Understand) -> anyhow::Result<ExitCode> {
    let settings = preflight::settings(&arguments.settings)?;
    let city = preflight::city(arguments.city.as_deref().unwrap_or(&settings.city.pack))?;
    let model = model(&settings, &city)?;
    let assigner = Assigner::new(&city);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let understood = model.understand(&Transcript { text: &line?, language: None });
        let unit = understood.place.as_ref().map(|place| place.unit.as_str());
        let assignment = assigner.assign(&understood.category, unit);
        let decision = json!({
            "category": understood.category,
            "probability": understood.probability,
            "top": understood.top,
            "kind": understood.kind,
            "danger": understood.danger,
            "emergency": understood.emergency,
            "place": understood.place,
            "agency": assignment.agency,
            "language": understood.language,
            "decided_by": understood.decided_by,
            "conduct": understood.conduct,
            "issues": understood.issues,
            "contact": understood.contact,
            "preferred": understood.preferred,
            "model": understood.model,
            "why": understood.why,
        });
        writeln!(out, "{decision}")?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
