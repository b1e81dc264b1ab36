//! The JSON Schemas of all events, as they stand in `events/schemas/`.

use crate::{
    AgencyNotice, CallEvent, DeadLetter, Envelope, Event, IncidentChanged, Recorded, RecordedPart, TicketChanged,
    Transcribed,
};
use schemars::schema_for;

/// Returns each event's file name and schema, in a fixed order.
///
/// # Errors
/// Where a schema cannot be written as JSON.
pub fn all() -> Result<Vec<(String, String)>, serde_json::Error> {
    Ok(vec![
        one::<CallEvent>()?,
        one::<Recorded>()?,
        one::<RecordedPart>()?,
        one::<Transcribed>()?,
        one::<TicketChanged>()?,
        one::<AgencyNotice>()?,
        one::<IncidentChanged>()?,
        one::<DeadLetter>()?,
    ])
}

fn one<T: Event>() -> Result<(String, String), serde_json::Error> {
    let mut schema = schema_for!(Envelope<T>);
    schema.insert("title".into(), format!("{} version {}", T::NAME, T::VERSION).into());
    let text = serde_json::to_string_pretty(&schema)? + "\n";
    Ok((format!("{}.v{}.json", T::NAME, T::VERSION), text))
}
