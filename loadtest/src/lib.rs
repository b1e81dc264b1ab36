//! Callers: the test phone, a person who dials, listens, presses, speaks and hangs up, and the storm, thousands of them; over real
//! SIP and RTP.

pub mod phone;
pub mod storm;
