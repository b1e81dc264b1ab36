//! Names of the line's metrics.

/// Calls that are up.
pub const CALLS: &str = "dauys_calls";
/// Calls offered.
pub const OFFERED: &str = "dauys_calls_offered_total";
/// Calls answered.
pub const ANSWERED: &str = "dauys_calls_answered_total";
/// Calls refused, by `status`.
pub const REFUSED: &str = "dauys_calls_refused_total";
/// Calls ended, by `cause`.
pub const ENDED: &str = "dauys_calls_ended_total";
/// Length of answered calls, in seconds.
pub const DURATION: &str = "dauys_call_duration_seconds";
/// Estimated mean opinion score of answered calls that were heard.
pub const MOS: &str = "dauys_call_mos";
/// From the end of the speech to the promise that it is on disk, in seconds.
pub const COMMIT: &str = "dauys_call_commit_seconds";
/// Recordings that could not be promised.
pub const COMMIT_FAILED: &str = "dauys_call_commit_failures_total";
/// Call events that found no room on their way to the bus; figures miss them, citizens do not.
pub const EVENTS_DROPPED: &str = "dauys_call_events_dropped_total";
/// Parts of calls that still went on, by `outcome`: handed over, dropped (no room), lost (the call was over, the store or the bus
/// away). What is not handed over is heard with the whole call.
pub const PARTS: &str = "dauys_call_parts_total";
/// Datagrams dropped because their source is not on the access list.
pub const STRANGERS: &str = "dauys_sip_strangers_total";
/// TCP and TLS connections that stand.
pub const CONNECTIONS: &str = "dauys_sip_connections";
/// TCP and TLS connections let go at once because there were too many.
pub const CONNECTIONS_REFUSED: &str = "dauys_sip_connections_refused_total";
/// SIP messages for a connection that was gone or whose peer did not read.
pub const UNSENDABLE: &str = "dauys_sip_unsendable_total";
/// Callers who asked for a person, by `outcome`: taken or refused.
pub const TRANSFERS: &str = "dauys_call_transfers_total";
/// Calls answered with a challenge to sign in.
pub const CHALLENGED: &str = "dauys_sip_challenges_total";
/// SIP messages received.
pub const SIP_RECEIVED: &str = "dauys_sip_messages_received_total";
/// SIP messages that could not be read.
pub const SIP_MALFORMED: &str = "dauys_sip_malformed_total";
/// SIP messages that found no room in a table.
pub const SIP_DROPPED: &str = "dauys_sip_dropped_total";
/// SIP messages repeated by this side.
pub const SIP_RETRANSMITTED: &str = "dauys_sip_retransmissions_total";
