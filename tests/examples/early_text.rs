//! Measures what early text is worth: callers who speak for long, and how long their tickets take from the last word, with early text
//! and without. Prints numbers; it neither passes nor fails. Build dauys first (`cargo build -p dauys-standalone`).
//!
//! `cargo run -p dauys-tests --example early_text -- [calls at once] [seconds each]`
#![allow(clippy::print_stdout, reason = "a measuring tool prints")]

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use dauys_loadtest::phone::target::Target;
use dauys_loadtest::phone::{CallPlan, EndBy, place, speech};
use dauys_media::g711::Codec;
use dauys_tests::dauys::Dauys;

fn argument(nth: usize, default: usize) -> anyhow::Result<usize> {
    std::env::args().nth(nth).map_or(Ok(default), |text| text.parse().context("arguments are numbers"))
}

/// The sample calls one after the other, each caller beginning with another one, with 0.9 s of silence between them.
fn said(caller: usize, seconds: usize) -> anyhow::Result<Vec<i16>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcriber/demo-model/calls");
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "wav"))
        .collect();
    files.sort();
    let mut samples = Vec::new();
    for file in files.iter().cycle().skip(caller) {
        if samples.len() >= seconds * 8_000 {
            break;
        }
        samples.extend(speech::read(file)?);
        samples.extend([0; 7_200]);
    }
    samples.truncate(samples.len().saturating_sub(7_200));
    Ok(samples)
}

async fn measure(calls: usize, seconds: usize, early: &str) -> anyhow::Result<()> {
    let data = tempfile::TempDir::new()?;
    let settings = [("DAUYS__CALLS__EARLY_TEXT_SECONDS", early), ("DAUYS__CALLS__END_SILENCE_MS", "4000")];
    let dauys = Dauys::start(data.path(), &settings).await?;
    let target = Target::parse(&format!("sip:109@{}", dauys.sip)).map_err(|error| anyhow::anyhow!("{error}"))?;
    let callers = (0..calls).map(async |caller| {
        // Spread over some seconds, as nobody hangs up together.
        tokio::time::sleep(Duration::from_millis(2_700 * caller as u64)).await;
        let plan = CallPlan { wait_for_tone: false, end: EndBy::HangUp, ..CallPlan::say(said(caller, seconds)?) };
        let report = place(&target, "77000000001", plan, &[Codec::Alaw]).await?;
        Ok::<_, anyhow::Error>(dauys.ticket_of(&report.call_id).await?.seconds_to_cabinet)
    });
    let mut waits = futures::future::try_join_all(callers).await?;
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| {
        waits.get(((waits.len() as f64 * share).ceil() as usize).saturating_sub(1)).copied().unwrap_or_default()
    };
    let metrics = dauys.http.get(format!("{}/metrics", dauys.api)).send().await?.text().await?;
    let sum = |name: &str| -> f64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).unwrap_or_default()
    };
    let (audio, known) = (sum("dauys_transcriber_audio_seconds_sum"), sum("dauys_transcriber_early_seconds_sum"));
    println!(
        "early_text_seconds = {early}: {calls} calls of {seconds} s, from the last word to the ticket: median {:.2} s, p95 {:.2} s, \
         most {:.2} s; {:.0} s recorded, {:.0} s of them left to hear at the end",
        at(0.5),
        at(0.95),
        at(1.0),
        audio,
        audio - known
    );
    dauys.stop().await
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (calls, seconds) = (argument(1, 6)?, argument(2, 75)?);
    for early in ["0", "12"] {
        measure(calls, seconds, early).await?;
    }
    Ok(())
}
