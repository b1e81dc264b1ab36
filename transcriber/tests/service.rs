//! The transcription service as clients of OpenAI's API see it, the official Python client among them.
#![cfg(feature = "demo-model")]
#![allow(clippy::expect_used, reason = "the helpers of a test may fail it")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dauys_events::Language;
use dauys_transcriber::engine::{Engine, EngineError, EngineInfo, FakeEngine, Hint, Hypothesis};
use dauys_transcriber::load::LoadBoard;
use dauys_transcriber::service;
use dauys_transcriber::transcribe::Pipeline;
use reqwest::multipart::{Form, Part};
use support::{ENGINE, sample_calls, silence, wav_a_law};
use tokio::net::TcpListener;

/// The demo model, loaded once for all tests.
struct Shared;

impl Engine for Shared {
    fn describe(&self) -> EngineInfo {
        ENGINE.describe()
    }

    fn transcribe(&self, pcm: &[f32], hint: Hint) -> Result<Hypothesis, EngineError> {
        ENGINE.transcribe(pcm, hint)
    }
}

async fn serve(engine: Arc<dyn Engine>) -> String {
    let board = Arc::new(LoadBoard::default());
    board.write(12, 2, Duration::from_secs(7));
    let routes = service::routes(engine, Pipeline::default(), board);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/v1")
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().build().expect("a client")
}

fn form(file: Vec<u8>) -> Form {
    Form::new().part("file", Part::bytes(file).file_name("call.wav")).text("model", "whisper-1")
}

async fn post(base: &str, form: Form) -> reqwest::Response {
    client().post(format!("{base}/audio/transcriptions")).multipart(form).send().await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_transcribed_in_every_form() {
    let base = serve(Arc::new(Shared)).await;
    let call = sample_calls().remove(0);
    for (format, expected) in [
        ("json", format!("{{\"text\":\"{}\"}}", call.text)),
        ("text", format!("{}\n", call.text)),
        ("srt", "00:00:00,".to_owned()),
        ("vtt", "WEBVTT\n\n00:00:00.".to_owned()),
        ("verbose_json", "\"avg_logprob\":".to_owned()),
    ] {
        let answer = post(&base, form(call.bytes.clone()).text("response_format", format)).await;
        assert_eq!(answer.status(), 200, "{format}");
        let text = answer.text().await.expect("text");
        assert!(text.contains(&expected), "{format}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_said() {
    let base = serve(Arc::new(FakeEngine::saying("нет света", Language::Ru))).await;
    let speech = || sample_calls().remove(0).bytes;
    for (form, status, hint) in [
        (Form::new().text("model", "whisper-1"), 400, "file"),
        (form(b"no recording".to_vec()), 400, "neither WAV"),
        (form(Vec::new()), 400, "empty"),
        (form(speech()).text("language", "cy"), 400, "language"),
        (form(speech()).text("response_format", "docx"), 400, "response_format"),
        (form(speech()).text("stream", "true"), 400, "stream"),
        (Form::new().part("file", Part::bytes(speech())).text("model", "gpt-4o-transcribe"), 404, "not loaded"),
        (form(vec![0; 26 << 20]), 413, "25 MiB"),
    ] {
        let answer = post(&base, form).await;
        assert_eq!(answer.status(), status, "{hint}");
        let text = answer.text().await.expect("text");
        assert!(text.starts_with("{\"error\":") && text.contains(hint), "{hint}: {text}");
    }
    let silent = post(&base, form(wav_a_law(&silence(3.0)))).await.text().await.expect("text");
    assert_eq!(silent, "{\"text\":\"\"}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_load_and_the_models_are_published() {
    let base = serve(Arc::new(Shared)).await;
    let get = async |path: &str| client().get(format!("{base}{path}")).send().await.expect("an answer");
    let load: serde_json::Value = get("/load").await.json().await.expect("JSON");
    assert_eq!((load["waiting_recordings"].as_u64(), load["waiting_seconds"].as_f64()), (Some(12), Some(7.0)));
    let models = get("/models").await.text().await.expect("text");
    assert!(models.contains("\"109-demo\"") && models.contains("\"whisper-1\""), "{models}");
    assert_eq!(get("/models/109-demo").await.status(), 200);
    assert_eq!(get("/models/large-v9").await.status(), 404);
}

/// Hears nothing until it is let go.
struct Held(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);

impl Engine for Held {
    fn describe(&self) -> EngineInfo {
        FakeEngine::saying("", Language::Ru).describe()
    }

    fn transcribe(&self, pcm: &[f32], hint: Hint) -> Result<Hypothesis, EngineError> {
        let _ = self.0.lock().map(|gate| gate.recv());
        FakeEngine::saying("нет света", Language::Ru).transcribe(pcm, hint)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_its_capacity_it_says_when_to_come_back() {
    let (open, gate) = std::sync::mpsc::sync_channel(8);
    let base = serve(Arc::new(Held(gate.into()))).await;
    let call = sample_calls().remove(0).bytes;
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let (base, call) = (base.clone(), call.clone());
        asked.spawn(async move { post(&base, form(call)).await });
    }
    // Two are heard and two wait; whoever is the fifth is told to come back, and nobody is let in before that.
    let turned_away = asked.join_next().await.expect("five").expect("no fault");
    assert_eq!(turned_away.status(), 429);
    assert_eq!(turned_away.headers()["retry-after"], "7");
    for _ in 0..8 {
        let _ = open.try_send(());
    }
    while let Some(answer) = asked.join_next().await {
        assert_eq!(answer.expect("no fault").status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_python_client_is_served() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let python = root.join("target/openai-client/bin/python");
    if !python.exists() {
        println!("SKIPPED the_official_python_client_is_served: no OpenAI client");
        return;
    }
    let base = serve(Arc::new(Shared)).await;
    let call = sample_calls().remove(0);
    let script = root.join("transcriber/tests/openai_client.py");
    let recording = root.join("transcriber/demo-model/calls").join(&call.file);
    let ran = tokio::process::Command::new(python)
        .args([script.as_path(), Path::new(&base), recording.as_path()])
        .output()
        .await
        .expect("Python runs");
    let (said, wrong) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}{wrong}");
    assert_eq!(said.lines().next(), Some(call.text.as_str()), "{wrong}");
}
