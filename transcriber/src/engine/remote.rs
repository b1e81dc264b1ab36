//! An engine that is a server, or several: anything that speaks OpenAI's `POST /v1/audio/transcriptions`.
//!
//! [`balance`] decides whom to ask, [`reply`] reads what comes back; both are pure. Here is the shell around them.

pub mod balance;
pub mod reply;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dauys_events::Language;
use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use reqwest::multipart::{Form, Part};
use tokio::runtime::Handle;

use super::{Engine, EngineError, EngineInfo, Hint, Hypothesis};
use crate::audio::{self, SAMPLE_RATE};
use crate::telemetry;
use crate::words::CityWords;
use balance::{Balance, BalanceSettings};

/// Servers pad what they hear to 30 s; more is cut by them where nobody wants it.
const WINDOW: Duration = Duration::from_secs(30);
/// A transcript of 30 s with all its tokens is a few kilobytes.
const MAX_REPLY: usize = 1 << 20;
/// How often a stretch is sent at most, each time to another server where there is one.
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How servers are asked.
#[derive(Debug, Clone)]
pub struct RemoteSettings {
    /// Their addresses, without the path.
    pub endpoints: Vec<String>,
    /// The path behind the address.
    pub path: String,
    /// The model that they are asked for.
    pub model: String,
    /// The token that they are shown.
    pub token: Option<String>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many stretches each works on at once.
    pub parallel: usize,
    /// The languages that are expected; not empty.
    pub languages: Vec<Language>,
    /// What the model is given to read before it listens.
    pub words: CityWords,
}

/// Servers as an engine.
pub struct RemoteEngine {
    settings: RemoteSettings,
    client: reqwest::Client,
    runtime: Handle,
    balance: Mutex<Balance>,
}

/// What came of one request.
enum Answer {
    Heard(Hypothesis),
    /// Another server, or the same a little later, may do it.
    Later(String, Option<Duration>),
    /// Nobody will do it.
    Refused(String),
}

impl RemoteEngine {
    /// Takes one client for all servers, and the runtime that it runs on.
    #[must_use]
    pub fn new(settings: RemoteSettings, client: reqwest::Client, runtime: Handle) -> Self {
        let limits = BalanceSettings { parallel: settings.parallel, ..BalanceSettings::default() };
        let balance = Mutex::new(Balance::new(settings.endpoints.len(), limits));
        Self { settings, client, runtime, balance }
    }

    fn balance(&self) -> MutexGuard<'_, Balance> {
        self.balance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, wav: Vec<u8>, hint: Hint) -> Result<Hypothesis, EngineError> {
        let (mut pause, mut last) = (FIRST_PAUSE, None);
        let mut reason = "every speech server rests after failures".to_owned();
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            let chosen = self.balance().choose(now(), last);
            let Some(endpoint) = chosen else { continue };
            last = Some(endpoint);
            let answer = self.request(endpoint, wav.clone(), hint).await;
            let mut balance = self.balance();
            match answer {
                Answer::Heard(hypothesis) => {
                    balance.succeeded(endpoint);
                    telemetry::remote("ok", balance.resting(now()));
                    return Ok(hypothesis);
                }
                Answer::Later(why, Some(wait)) => {
                    balance.busy(endpoint, now(), wait);
                    telemetry::remote("busy", balance.resting(now()));
                    reason = why;
                }
                Answer::Later(why, None) => {
                    balance.failed(endpoint, now());
                    telemetry::remote("failed", balance.resting(now()));
                    reason = why;
                }
                Answer::Refused(why) => {
                    balance.succeeded(endpoint);
                    telemetry::remote("refused", balance.resting(now()));
                    return Err(EngineError::Failed(why));
                }
            }
        }
        Err(EngineError::Failed(reason))
    }

    async fn request(&self, endpoint: usize, wav: Vec<u8>, hint: Hint) -> Answer {
        let base = self.settings.endpoints.get(endpoint).map_or("", |base| base.trim_end_matches('/'));
        let Ok(part) = Part::bytes(wav).file_name("speech.wav").mime_str("audio/wav") else {
            return Answer::Refused("the request could not be made".to_owned());
        };
        let mut form = Form::new()
            .part("file", part)
            .text("model", self.settings.model.clone())
            .text("response_format", "verbose_json")
            .text("temperature", hint.temperature.to_string());
        if let [only] = self.settings.languages.as_slice() {
            form = form.text("language", only.code());
        }
        if let Some(words) = self.settings.words.before(hint) {
            form = form.text("prompt", words.to_owned());
        }
        let url = format!("{base}{}", self.settings.path);
        let mut request = self.client.post(url).timeout(self.settings.timeout).multipart(form);
        if let Some(token) = &self.settings.token {
            request = request.bearer_auth(token);
        }
        // The addresses stay out of the reasons: they travel in events.
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Answer::Later(format!("a speech server: {}", error.without_url()), None),
        };
        let status = response.status();
        if status.is_success() {
            return match body(&mut response).await {
                Ok(bytes) => match reply::read(&bytes, &self.settings.languages, hint) {
                    Ok(hypothesis) => Answer::Heard(hypothesis),
                    Err(error) => Answer::Later(error.to_string(), None),
                },
                Err(why) => Answer::Later(why, None),
            };
        }
        let why = format!("a speech server answered {status}");
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                Answer::Later(why, Some(Duration::from_secs(seconds.unwrap_or(1).min(60))))
            }
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Answer::Later(why, None),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Answer::Later(why, None),
            _ => Answer::Refused(why),
        }
    }
}

impl Engine for RemoteEngine {
    fn describe(&self) -> EngineInfo {
        EngineInfo {
            engine: "openai-compatible".to_owned(),
            model: self.settings.model.clone(),
            window: WINDOW,
            parallel: (self.settings.endpoints.len() * self.settings.parallel).max(1),
            languages: self.settings.languages.clone(),
        }
    }

    fn transcribe(&self, pcm16k: &[f32], hint: Hint) -> Result<Hypothesis, EngineError> {
        let window = WINDOW.as_secs() as usize * SAMPLE_RATE as usize;
        if pcm16k.len() > window {
            return Err(EngineError::TooLong { samples: pcm16k.len(), window });
        }
        self.runtime.block_on(self.ask(audio::to_wav(pcm16k), hint))
    }
}

/// Reads a reply, and no more than a reply can be.
async fn body(response: &mut reqwest::Response) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
        if bytes.len() + chunk.len() > MAX_REPLY {
            return Err("a speech server's answer is absurdly long".to_owned());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[expect(clippy::disallowed_methods, reason = "the shell gives the balance its clock")]
fn now() -> Instant {
    Instant::now()
}
