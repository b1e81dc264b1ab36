//! In which language somebody reads: as chosen (a cookie), as the account says, as the browser asks, as the city speaks.

use super::App;
use crate::auth::Identity;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use dauys_events::Language;
use serde::Deserialize;

/// The name of the language's cookie.
const COOKIE: &str = "dauys_language";

/// Picks the language of a page.
pub(super) fn pick(app: &App, headers: &HeaderMap, identity: Option<&Identity>) -> Language {
    let chosen = crate::auth::cookie(headers, COOKIE).and_then(Language::from_code);
    let by_account = || identity.and_then(|identity| identity.account.language);
    let by_browser = || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| accepted(value.to_str().ok()?));
    let by_city = || app.city().settings.languages.first().copied();
    chosen.or_else(by_account).or_else(by_browser).or_else(by_city).unwrap_or(Language::Ru)
}

/// Finds the best language in an `Accept-Language` header (RFC 9110 section 12.5.4).
fn accepted(header: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for item in header.split(',').take(32) {
        let mut parts = item.split(';');
        let tag = parts.next().unwrap_or_default().trim();
        let quality =
            parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
        let language = Language::from_code(&tag.split('-').next().unwrap_or_default().to_ascii_lowercase());
        if let (Some(quality), Some(language)) = (quality, language)
            && quality > 0.0
            && best.is_none_or(|(other, _)| quality > other)
        {
            best = Some((quality, language));
        }
    }
    best.map(|(_, language)| language)
}

/// Where to go on.
#[derive(Deserialize)]
pub(super) struct Back {
    back: Option<String>,
}

/// Remembers a language and goes back.
pub(super) async fn choose(State(app): State<App>, Path(code): Path<String>, Query(query): Query<Back>) -> Response {
    let back = local(query.back.as_deref().unwrap_or("/"));
    let redirect = Redirect::to(back);
    let Some(language) = Language::from_code(&code) else { return redirect.into_response() };
    let secure = if app.gate().is_https() { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={language}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000{secure}");
    ([(header::SET_COOKIE, cookie)], redirect).into_response()
}

/// Returns an address of this site only: others could be sent as a bait.
pub(super) fn local(address: &str) -> &str {
    let plain = address.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
    let inside = address.starts_with('/') && !address.starts_with("//");
    if plain && inside { address } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_browser_is_heard() {
        assert_eq!(accepted("kk-KZ,kk;q=0.9,ru;q=0.8"), Some(Language::Kk));
        assert_eq!(accepted("de, ru;q=0.4, uz-Latn;q=0.7"), Some(Language::Uz));
        assert_eq!(accepted("de"), None);
        assert_eq!(accepted("ru;q=0"), None);
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(local("/cabinet?status=open"), "/cabinet?status=open");
        for bait in ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "", "javascript:alert(1)"] {
            assert_eq!(local(bait), "/", "{bait}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read(header in ".{0,200}") {
            let _ = accepted(&header);
        }
    }
}
