//! The settings: one TOML file, one documented struct a section, every key with a default.
//!
//! Environment variables override keys (`DAUYS__HTTP__LISTEN=0.0.0.0:8109`); secrets come from the environment or from
//! files and never stand in the file itself.

mod bus;
mod calls;
mod example;
mod http;
mod load;
mod media;
mod secret;
mod sip;
mod store;
mod transcriber;
mod understanding;
mod whatsapp;

pub use bus::{Bus, BusKind, Kafka};
pub use calls::{Calls, Trunk};
pub use example::example;
pub use http::Http;
pub use load::{Finding, LoadError, check_text, load};
pub use media::{AudioCodec, KeysInBand, Media, SrtpUse};
pub use secret::Secret;
pub use sip::{Digest, Operator, Sip, SipUser, Tls};
pub use store::{Store, StoreKind};
pub use transcriber::{AudioContext, Decoding, Engine, Remote, Transcriber};
pub use understanding::{Embeddings, Understanding};
pub use whatsapp::Whatsapp;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that an operator can set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// This node.
    pub node: Node,
    /// The city that is served.
    pub city: CityChoice,
    /// How telephone calls come in.
    pub sip: Sip,
    /// How speech comes in and prompts go out.
    pub media: Media,
    /// How many calls are taken, and for how long.
    pub calls: Calls,
    /// The pages, the API and the messengers' webhooks.
    pub http: Http,
    /// How events travel between the rooms.
    pub bus: Bus,
    /// Where tickets are kept.
    pub store: Store,
    /// Where recordings are kept once a call is over.
    pub recordings: Recordings,
    /// Speech to text.
    pub transcriber: Transcriber,
    /// From words to a category.
    pub understanding: Understanding,
    /// Voice notes by the WhatsApp Business Cloud API.
    pub whatsapp: Whatsapp,
    /// What is logged, and how.
    pub log: Log,
}

/// This node.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Node {
    /// The node's number, 0 to 99; no two nodes of a city may share one, since registration numbers start with it.
    pub id: u8,
    /// The folder for everything that this node keeps: databases, recordings, the spool. A relative path counts from the
    /// folder in which dauys is started.
    pub data: PathBuf,
}

impl Default for Node {
    fn default() -> Self {
        Self { id: 10, data: PathBuf::from("data") }
    }
}

/// The city that is served.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CityChoice {
    /// A city pack that is built in (`shymkent`, `samarkand`), or the path of a folder that holds one.
    pub pack: String,
}

impl Default for CityChoice {
    fn default() -> Self {
        Self { pack: "shymkent".to_owned() }
    }
}

/// Where recordings are kept once a call is over.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recordings {
    /// The folder; empty for `recordings` in the data folder.
    pub folder: PathBuf,
}

/// What is logged, and how.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// What is logged, in `tracing` filter syntax: `info`, or `info,dauys_sip=debug`. Personal data appears only at debug.
    pub filter: String,
    /// Whether each line is a JSON object, for a log collector.
    pub json: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info,whisper_rs=warn".to_owned(), json: false }
    }
}

impl Settings {
    /// Returns the folder of recordings.
    pub fn recordings_folder(&self) -> PathBuf {
        if self.recordings.folder.as_os_str().is_empty() {
            self.node.data.join("recordings")
        } else {
            self.recordings.folder.clone()
        }
    }
}
