//! The metric names of the messengers, each with what it means. Labels are bounded: never a number, never a word of a citizen.

/// Counter: webhook calls, by `messenger` and `outcome` (accepted, signature, malformed, unavailable).
pub const DELIVERIES: &str = "dauys_messenger_deliveries_total";
/// Counter: messages in them, by `messenger` and `kind` (audio, text, other, unread, repeated).
pub const MESSAGES: &str = "dauys_messenger_messages_total";
/// Counter: what became of what we sent, by `messenger` and `status` (sent, delivered, read, failed, other).
pub const STATUSES: &str = "dauys_messenger_statuses_total";
/// Counter: calls of the messenger's interface that failed, by `messenger`, `operation` (media, send) and `reason`.
pub const API_FAILURES: &str = "dauys_messenger_api_failures_total";
/// Counter: messages that became intakes, by `messenger` and `outcome` (note, text, unavailable).
pub const INTAKES: &str = "dauys_messenger_intakes_total";
/// Counter: answers, by `messenger` and `outcome` (sent, undeliverable, late, refused, given_up).
pub const REPLIES: &str = "dauys_messenger_replies_total";
/// Gauge: messages in the inbox that are not done, by `messenger`.
pub const WAITING: &str = "dauys_messenger_waiting";
