//! Asks dauys what became of a call: the API's answer for a SIP Call-ID.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;

/// What became of a call, as the API tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallOutcome {
    /// The SIP Call-ID.
    pub call_id: String,
    /// The registration number.
    pub registration_number: String,
    /// The language that was heard.
    pub language: Option<String>,
    /// What was heard.
    pub transcript: String,
    /// The category's code.
    pub category: String,
    /// The place, as a person reads it.
    pub place: Option<String>,
    /// The agency's code.
    pub agency: String,
    /// Seconds from the last word to the cabinet, by the server's clock.
    pub seconds_to_cabinet: f64,
}

/// Why nothing could be learnt of a call.
#[derive(Debug, Error)]
pub enum OutcomeError {
    /// The service does not answer.
    #[error("{url} does not answer ({error}); is dauys running there?")]
    Unreachable {
        /// The address that was asked.
        url: String,
        /// What went wrong.
        error: reqwest::Error,
    },
    /// The service refused.
    #[error("{url} answered {status}: {body}")]
    Refused {
        /// The address that was asked.
        url: String,
        /// The status.
        status: u16,
        /// What it said.
        body: String,
    },
    /// No ticket came in time.
    #[error("no ticket for this call within {0} s")]
    TooLate(u64),
}

/// Waits for the ticket of a call.
///
/// # Errors
/// [`OutcomeError`] where the service does not answer, refuses, or has no ticket in time.
pub async fn outcome(
    http: &reqwest::Client,
    api: &str,
    token: &str,
    call_id: &str,
    patience: Duration,
) -> Result<CallOutcome, OutcomeError> {
    let path: String = call_id.bytes().map(percent_encoded).collect();
    let url = format!("{}/api/v1/calls/{path}?wait=10", api.trim_end_matches('/'));
    let asked = async {
        loop {
            let sent = http.get(&url).bearer_auth(token).timeout(Duration::from_secs(30)).send().await;
            let response = sent.map_err(|error| OutcomeError::Unreachable { url: url.clone(), error })?;
            let status = response.status();
            if status == reqwest::StatusCode::NOT_FOUND {
                continue;
            }
            if !status.is_success() {
                let body = response.text().await.unwrap_or_default();
                return Err(OutcomeError::Refused { url: url.clone(), status: status.as_u16(), body });
            }
            return response.json().await.map_err(|error| OutcomeError::Unreachable { url: url.clone(), error });
        }
    };
    tokio::time::timeout(patience, asked).await.unwrap_or(Err(OutcomeError::TooLate(patience.as_secs())))
}

fn percent_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
