//! What flows between the rooms: events, ids, topics and the registration number. Pure: no sockets, no clock, no randomness.
//!
//! Every event is versioned ([`Envelope`]); its JSON Schema stands in `events/schemas/`, generated from these types and
//! checked for drift. A consumer ignores fields that it does not know.

mod agency;
mod calls;
mod dead;
mod envelope;
mod ids;
mod incident;
mod language;
mod number;
mod recorded;
mod recorded_part;
pub mod schema;
mod ticket;
mod topic;
mod transcribed;

pub use agency::{AgencyAction, AgencyNotice};
pub use calls::{CallEnded, CallEvent, CallStarted, EndCause};
pub use dead::DeadLetter;
pub use envelope::{Envelope, EnvelopeError, Event};
pub use ids::{AgencyId, CallId, IncidentId, IntakeId, TicketId};
pub use incident::{Incident, IncidentChange, IncidentChanged, IncidentScope, IncidentStatus};
pub use language::Language;
pub use number::{NumberError, RegistrationNumber};
pub use recorded::{Channel, Contact, MediaQuality, Recorded, RecordingEnd, RecordingRef};
pub use recorded_part::RecordedPart;
pub use ticket::{
    Actor, Answer, Change, Danger, Location, MapPoint, Priority, RequestKind, Scored, Ticket, TicketChanged,
    TicketStatus,
};
pub use topic::Topic;
pub use transcribed::{LanguageShare, Outcome, Rejected, Segment, Transcribed};
