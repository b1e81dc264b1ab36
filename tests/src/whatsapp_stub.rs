//! A WhatsApp Business Cloud API that a test controls: it signs raw bytes, delivers more than once and out of order, lets URLs expire,
//! answers 401 without the token, and can lie about a checksum. The notes' bytes are the caller's.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

/// The token without which nothing is given.
pub const ACCESS_TOKEN: &str = "test-access-token";
/// The key of the deliveries' signatures.
pub const APP_SECRET: &str = "test-app-secret";
/// The id of the number that answers.
pub const PHONE_ID: &str = "100000000000001";

/// A message that was sent to a citizen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The citizen's number.
    pub to: String,
    /// The words.
    pub body: String,
    /// The message that it answers.
    pub answers: String,
}

#[derive(Clone)]
struct File {
    bytes: Vec<u8>,
    mime_type: String,
    claimed: [u8; 32],
    size: u64,
}

#[derive(Default)]
struct Behaviour {
    files: HashMap<String, File>,
    /// URLs that are still good, each for one file.
    urls: HashMap<String, String>,
    urls_made: u64,
    /// So many URLs have expired by the time they are used.
    expire: u32,
    /// So many requests are answered with 500.
    down: u32,
    /// What the next sends are answered with: status and code.
    send_errors: VecDeque<(u16, i64)>,
    token_expired: bool,
    sent: Vec<Sent>,
    refused: u64,
}

struct Shared {
    address: SocketAddr,
    behaviour: Mutex<Behaviour>,
    news: Notify,
}

/// The running stub; it stops when dropped.
pub struct Stub {
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
    http: reqwest::Client,
}

impl Stub {
    /// Starts it on a port of its own.
    pub async fn start(http: reqwest::Client) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let shared =
            Arc::new(Shared { address: listener.local_addr()?, behaviour: Mutex::default(), news: Notify::new() });
        let router = Router::new()
            .route("/v21.0/{id}", get(media))
            .route("/v21.0/{id}/messages", post(messages))
            .route("/files/{key}", get(file))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // A stub that cannot serve makes its test fail by itself.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { shared, server, http })
    }

    /// Says where the API is, with its version.
    pub fn api(&self) -> String {
        format!("http://{}/v21.0", self.shared.address)
    }

    /// Puts a file there.
    pub fn put(&self, media_id: &str, mime_type: &str, bytes: &[u8]) {
        let file = File {
            bytes: bytes.to_vec(),
            mime_type: mime_type.to_owned(),
            claimed: Sha256::digest(bytes).into(),
            size: bytes.len() as u64,
        };
        self.behaviour().files.insert(media_id.to_owned(), file);
    }

    /// Claims another checksum than the file's.
    pub fn lie_about_sha256(&self, media_id: &str) {
        if let Some(file) = self.behaviour().files.get_mut(media_id) {
            file.claimed[0] ^= 1;
        }
    }

    /// Claims another size than the file's.
    pub fn claim_size(&self, media_id: &str, size: u64) {
        if let Some(file) = self.behaviour().files.get_mut(media_id) {
            file.size = size;
        }
    }

    /// Lets the next URLs be expired by the time they are used.
    pub fn expire_urls(&self, times: u32) {
        self.behaviour().expire = times;
    }

    /// Answers the next requests with 500.
    pub fn break_down(&self, times: u32) {
        self.behaviour().down = times;
    }

    /// Answers the next send with an error.
    pub fn refuse_send(&self, status: u16, code: i64) {
        self.behaviour().send_errors.push_back((status, code));
    }

    /// Lets the access token expire, or makes it good again.
    pub fn expire_token(&self, expired: bool) {
        self.behaviour().token_expired = expired;
    }

    /// Returns what was sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.behaviour().sent.clone()
    }

    /// Returns how many requests were refused or answered with an error.
    pub fn refused(&self) -> u64 {
        self.behaviour().refused
    }

    /// Waits until a condition holds; it is asked again after every request.
    pub async fn until(&self, mut holds: impl FnMut(&Self) -> bool) -> Result<(), tokio::time::error::Elapsed> {
        tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                let news = self.shared.news.notified();
                if holds(self) {
                    return;
                }
                news.await;
            }
        })
        .await
    }

    /// Makes a voice note's message. Its checksum is the one claimed for the file.
    pub fn voice_note(&self, wamid: &str, from: &str, media_id: &str) -> Value {
        let behaviour = self.behaviour();
        let (mime_type, sha256) = behaviour.files.get(media_id).map_or_else(
            || ("audio/ogg; codecs=opus".to_owned(), String::new()),
            |file| (file.mime_type.clone(), base64::engine::general_purpose::STANDARD.encode(file.claimed)),
        );
        json!({
            "from": from, "id": wamid, "timestamp": "1795000000", "type": "audio",
            "audio": { "id": media_id, "mime_type": mime_type, "sha256": sha256, "voice": true },
        })
    }

    /// Delivers to a webhook as often as asked, all at the same time, and returns the statuses that it answered.
    pub async fn deliver(&self, webhook: &str, body: &[u8], times: usize) -> Vec<u16> {
        let signature = sign(body);
        let calls = (0..times).map(|_| {
            let request = self
                .http
                .post(webhook)
                .header("content-type", "application/json")
                .header("x-hub-signature-256", &signature)
                .body(body.to_vec());
            async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) }
        });
        futures::future::join_all(calls).await
    }

    fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        lock(&self.shared)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Signs a body as deliveries are signed.
