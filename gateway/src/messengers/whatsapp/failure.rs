//! What an answer of the Graph API means for what is done next. Pure.
//!
//! Source: Meta's "WhatsApp Business Platform, Cloud API: error codes".

use std::time::Duration;

use serde::Deserialize;

/// Why a call of the API failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Too many calls; wait as long as it says, if it does.
    #[error("the API asks for fewer calls")]
    Limited(Option<Duration>),
    /// The access token is missing, wrong or expired: an operator must act.
    #[error("the API refuses the access token")]
    Token,
    /// The citizen cannot be reached by WhatsApp.
    #[error("the message cannot be delivered to that number")]
    Undeliverable,
    /// More than 24 hours have passed since the citizen's last message.
    #[error("free text is not allowed any more")]
    WindowClosed,
    /// The file, or its URL, is not there (any more).
    #[error("the file is not there")]
    Gone,
    /// The file is not what was announced: its checksum, kind or size.
    #[error("the file is not what was announced: {0}")]
    Unfit(&'static str),
    /// It may work later: the network, or the API itself.
    #[error("the API cannot be reached: {0}")]
    Away(String),
    /// It will not work: the request itself is refused.
    #[error("the API refuses the request (status {status}, code {code})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The API's code.
        code: i64,
    },
}

impl Failure {
    /// Names it for a metric.
    pub const fn name(&self) -> &'static str {
        match self {
            Failure::Limited(_) => "limited",
            Failure::Token => "token",
            Failure::Undeliverable => "undeliverable",
            Failure::WindowClosed => "window_closed",
            Failure::Gone => "gone",
            Failure::Unfit(_) => "unfit",
            Failure::Away(_) => "away",
            Failure::Refused { .. } => "refused",
        }
    }

    /// Says whether repeating the step may help, and after how long if the API said so.
    pub const fn retry(&self) -> Option<Option<Duration>> {
        match self {
            Failure::Limited(after) => Some(*after),
            Failure::Token | Failure::Away(_) => Some(None),
            Failure::Undeliverable
            | Failure::WindowClosed
            | Failure::Gone
            | Failure::Unfit(_)
            | Failure::Refused { .. } => None,
        }
    }
}

#[derive(Deserialize)]
struct Body {
    error: Detail,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    code: i64,
}

/// Reads what an unsuccessful answer means. `retry_after` is the header's value.
pub fn read(status: u16, retry_after: Option<&str>, body: &[u8]) -> Failure {
    let code = serde_json::from_slice::<Body>(body).map_or(0, |body| body.error.code);
    let after = retry_after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
    match code {
        // Application, account, throughput and pair rate limits.
        4 | 80_007 | 130_429 | 131_048 | 131_056 => return Failure::Limited(after),
        0 if status == 401 => return Failure::Token,
        190 => return Failure::Token,
        131_026 => return Failure::Undeliverable,
        131_047 => return Failure::WindowClosed,
        // Temporary by the API's own words: unknown, service down, generic, media upload or download.
        1 | 2 | 131_000 | 131_016 | 133_004 => return Failure::Away(format!("code {code}")),
        _ => {}
    }
    match status {
        429 => Failure::Limited(after),
        401 => Failure::Token,
        404 | 410 => Failure::Gone,
        408 | 500.. => Failure::Away(format!("status {status}")),
        _ => Failure::Refused { status, code },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_statuses_mean_what_the_documentation_says() {
        let body = |code: i64| format!(r#"{{"error":{{"message":"x","type":"OAuthException","code":{code}}}}}"#);
        let cases = [
            (400, 130_429, Failure::Limited(Some(Duration::from_secs(7)))),
            (400, 131_026, Failure::Undeliverable),
            (400, 131_047, Failure::WindowClosed),
            (401, 190, Failure::Token),
            (500, 131_000, Failure::Away("code 131000".to_owned())),
            (404, 100, Failure::Gone),
            (400, 100, Failure::Refused { status: 400, code: 100 }),
        ];
        for (status, code, expected) in cases {
            assert_eq!(read(status, Some("7"), body(code).as_bytes()), expected);
        }
        assert_eq!(read(401, None, b""), Failure::Token);
        assert_eq!(read(429, Some("soon"), b"<html>"), Failure::Limited(None));
        assert_eq!(read(503, None, b"\xFF"), Failure::Away("status 503".to_owned()));
    }
}
