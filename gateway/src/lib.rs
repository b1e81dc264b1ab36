//! Everything that takes citizens in: the SIP and RTP shell, messengers, and the durable spool to the bus.

pub mod media;
