//! The style sheet, the scripts and the icon, embedded; browsers ask whether they have the current ones.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

const SCRIPT: &str = "text/javascript; charset=utf-8";

fn find(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "style.css" => ("text/css; charset=utf-8", include_str!("assets/style.css")),
        "icon.svg" => ("image/svg+xml", include_str!("assets/icon.svg")),
        "live.js" => (SCRIPT, include_str!("assets/live.js")),
        "cabinet.js" => (SCRIPT, include_str!("assets/cabinet.js")),
        "ticket.js" => (SCRIPT, include_str!("assets/ticket.js")),
        "operations.js" => (SCRIPT, include_str!("assets/operations.js")),
        _ => return None,
    })
}

/// Serves an asset by its name.
pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some((kind, text)) = find(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(text)[..12]));
    let cached = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "no-cache".to_owned())];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|list| list.split(',').any(|one| one.trim() == tag)) {
        return (StatusCode::NOT_MODIFIED, cached).into_response();
    }
    (cached, [(header::CONTENT_TYPE, kind)], text).into_response()
}
