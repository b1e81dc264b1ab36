//! Incidents: what is read of tickets, how each kind of trouble spreads, and the process that decides.

mod grouper;
mod policy;
mod reports;

pub use grouper::Grouper;
pub use policy::policy_of;
pub use reports::{area_of, report_of};
