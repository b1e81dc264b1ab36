//! What the tests of the whole way share.
#![allow(dead_code, reason = "each test program uses a part of it")]

use dauys_bus::testing::skipped;
use dauys_gateway::calls::Prompts;
use dauys_loadtest::phone::target::Target;
use dauys_loadtest::phone::{CallPlan, CallReport, EndBy, place, speech};
use dauys_media::g711::Codec;
use dauys_tests::dauys::Dauys;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads one of the sample calls.
pub fn sample(name: &str) -> Vec<i16> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcriber/demo-model/calls");
    speech::read(&folder.join(format!("{name}.wav"))).unwrap()
}

/// A caller who speaks at once.
pub fn plan(speech: Vec<i16>, end: EndBy) -> CallPlan {
    CallPlan { wait_for_tone: false, end, ..CallPlan::say(speech) }
}

pub fn target(dauys: &Dauys) -> Target {
    Target::parse(&format!("sip:109@{}", dauys.sip)).unwrap()
}

/// Places a sample call that speaks at once.
pub async fn call(dauys: &Dauys, name: &str, end: EndBy) -> CallReport {
    place(&target(dauys), "77000000001", plan(sample(name), end), &[Codec::Alaw]).await.unwrap()
}

/// Lists the tickets, newest first.
pub async fn tickets(dauys: &Dauys) -> Vec<Value> {
    let mut page = dauys.get("/api/v1/tickets?limit=100").await.unwrap();
    serde_json::from_value(page["tickets"].take()).unwrap()
}

/// Fetches the recording of a ticket.
pub async fn recording(dauys: &Dauys, ticket: &Value) -> Vec<u8> {
    let url = format!("{}/api/v1/tickets/{}/recording", dauys.api, ticket["ticket_id"].as_str().unwrap());
    let response = dauys.http.get(url).bearer_auth(&dauys.token).send().await.unwrap().error_for_status().unwrap();
    response.bytes().await.unwrap().to_vec()
}

/// Returns what a WAV file holds behind its header.
pub fn payload(wav: &[u8]) -> &[u8] {
    let data = wav.windows(4).position(|window| window == b"data").unwrap();
    &wav[data + 8..]
}

/// Finds a program that a test needs, or says that the test was skipped.
pub fn program(part: &str, name: &str) -> Option<PathBuf> {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        skipped(part);
    }
    found
}

/// Counts the files in a folder and below it.
pub fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.flatten().map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

/// Waits until something holds.
pub async fn until(holds: impl Fn() -> bool) {
    until_ok(async || holds().then_some(())).await;
}

/// Waits until something is there; another process brings it, so that asking again is the only way to know.
pub async fn until_ok<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap()
}

/// Recognises the number that a phone heard, by the Kazakh digits that follow "the number is".
pub fn number_heard(report: &CallReport) -> String {
    let pack = dauys_config::city::PackSource::embedded("shymkent").unwrap();
    let script = dauys_config::script::CallScript::load(&pack).unwrap();
    let prompts = Prompts::load(&pack, &script).unwrap();
    let bytes = |name: String| prompts.clips(&[name])[0].bytes(Codec::Alaw).to_vec();
    let before = bytes("kk/number".to_owned());
    let mut at = report.heard.windows(before.len()).position(|window| window == before).unwrap() + before.len();
    let digits: Vec<Vec<u8>> = (0..10).map(|digit| bytes(format!("kk/{digit}"))).collect();
    (0..10)
        .map(|_| {
            let digit = digits.iter().position(|digit| report.heard[at..].starts_with(digit)).unwrap();
            at += digits[digit].len();
            digit.to_string()
        })
        .collect()
}
