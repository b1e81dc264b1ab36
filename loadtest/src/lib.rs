//! Callers: the test phone, a person who dials, listens, presses, speaks and hangs up, over real SIP and RTP.

pub mod phone;
