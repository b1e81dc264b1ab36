//! How times, ids and names stand in the database.

use crate::store::StoreError;
use dauys_events::{IncidentId, TicketId, TicketStatus};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

pub(super) fn time(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| unreadable("time"))
}

pub(super) fn unreadable(what: &str) -> StoreError {
    StoreError::Refused(format!("the database holds a {what} that this version cannot read"))
}

pub(super) fn number<N: TryFrom<i64>>(value: i64) -> Result<N, StoreError> {
    N::try_from(value).map_err(|_| unreadable("number"))
}

pub(super) fn id(text: &str) -> Result<TicketId, StoreError> {
    text.parse().map_err(|_| unreadable("ticket id"))
}

pub(super) fn incident_id(text: &str) -> Result<IncidentId, StoreError> {
    text.parse().map_err(|_| unreadable("incident id"))
}

/// Counts are never negative and lengths never pass the largest i64; what would is kept as the largest.
pub(super) fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn count(value: i64) -> u64 {
    value.unsigned_abs()
}

pub(super) fn status(name: &str) -> TicketStatus {
    use TicketStatus::{Assigned, Confirmed, Done, Other, Reopened, Review};
    [Review, Assigned, Done, Confirmed, Reopened].into_iter().find(|status| status.name() == name).unwrap_or(Other)
}

/// Writes a plain enum by the name that events give it.
pub(super) fn name_of<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        _ => Err(StoreError::Refused("a value without a name cannot be kept".to_owned())),
    }
}

/// Reads a plain enum by the name that events give it.
pub(super) fn from_name<T: DeserializeOwned>(name: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(name)).map_err(|_| unreadable("name"))
}
