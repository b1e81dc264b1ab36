//! `make eval`: measures how well calls are understood, prints it, and writes `target/eval/report.json`. Options: names of
//! cities, `--wrong` (prints what was wrong in the open sets), `--helpings` (judges what teaches danger by what was not learned).

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a report to a terminal, with its own stopwatch")]

mod report;

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use dauys_config::city::City;
use dauys_evaluation::sets;
use dauys_understand::{Model, Transcript};
use serde_json::{Value, json};

use crate::report::Evaluation;

/// Rounds over the calls for the stopwatch.
const ROUNDS: u32 = 5;
/// The cities that have data sets; the fields of the first one stand at the top of the report.
const CITIES: [&str; 2] = ["shymkent", "samarkand"];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wrong = arguments.iter().any(|a| a == "--wrong");
    let helpings = arguments.iter().any(|a| a == "--helpings");
    let named: Vec<&str> = arguments.iter().map(String::as_str).filter(|a| !a.starts_with("--")).collect();
    let cities = if named.is_empty() { CITIES.to_vec() } else { named };
    if helpings {
        return measure_helpings(cities.first().copied().unwrap_or_default());
    }
    let mut report = Value::Null;
    for name in cities {
        let one = measure(name, wrong)?;
        if report.is_null() {
            report = one;
        } else {
            report["cities"][name] = one;
        }
    }
    let file = Path::new("target/eval/report.json");
    std::fs::create_dir_all("target/eval").context("target/eval cannot be made")?;
    std::fs::write(file, serde_json::to_string_pretty(&report)?).context("the report cannot be written")?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// Probabilities of calm up to which a danger may be believed.
const LIMITS: [f32; 6] = [0.5, 0.6, 0.7, 0.75, 0.8, 0.9];

/// Judges each helping of the made-up calls of danger by an alarm that learned from all the others: what a limit finds, and
/// what it takes for danger. The calls are harder than those of the sets, as they were written to teach.
fn measure_helpings(name: &str) -> anyhow::Result<()> {
    let city = City::embedded(name)?;
    println!("recall / false alarms by the limit of calm: {LIMITS:?}");
    let mut all = Vec::new();
    for helping in 1..=dauys_understand::danger_helpings() {
        let judged = dauys_understand::judge_helping(&city, helping);
        println!("helping {helping:2}, {:4} lines: {}", judged.len(), shares(&judged));
        all.extend(judged);
    }
    println!("all, {} lines: {}", all.len(), shares(&all));
    Ok(())
}

fn shares(judged: &[(bool, f32)]) -> String {
    #[expect(clippy::cast_precision_loss, reason = "lines are few")]
    let share = |danger: bool, limit: f32| {
        let of: Vec<_> = judged.iter().filter(|(is, _)| *is == danger).collect();
        let told = of.iter().filter(|(_, calm)| *calm <= limit).count();
        100.0 * told as f64 / of.len().max(1) as f64
    };
    LIMITS.map(|limit| format!("{:.1}/{:.1}", share(true, limit), share(false, limit))).join("  ")
}

/// Trains a city's model, measures it and its speed.
fn measure(name: &str, wrong: bool) -> anyhow::Result<Value> {
    let city = City::embedded(name)?;
    let started = Instant::now();
    let trained = Model::train(&city);
    let training = started.elapsed();
    let bytes = trained.to_bytes();
    let started = Instant::now();
    let model = Model::from_bytes(&city, &bytes)?;
    let loading = started.elapsed();
    let mut report = Evaluation { city: &city, model: &model, wrong }.report();
    report["us_per_transcript"] = json!(speed(name, &model));
    report["training_ms"] = json!(training.as_millis());
    report["model_load_ms"] = json!(loading.as_secs_f64() * 1e3);
    report["model_bytes"] = json!(bytes.len());
    report["model"] = json!(model.version());
    Ok(report)
}

fn speed(name: &str, model: &Model) -> f64 {
    let calls = sets::calls(name);
    let started = Instant::now();
    let mut understood = 0_u32;
    for call in (0..ROUNDS).flat_map(|_| &calls) {
        let u = model.understand(&Transcript { text: call.text, language: None });
        understood += u32::from(!u.why.is_empty());
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(understood.max(1))
}
