//! Voice notes by the WhatsApp Business Cloud API.

use super::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Voice notes by the WhatsApp Business Cloud API.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Whatsapp {
    /// Whether the webhook (`/webhooks/whatsapp`) is served.
    pub enabled: bool,
    /// The API's base, with its version.
    pub api: String,
    /// The id of the business phone number from which replies are sent.
    pub phone_id: String,
    /// Where the access token is found.
    pub access_token: Secret,
    /// Where the app secret is found, by which deliveries are signed.
    pub app_secret: Secret,
    /// Where the token is found that the webhook's registration must show.
    pub verify_token: Secret,
}

impl Default for Whatsapp {
    fn default() -> Self {
        Self {
            enabled: false,
            api: "https://graph.facebook.com/v21.0".to_owned(),
            phone_id: String::new(),
            access_token: Secret::default(),
            app_secret: Secret::default(),
            verify_token: Secret::default(),
        }
    }
}