pub fn sign(body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).map(|mac| mac.chain_update(body));
    mac.map_or_else(|_| String::new(), |mac| format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
}

/// Makes a text's message.
pub fn text(wamid: &str, from: &str, body: &str) -> Value {
    json!({ "from": from, "id": wamid, "timestamp": "1795000000", "type": "text", "text": { "body": body } })
}

/// Makes the body of a delivery of messages.
pub fn messages_body(messages: &[Value]) -> Vec<u8> {
    let contacts: Vec<Value> = messages
        .iter()
        .filter_map(|message| message.get("from"))
        .map(|from| json!({ "profile": { "name": "Test Caller" }, "wa_id": from }))
        .collect();
    body(json!({ "contacts": contacts, "messages": messages }))
}

/// Makes the body of a delivery of statuses alone, the latest first, as the network may bring them.
pub fn statuses_body(wamid: &str, to: &str) -> Vec<u8> {
    let statuses: Vec<Value> = ["read", "delivered", "sent"]
        .iter()
        .map(|status| json!({ "id": wamid, "status": status, "timestamp": "1795000001", "recipient_id": to }))
        .collect();
    body(json!({ "statuses": statuses }))
}

fn body(mut value: Value) -> Vec<u8> {
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({ "display_phone_number": "77000000109", "phone_number_id": PHONE_ID });
    let change = json!({ "field": "messages", "value": value });
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [change] }] });
    body.to_string().into_bytes()
}

fn lock(shared: &Shared) -> MutexGuard<'_, Behaviour> {
    shared.behaviour.lock().unwrap_or_else(PoisonError::into_inner)
}

fn error(behaviour: &mut Behaviour, status: u16, code: i64) -> Response {
    behaviour.refused += 1;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let detail =
        json!({ "error": { "message": "refused", "type": "OAuthException", "code": code, "fbtrace_id": "x" } });
    (status, Json(detail)).into_response()
}

/// What every request meets before anything else.
fn gate(behaviour: &mut Behaviour, headers: &HeaderMap) -> Option<Response> {
    let expected = format!("Bearer {ACCESS_TOKEN}");
    let shown = headers.get("authorization").is_some_and(|value| value.as_bytes() == expected.as_bytes());
    if !shown || behaviour.token_expired {
        return Some(error(behaviour, 401, 190));
    }
    if behaviour.down > 0 {
        behaviour.down -= 1;
        return Some(error(behaviour, 500, 131_000));
    }
    None
}

async fn media(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let answer = media_answer(&shared, &id, &headers);
    shared.news.notify_waiters();
    answer
}

fn media_answer(shared: &Shared, id: &str, headers: &HeaderMap) -> Response {
    let mut behaviour = lock(shared);
    if let Some(refusal) = gate(&mut behaviour, headers) {
        return refusal;
    }
    let Some(file) = behaviour.files.get(id).cloned() else {
        return error(&mut behaviour, 404, 100);
    };
    behaviour.urls_made += 1;
    let key = format!("{id}-{}", behaviour.urls_made);
    if behaviour.expire > 0 {
        behaviour.expire -= 1;
    } else {
        behaviour.urls.insert(key.clone(), id.to_owned());
    }
    Json(json!({
        "messaging_product": "whatsapp", "id": id, "mime_type": file.mime_type, "file_size": file.size,
        "sha256": hex::encode(file.claimed), "url": format!("http://{}/files/{key}", shared.address),
    }))
    .into_response()
}

async fn file(State(shared): State<Arc<Shared>>, Path(key): Path<String>, headers: HeaderMap) -> Response {
    let answer = file_answer(&shared, &key, &headers);
    shared.news.notify_waiters();
    answer
}

fn file_answer(shared: &Shared, key: &str, headers: &HeaderMap) -> Response {
    let mut behaviour = lock(shared);
    if let Some(refusal) = gate(&mut behaviour, headers) {
        return refusal;
    }
    match behaviour.urls.get(key).and_then(|id| behaviour.files.get(id)).cloned() {
        Some(file) => ([("content-type", file.mime_type)], file.bytes).into_response(),
        None => error(&mut behaviour, 404, 0),
    }
}

async fn messages(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(message): Json<Value>,
) -> Response {
    let answer = messages_answer(&shared, &id, &headers, &message);
    shared.news.notify_waiters();
    answer
}

fn messages_answer(shared: &Shared, id: &str, headers: &HeaderMap, message: &Value) -> Response {
    let mut behaviour = lock(shared);
    if let Some(refusal) = gate(&mut behaviour, headers) {
        return refusal;
    }
    if let Some((status, code)) = behaviour.send_errors.pop_front() {
        return error(&mut behaviour, status, code);
    }
    let field = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sent = Sent { to: field("/to"), body: field("/text/body"), answers: field("/context/message_id") };
    let fits = id == PHONE_ID && field("/messaging_product") == "whatsapp" && field("/type") == "text";
    if !fits || sent.to.is_empty() || sent.body.is_empty() || sent.body.chars().count() > 4_096 {
        return error(&mut behaviour, 400, 100);
    }
    behaviour.sent.push(sent);
    let wamid = format!("wamid.reply-{}", behaviour.sent.len());
    Json(json!({ "messaging_product": "whatsapp", "messages": [{ "id": wamid }] })).into_response()
}
