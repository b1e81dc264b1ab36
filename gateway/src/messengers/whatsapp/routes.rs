//! The webhook: verify, parse, put into the inbox, answer. Everything else happens later.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use jiff::Timestamp;
use tokio::sync::Notify;
use uuid::Uuid;

use super::config::Access;
use super::inbox::Inbox;
use super::webhook::{self, Content, Incoming};
use crate::messengers::telemetry;

#[derive(Clone)]
pub(super) struct Webhook {
    pub access: Arc<Access>,
    pub inbox: Inbox,
    pub news: Arc<Notify>,
}

pub(super) fn routes(webhook: Webhook) -> Router {
    Router::new()
        .route("/webhooks/whatsapp", get(verify).post(deliver))
        .layer(DefaultBodyLimit::max(webhook::LARGEST_BODY))
        .with_state(webhook)
}

async fn verify(
    State(webhook): State<Webhook>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<String, StatusCode> {
    let value = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
    let (mode, token) = (value("hub.mode"), value("hub.verify_token"));
    webhook::challenge(mode, token, value("hub.challenge"), &webhook.access.verify_token)
        .map(str::to_owned)
        .ok_or(StatusCode::FORBIDDEN)
}

async fn deliver(State(webhook): State<Webhook>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let (status, outcome) = take(&webhook, &headers, &body).await;
    metrics::counter!(telemetry::DELIVERIES, "messenger" => "whatsapp", "outcome" => outcome).increment(1);
    status
}

async fn take(webhook: &Webhook, headers: &HeaderMap, body: &[u8]) -> (StatusCode, &'static str) {
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !webhook::is_signed(body, signature, &webhook.access.app_secret) {
        return (StatusCode::UNAUTHORIZED, "signature");
    }
    let Ok(delivered) = webhook::parse(body) else {
        return (StatusCode::BAD_REQUEST, "malformed");
    };
    for status in delivered.statuses {
        metrics::counter!(telemetry::STATUSES, "messenger" => "whatsapp", "status" => status.name()).increment(1);
    }
    count("unread", delivered.unread as u64);
    let messages: Vec<(Incoming, Uuid)> = delivered
        .messages
        .into_iter()
        .inspect(|message| count(message.content.kind(), 1))
        .filter(|message| message.content != Content::Reaction)
        .map(|message| (message, fresh_id()))
        .collect();
    if messages.is_empty() {
        return (StatusCode::OK, "accepted");
    }
    match webhook.inbox.accept(&messages, now()).await {
        Ok(fresh) => {
            count("repeated", messages.len() as u64 - fresh);
            webhook.news.notify_one();
            (StatusCode::OK, "accepted")
        }
        // Not a success: the messages are delivered again.
        Err(error) => {
            tracing::error!(%error, "messages could not be taken in");
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
    }
}

fn count(kind: &'static str, number: u64) {
    metrics::counter!(telemetry::MESSAGES, "messenger" => "whatsapp", "kind" => kind).increment(number);
}

#[expect(clippy::disallowed_methods, reason = "the webhook is a shell: ids are assigned at intake")]
fn fresh_id() -> Uuid {
    Uuid::now_v7()
}

/// The present, in milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the webhook and the worker are shells")]
pub(super) fn now() -> i64 {
    Timestamp::now().as_millisecond()
}
