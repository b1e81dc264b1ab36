//! The topics of the bus: their names and what each is keyed by.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A topic of the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Topic {
    /// Calls as they start and end, keyed by call id.
    Calls,
    /// Recordings that wait for transcription, and parts of calls that still go on, keyed by intake id.
    Recordings,
    /// Transcripts, keyed by intake id.
    Transcripts,
    /// Tickets after every change, keyed by ticket id.
    Tickets,
    /// What agencies must act on, keyed by agency id.
    Agencies,
    /// Incidents after every change, keyed by incident id.
    Incidents,
    /// What could not be processed, with the reason, keyed as the original.
    Dead,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Topic; 7] = [
        Topic::Calls,
        Topic::Recordings,
        Topic::Transcripts,
        Topic::Tickets,
        Topic::Agencies,
        Topic::Incidents,
        Topic::Dead,
    ];

    /// Returns the name on the bus.
    pub const fn name(self) -> &'static str {
        match self {
            Topic::Calls => "dauys.calls",
            Topic::Recordings => "dauys.recordings",
            Topic::Transcripts => "dauys.transcripts",
            Topic::Tickets => "dauys.tickets",
            Topic::Agencies => "dauys.agencies",
            Topic::Incidents => "dauys.incidents",
            Topic::Dead => "dauys.dead",
        }
    }

    /// Finds a topic by its name on the bus.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
