//! How the API is reached, and how failed steps are repeated.

use std::fmt;
use std::time::Duration;

use dauys_config::settings::Whatsapp as Settings;

/// How the API is reached. Its secrets are never shown.
#[derive(Clone)]
pub struct Access {
    /// The API's base with its version, without a slash at its end.
    pub api: String,
    /// The id of the number that answers.
    pub phone_id: String,
    /// The bearer token.
    pub access_token: String,
    /// The key of deliveries' signatures.
    pub app_secret: String,
    /// What the webhook's registration must show.
    pub verify_token: String,
}

impl Access {
    /// Reads the secrets that the settings name.
    ///
    /// # Errors
    /// A sentence that says which one is missing.
    pub fn from_settings(settings: &Settings) -> Result<Self, String> {
        let read = |key: &str, secret: &dauys_config::settings::Secret| {
            secret
                .read()
                .map_err(|error| format!("whatsapp.{key}: {error}"))?
                .ok_or_else(|| format!("whatsapp.{key} is not set"))
        };
        Ok(Self {
            api: settings.api.trim_end_matches('/').to_owned(),
            phone_id: settings.phone_id.clone(),
            access_token: read("access_token", &settings.access_token)?,
            app_secret: read("app_secret", &settings.app_secret)?,
            verify_token: read("verify_token", &settings.verify_token)?,
        })
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Access")
            .field("api", &self.api)
            .field("phone_id", &self.phone_id)
            .finish_non_exhaustive()
    }
}

/// How failed steps are repeated.
#[derive(Debug, Clone)]
pub struct Pace {
    /// How many messages are worked on at once; each holds one note in memory.
    pub at_once: usize,
    /// The first wait after a failure; each further one doubles it.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// After this long a note that cannot be fetched becomes an intake without it, so that a person asks again.
    pub fetch_within: Duration,
    /// After this long an answer is given up: free text may be sent for 24 hours after the citizen's message.
    pub answer_within: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            at_once: 8,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(300),
            fetch_within: Duration::from_secs(6 * 3_600),
            answer_within: Duration::from_secs(23 * 3_600),
        }
    }
}

impl Pace {
    /// Returns how long to wait after that many failures, or as long as the API asked for.
    pub fn wait(&self, failures: u32, asked: Option<Duration>) -> Duration {
        let doubled = 2u32.saturating_pow(failures.saturating_sub(1).min(20));
        let own = self.first_wait.saturating_mul(doubled).min(self.longest_wait);
        asked.map_or(own, |asked| asked.min(self.answer_within).max(own))
    }
}
