//! `dauys call`: the test phone.

use crate::cli::{Call, End, Law};
use crate::preflight;
use anyhow::Context;
use dauys_loadtest::phone::target::Target;
use dauys_loadtest::phone::ticket::{CallOutcome, outcome};
use dauys_loadtest::phone::{CallPlan, CallReport, EndBy, place, speech};
use dauys_media::g711::Codec;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Places the call, asks what became of it, and prints both.
pub(crate) fn run(arguments: &Call) -> anyhow::Result<ExitCode> {
    let samples = speech::read(&arguments.file)?;
    let target = Target::parse(&arguments.to)?;
    let codec = match arguments.codec {
        Law::Alaw => Codec::Alaw,
        Law::Ulaw => Codec::Ulaw,
    };
    let plan = CallPlan {
        press: arguments.press.clone(),
        wait_for_tone: !arguments.at_once,
        end: match arguments.end {
            End::Hash => EndBy::Hash,
            End::Silence => EndBy::Silence,
            End::Hangup => EndBy::HangUp,
        },
        ..CallPlan::say(samples)
    };
    let api = if arguments.no_ticket { None } else { Some(Api::find(arguments)?) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let report = place(&target, &arguments.from, plan, &[codec]).await?;
        if let Some(path) = &arguments.save_heard {
            save(path, codec, &report.heard).with_context(|| format!("{}", path.display()))?;
        }
        let Some(api) = api else {
            println!("{}", if arguments.json { json!(report).to_string() } else { line(&report) });
            return Ok(ExitCode::SUCCESS);
        };
        let patience = Duration::from_secs(arguments.patience);
        let http = reqwest::Client::builder().build()?;
        let found = outcome(&http, &api.url, &api.token, &report.call_id, patience).await?;
        if arguments.json {
            println!("{}", serde_json::to_string(&found)?);
        } else {
            println!("{}\n{}", line(&report), sentences(&found));
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Where the API is, and what opens it.
pub(crate) struct Api {
    pub url: String,
    pub token: String,
}

impl Api {
    fn find(arguments: &Call) -> anyhow::Result<Self> {
        let settings = preflight::settings(&arguments.settings)?;
        let url = match (&arguments.api, &settings.http.public_url) {
            (Some(url), _) | (None, Some(url)) => url.clone(),
            (None, None) => format!("http://{}", settings.http.listen),
        };
        let path: PathBuf = arguments.token_file.clone().unwrap_or_else(|| settings.node.data.join("api-token.txt"));
        let token = read_token(&path)?;
        Ok(Self { url, token })
    }
}

/// Reads the token that a running dauys has written.
///
/// # Errors
/// Where there is none: it says what to do.
pub(crate) fn read_token(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!(
            "the API's token {} cannot be read; name it with --token-file or the data folder with --data, or place the call \
             alone with --no-ticket",
            path.display()
        )
    })?;
    Ok(text.trim().to_owned())
}

fn line(report: &CallReport) -> String {
    format!(
        "call {}: answered in {:.0} ms, {}, {} packets sent and {} received, {}",
        report.call_id,
        report.setup_ms,
        report.codec,
        report.sent,
        report.received,
        if report.hung_up_by_peer { "ended by the other side" } else { "ended by the caller" }
    )
}

/// Says what became of a call, for a person.
pub(crate) fn sentences(found: &CallOutcome) -> String {
    format!(
        "  heard      {} ({})\n  category   {}\n  place      {}\n  agency     {}\n  number     {}\n  cabinet    {:.1} s after the last word",
        if found.transcript.is_empty() { "nothing that can be relied on" } else { &found.transcript },
        found.language.as_deref().unwrap_or("no known language"),
        found.category,
        found.place.as_deref().unwrap_or("none named"),
        found.agency,
        found.registration_number,
        found.seconds_to_cabinet
    )
}

fn save(path: &Path, codec: Codec, heard: &[u8]) -> Result<(), hound::Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    heard.iter().try_for_each(|byte| writer.write_sample(codec.decode(*byte)))?;
    writer.finalize()
}
