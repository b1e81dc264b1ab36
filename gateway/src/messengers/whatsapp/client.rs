//! The two things that we ask of the Graph API: a note's bytes, and sending an answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{RequestBuilder, Response, Url};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::config::Access;
use super::failure::{self, Failure};
use super::webhook::{Audio, read_sha256};

/// The largest audio file that WhatsApp takes, in bytes.
const LARGEST: usize = 16 * 1024 * 1024;
/// How often a note is asked for anew when its URL has expired, or its bytes do not fit its checksum.
const TRIES: usize = 3;
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    access: Arc<Access>,
}

#[derive(Deserialize)]
struct MediaInfo {
    url: String,
    mime_type: Option<String>,
    sha256: Option<String>,
    file_size: Option<u64>,
}

/// A note as it was fetched.
pub(super) struct Note {
    pub mime_type: String,
    pub bytes: Bytes,
}

impl Client {
    pub fn new(http: reqwest::Client, access: Arc<Access>) -> Self {
        Self { http, access }
    }

    /// Fetches a note: its URL first, which is good for minutes only, then its bytes, which must fit their checksum.
    pub async fn note(&self, audio: &Audio) -> Result<Note, Failure> {
        let mut last = Failure::Gone;
        for _ in 0..TRIES {
            match self.try_note(audio).await {
                Err(failure @ (Failure::Gone | Failure::Unfit("checksum"))) => last = failure,
                other => return other,
            }
        }
        Err(last)
    }

    async fn try_note(&self, audio: &Audio) -> Result<Note, Failure> {
        let answer = self.call(self.http.get(format!("{}/{}", self.access.api, audio.media_id))).await?;
        let info: MediaInfo = answer.json().await.map_err(|error| away(&error))?;
        let mime_type = info.mime_type.unwrap_or_else(|| audio.mime_type.clone());
        if !is_audio(&mime_type) {
            return Err(Failure::Unfit("kind"));
        }
        if info.file_size.is_some_and(|size| size > LARGEST as u64) {
            return Err(Failure::Unfit("size"));
        }
        let bytes = match self.call(self.http.get(self.trusted(&info.url)?)).await {
            Ok(answer) => read(answer).await?,
            // The token was good a moment ago: it is the URL that is good no longer.
            Err(Failure::Token | Failure::Refused { .. }) => return Err(Failure::Gone),
            Err(failure) => return Err(failure),
        };
        let expected = audio.sha256.or_else(|| info.sha256.as_deref().and_then(read_sha256));
        let actual: [u8; 32] = Sha256::digest(&bytes).into();
        if expected.is_some_and(|expected| expected != actual) {
            return Err(Failure::Unfit("checksum"));
        }
        Ok(Note { mime_type, bytes })
    }

    /// Sends a text as an answer to a citizen's message.
    pub async fn send(&self, to: &str, text: &str, answers: &str) -> Result<(), Failure> {
        let message = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": to,
            "context": { "message_id": answers },
            "type": "text",
            "text": { "preview_url": false, "body": text },
        });
        let url = format!("{}/{}/messages", self.access.api, self.access.phone_id);
        self.call(self.http.post(url).json(&message)).await.map(drop)
    }

    /// The token goes to where the API says, but never over less than what the API itself is reached by.
    fn trusted(&self, url: &str) -> Result<Url, Failure> {
        let url = Url::parse(url).map_err(|_| Failure::Unfit("url"))?;
        let plain = self.access.api.starts_with("http://");
        if url.scheme() == "https" || (plain && url.scheme() == "http") { Ok(url) } else { Err(Failure::Unfit("url")) }
    }

    async fn call(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let answer = request
            .bearer_auth(&self.access.access_token)
            .timeout(TIMEOUT)
            .send()
            .await
            .map_err(|error| away(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = answer.bytes().await.unwrap_or_default();
        Err(failure::read(status.as_u16(), retry_after.as_deref(), &body))
    }
}

async fn read(mut answer: Response) -> Result<Bytes, Failure> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| away(&error))? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(Failure::Unfit("size"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn is_audio(mime_type: &str) -> bool {
    let essence = mime_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("audio/") || essence == "application/ogg"
}

/// The error without its URL, which may name a citizen's file.
fn away(error: &reqwest::Error) -> Failure {
    let kind = if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_decode() {
        "an answer that cannot be read"
    } else {
        "the connection broke"
    };
    Failure::Away(kind.to_owned())
}
