//! Ids, assigned once at intake and carried unchanged, so that every effect can be made exactly once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id! {
    /// Names one thing that a citizen said: one call's recording or one voice note (UUID version 7).
    IntakeId
}
uuid_id! {
    /// Names one call at the gateway, which may leave no intake (UUID version 7).
    CallId
}
uuid_id! {
    /// Names one ticket; derived from its intake, so that a repeated delivery finds the same ticket.
    TicketId
}

uuid_id! {
    /// Names one incident: what several citizens have reported.
    IncidentId
}

impl IncidentId {
    /// Returns the id of the incident that a ticket's report opens.
    pub fn of(ticket: TicketId) -> Self {
        // Another variant of UUID than any ticket has, so that the two can never be taken for each other.
        let mut bytes = *ticket.0.as_bytes();
        bytes[8] ^= 0x40;
        Self(Uuid::from_bytes(bytes))
    }
}

impl TicketId {
    /// Returns the id of the `index`-th ticket that an intake leads to; one call may raise several issues.
    pub fn of(intake: IntakeId, index: u16) -> Self {
        let mut bytes = *intake.0.as_bytes();
        let [high, low] = index.to_be_bytes();
        bytes[14] ^= high;
        bytes[15] ^= low;
        Self(Uuid::from_bytes(bytes))
    }
}

/// Names an agency by its code in the city pack, for example `water-utility`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct AgencyId(pub String);

impl fmt::Display for AgencyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_of_one_intake_differ_and_repeat() {
        let intake = IntakeId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001));
        assert_eq!(TicketId::of(intake, 0).0, intake.0);
        assert_eq!(TicketId::of(intake, 3), TicketId::of(intake, 3));
        assert_ne!(TicketId::of(intake, 1), TicketId::of(intake, 2));
        assert_ne!(IncidentId::of(TicketId::of(intake, 1)).0, TicketId::of(intake, 1).0);
    }
}
