//! The live numbers: what the rooms measure and what the store counts, joined once a second for everybody who looks.

mod board;
mod changes;
mod gauges;
mod snapshot;

pub use board::Board;
pub use changes::{Changes, News};
pub use gauges::{GaugeSource, Gauges, NoGauges};
pub use snapshot::{Calls, City, OrganisationRow, Pipeline, Snapshot, Stage, ToCabinet};
