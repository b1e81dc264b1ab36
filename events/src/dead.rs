//! What could not be processed: kept with its reason, so that an operator can replay it.

use crate::{Event, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A message that a consumer had to set aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// The topic that it came from.
    pub topic: String,
    /// Its key there.
    pub key: String,
    /// Why it could not be processed.
    pub reason: String,
    /// The stage that set it aside, for example `transcriber`.
    pub stage: String,
    /// The original payload, base64 where it is not UTF-8.
    pub payload: String,
}

impl Event for DeadLetter {
    const NAME: &'static str = "dauys.dead";
    const VERSION: u32 = 1;
    const TOPIC: Topic = Topic::Dead;
    fn key(&self) -> String {
        self.key.clone()
    }
}
