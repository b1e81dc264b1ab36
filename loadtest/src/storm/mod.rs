//! The storm: thousands of callers with real speech from few threads, and the report of what came through.
//!
//! The core is pure: when calls begin ([`arrivals`]), how callers behave ([`conduct`]), what they say ([`voice`], [`talk`]), what
//! their network does ([`network`]), the SIP and RTP of a call ([`caller`], [`request`]). The shell is a thread with two sockets
//! ([`lane`]); no call has a task, a thread or a socket of its own. [`run`] starts lanes and gateway, watches, checks, reports.

pub mod arrivals;
pub mod caller;
pub mod check;
pub mod conduct;
pub mod dice;
pub mod gateway;
pub mod lane;
pub mod measured;
pub mod network;
pub mod page;
pub mod plan;
pub mod plot;
pub mod report;
pub mod request;
pub mod run;
pub mod socket;
pub mod talk;
pub mod tally;
pub mod voice;
