//! Servers as an engine: what answers is heard, what fails is left for another, and what rests is not asked.
#![allow(clippy::expect_used, reason = "a failed step is a failed test")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use dauys_events::Language;
use dauys_transcriber::engine::remote::{RemoteEngine, RemoteSettings};
use dauys_transcriber::engine::{Engine as _, EngineError, FakeEngine, Fallback, Hint};
use dauys_transcriber::words::CityWords;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

/// What a stub does with its n-th request.
type Plan = fn(usize) -> Answer;

#[derive(Clone, Copy)]
enum Answer {
    Words(&'static str),
    Status(u16),
    /// Busy, with Retry-After.
    Busy,
    Nonsense,
    /// Never.
    Silence,
}

#[derive(Clone)]
struct Stub {
    plan: Plan,
    asked: Arc<AtomicUsize>,
    /// The words that came with the last request.
    prompt: Arc<Mutex<Option<String>>>,
}

async fn answer(State(stub): State<Stub>, headers: HeaderMap, mut form: Multipart) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    assert_eq!(bearer, Some("Bearer made-up"));
    let (mut file, mut prompt) = (0, None);
    while let Some(field) = form.next_field().await.expect("a whole form") {
        if field.name() == Some("file") {
            let bytes = field.bytes().await.expect("a whole file");
            assert!(bytes.starts_with(b"RIFF"));
            file = bytes.len();
        } else if field.name() == Some("prompt") {
            prompt = Some(field.text().await.expect("a whole field"));
        }
    }
    assert_eq!(file, 44 + 2 * 16_000);
    *stub.prompt.lock().expect("no fault") = prompt;
    match (stub.plan)(stub.asked.fetch_add(1, Ordering::SeqCst)) {
        Answer::Words(text) => axum::Json(serde_json::json!({
            "text": text, "language": "russian",
            "segments": [{"id": 0, "text": text, "avg_logprob": -0.2, "no_speech_prob": 0.01}],
        }))
        .into_response(),
        Answer::Status(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Answer::Busy => (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "0")]).into_response(),
        Answer::Nonsense => "<html>".into_response(),
        Answer::Silence => std::future::pending().await,
    }
}

async fn serve(plan: Plan) -> (String, Arc<AtomicUsize>) {
    let (url, stub) = serve_stub(plan).await;
    (url, stub.asked)
}

async fn serve_stub(plan: Plan) -> (String, Stub) {
    let stub = Stub { plan, asked: Arc::default(), prompt: Arc::default() };
    let kept = stub.clone();
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let routes = axum::Router::new().route("/hear", post(answer)).with_state(stub);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (format!("http://{address}"), kept)
}

fn engine(endpoints: Vec<String>) -> RemoteEngine {
    engine_with(endpoints, CityWords::default())
}

fn engine_with(endpoints: Vec<String>, words: CityWords) -> RemoteEngine {
    let settings = RemoteSettings {
        endpoints,
        path: "/hear".to_owned(),
        model: "whisper-1".to_owned(),
        token: Some("made-up".to_owned()),
        timeout: Duration::from_millis(700),
        parallel: 4,
        languages: Language::ALL.to_vec(),
        words,
    };
    let client = reqwest::Client::builder().build().expect("a client");
    RemoteEngine::new(settings, client, Handle::current())
}

async fn hear(engine: RemoteEngine) -> (Result<String, EngineError>, RemoteEngine) {
    let listening = move || (engine.transcribe(&[0.1; 16_000], Hint::default()).map(|heard| heard.text), engine);
    tokio::task::spawn_blocking(listening).await.expect("no fault")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_hears_is_heard() {
    let (url, asked) = serve(|_| Answer::Words("нет света")).await;
    assert_eq!(hear(engine(vec![url])).await.0.as_deref(), Ok("нет света"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_or_is_silent_or_talks_nonsense_is_replaced_by_another() {
    for broken in [|_| Answer::Status(500), |_| Answer::Silence, |_| Answer::Nonsense, |_| Answer::Status(401)] {
        let (bad, _) = serve(broken).await;
        let (good, asked) = serve(|_| Answer::Words("нет воды")).await;
        assert_eq!(hear(engine(vec![bad, good])).await.0.as_deref(), Ok("нет воды"));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_is_asked_again_and_one_that_refuses_is_not() {
    let (busy, asked) = serve(|n| if n < 2 { Answer::Busy } else { Answer::Words("нет газа") }).await;
    assert_eq!(hear(engine(vec![busy])).await.0.as_deref(), Ok("нет газа"));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    let (refuses, asked) = serve(|_| Answer::Status(400)).await;
    assert!(hear(engine(vec![refuses])).await.0.is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_soon_left_alone() {
    let (down, asked) = serve(|_| Answer::Status(502)).await;
    let (first, engine) = hear(engine(vec![down])).await;
    assert!(first.is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 3, "the circuit opens after three failures");
    assert!(hear(engine).await.0.is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 3, "and nobody is asked while it rests");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_server_answers_the_engine_behind_them_does() {
    let (down, _) = serve(|_| Answer::Status(503)).await;
    let both = Fallback::new(engine(vec![down]), FakeEngine::saying("нет тепла", Language::Ru));
    let listening = move || both.transcribe(&[0.1; 16_000], Hint::default()).map(|heard| heard.text);
    assert_eq!(tokio::task::spawn_blocking(listening).await.expect("no fault").as_deref(), Ok("нет тепла"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_told_the_citys_words_where_they_are_set_and_nothing_otherwise() {
    let (url, stub) = serve_stub(|_| Answer::Words("нет света")).await;
    let words = || {
        CityWords::new(&[
            (Language::Kk, vec!["Абай ауданы", "Нұрсат"]),
            (Language::Ru, vec!["Абайский район", "Нурсат"]),
        ])
    };
    let kazakh = Hint::pressed(Some(Language::Kk));
    for (words, hint, told) in [
        (words(), kazakh, Some("Абай ауданы, Нұрсат")),
        (words(), Hint::default(), Some("Абай ауданы, Абайский район, Нұрсат, Нурсат")),
        (words(), Hint { quick: true, ..kazakh }, None),
        (CityWords::default(), kazakh, None),
    ] {
        let engine = engine_with(vec![url.clone()], words);
        let listening = move || engine.transcribe(&[0.1; 16_000], hint).map(|heard| heard.text);
        let heard = tokio::task::spawn_blocking(listening).await.expect("no fault");
        assert_eq!(heard.as_deref(), Ok("нет света"));
        assert_eq!(stub.prompt.lock().expect("no fault").as_deref(), told);
    }
}
