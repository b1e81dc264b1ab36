//! Whether every call was recorded whole: each recording is compared with what that caller sent, byte for byte.

use super::caller::{EndedBy, Outcome};
use super::conduct::Leaving;
use super::plan::Plan;
use super::talk::Talk;
use super::voice::Voice;
use crate::phone::speech;
use anyhow::Context;
use dauys_bus::{Bus, EmbeddedBus, EmbeddedOptions, Recordings};
use dauys_events::{EnvelopeError, Recorded, Topic};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// How long the log may stay silent before it is taken to hold no more.
const SILENCE: Duration = Duration::from_millis(700);
/// How many faults are told in words.
const TOLD: usize = 20;

/// What the check found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Recordings that there must be.
    pub expected: u64,
    /// Recordings that there are, as long as they must be.
    pub complete: u64,
    /// Those that are what was sent, byte for byte.
    pub exact: u64,
    /// Recordings that nobody should have left.
    pub unexpected: u64,
    /// Bytes that differ, in recordings of the right length.
    pub wrong_bytes: u64,
    /// The first faults, in words.
    pub faults: Vec<String>,
}

/// Returns whether a caller must have left a recording.
pub fn must_be_recorded(outcome: &Outcome) -> bool {
    outcome.status == 200 && matches!(outcome.conduct.leaving, Leaving::Bye | Leaving::Hash)
}

/// Compares the recordings in a data folder, which no process uses any more, with what callers sent.
///
/// # Errors
/// Where the log or the recordings cannot be read at all.
pub async fn check(data: &Path, plan: &Plan, voice: &Voice, outcomes: &[Outcome]) -> anyhow::Result<Checked> {
    let recordings = Recordings::local(&data.join("recordings")).context("the folder of recordings")?;
    let mut found = recorded(data).await?;
    let mut checked = Checked::default();
    for outcome in outcomes {
        let recorded = found.remove(&outcome.caller);
        if !must_be_recorded(outcome) {
            checked.unexpected += u64::from(recorded.is_some());
            continue;
        }
        checked.expected += 1;
        let Some(reference) = recorded.and_then(|recorded| recorded.recording) else {
            checked.fault(format!("caller {}: no recording", outcome.caller));
            continue;
        };
        let file = match recordings.get(&reference).await {
            Ok(file) => file,
            Err(error) => {
                checked.fault(format!("caller {}: {error}", outcome.caller));
                continue;
            }
        };
        let place = plan.place(outcome.caller, voice.frames());
        let talk = Talk { conduct: outcome.conduct, place, voice };
        checked.compare(outcome, &talk, plan, speech::payload(&file).unwrap_or_default());
    }
    checked.unexpected += found.len() as u64;
    Ok(checked)
}

impl Checked {
    fn fault(&mut self, text: String) {
        if self.faults.len() < TOLD {
            self.faults.push(text);
        }
    }

    fn compare(&mut self, outcome: &Outcome, talk: &Talk<'_>, plan: &Plan, recording: &[u8]) {
        let sent = talk.recording(outcome.steps, &plan.network, outcome.caller);
        // Where the server ended the call, only it knows at which packet; what came before the caller's # must be there.
        let is_cut = outcome.ended_by == EndedBy::Server;
        let fits =
            if is_cut { (talk.least()..=sent.len()).contains(&recording.len()) } else { recording.len() == sent.len() };
        if !fits {
            let (have, want) = (recording.len(), sent.len());
            return self.fault(format!("caller {}: {have} bytes instead of {want}", outcome.caller));
        }
        self.complete += 1;
        let wrong = recording.iter().zip(&sent).filter(|(is, was)| is != was).count() as u64;
        if wrong == 0 {
            self.exact += 1;
        } else {
            self.wrong_bytes += wrong;
            let at = recording.iter().zip(&sent).position(|(is, was)| is != was).unwrap_or_default();
            self.fault(format!("caller {}: {wrong} bytes differ, the first at {at} of {}", outcome.caller, sent.len()));
        }
    }
}

/// Reads the log: what was recorded, by caller.
async fn recorded(data: &Path) -> anyhow::Result<HashMap<u64, Recorded>> {
    let bus = EmbeddedBus::open(data, EmbeddedOptions::default()).await.context("the log of the data folder")?;
    let mut subscription = bus.subscribe("storm", &[Topic::Recordings]).await?;
    let mut found = HashMap::new();
    while let Ok(deliveries) = tokio::time::timeout(SILENCE, subscription.next(1_000)).await {
        for delivery in deliveries? {
            let recorded = match delivery.event::<Recorded>() {
                Ok(envelope) => envelope.data,
                // A part of a call that went on: the whole call comes as well.
                Err(EnvelopeError::Kind { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let caller = recorded.external_id.as_deref().and_then(caller_of);
            found.extend(caller.map(|caller| (caller, recorded)));
        }
        subscription.commit().await?;
    }
    Ok(found)
}

/// Finds the caller in a Call-ID; the data folder is of one run only.
fn caller_of(call_id: &str) -> Option<u64> {
    call_id.strip_prefix("storm-")?.split('@').next()?.split_once('-')?.1.parse().ok()
}
