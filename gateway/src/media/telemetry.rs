//! The media plane's metrics: every name in one place, added up per thread and handed over once a second.
//!
//! No label names a call or a caller: labels are a rejection's kind only.

use dauys_media::receiver::Rejection;
use metrics::{Counter, counter, describe_counter, describe_gauge, gauge};

/// RTP packets accepted.
pub const PACKETS_RECEIVED: &str = "dauys_rtp_packets_received_total";
/// RTP packets that the sequence numbers say were sent and that never came; counted with each RTCP report and when a call ends.
pub const PACKETS_LOST: &str = "dauys_rtp_packets_lost_total";
/// Datagrams that were not used, by `reason`.
pub const PACKETS_REJECTED: &str = "dauys_rtp_packets_rejected_total";
/// RTP packets sent.
pub const PACKETS_SENT: &str = "dauys_rtp_packets_sent_total";
/// RTP packets that could not be sent.
pub const SEND_FAILURES: &str = "dauys_rtp_send_failures_total";
/// Datagrams that the kernel dropped because we did not fetch them in time: lost by us.
pub const KERNEL_DROPS: &str = "dauys_rtp_kernel_drops_total";
/// RTCP datagrams that could not be read, or belonged to no call.
pub const RTCP_UNUSED: &str = "dauys_rtcp_packets_unused_total";
/// Calls whose audio flowed one way only, by `direction`: `in` when nothing came from the caller, `out` when the caller's reports
/// said that it heard nothing.
pub const ONE_WAY: &str = "dauys_media_one_way_total";
/// Calls with media.
pub const CALLS: &str = "dauys_media_calls";
/// RTP ports in use.
pub const PORTS_IN_USE: &str = "dauys_media_ports_in_use";
/// Calls that got no port.
pub const PORTS_EXHAUSTED: &str = "dauys_media_ports_exhausted_total";
/// Ticks of the 20 ms send clock that were skipped because a thread was late.
pub const TICKS_SKIPPED: &str = "dauys_media_ticks_skipped_total";
/// Events that the call controller did not take in time.
pub const EVENTS_DROPPED: &str = "dauys_media_events_dropped_total";
/// Commands that a thread did not take in time.
pub const COMMANDS_REFUSED: &str = "dauys_media_commands_refused_total";

/// Registers the help texts; call it once, after the recorder is installed.
pub fn describe() {
    describe_counter!(PACKETS_RECEIVED, "RTP packets accepted");
    describe_counter!(PACKETS_LOST, "RTP packets that never came");
    describe_counter!(PACKETS_REJECTED, "Datagrams on RTP ports that were not used, by reason");
    describe_counter!(PACKETS_SENT, "RTP packets sent");
    describe_counter!(SEND_FAILURES, "RTP packets that could not be sent");
    describe_counter!(KERNEL_DROPS, "Datagrams dropped by the kernel because they were not fetched in time");
    describe_counter!(RTCP_UNUSED, "RTCP datagrams that could not be read or belonged to no call");
    describe_counter!(ONE_WAY, "Silences in which audio flowed one way only, by direction");
    describe_gauge!(CALLS, "Calls with media");
    describe_gauge!(PORTS_IN_USE, "RTP ports in use");
    describe_counter!(PORTS_EXHAUSTED, "Calls that got no RTP port");
    describe_counter!(TICKS_SKIPPED, "Ticks of the 20 ms send clock that were skipped because a media thread was late");
    describe_counter!(EVENTS_DROPPED, "Media events that the call controller did not take in time");
    describe_counter!(COMMANDS_REFUSED, "Commands that a media thread did not take in time");
}

/// What one thread counted since it last handed over.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub received: u64,
    pub lost: u64,
    pub rejected: [u64; Rejection::NAMES.len()],
    pub sent: u64,
    pub send_failures: u64,
    pub kernel_drops: u64,
    pub rtcp_unused: u64,
    pub ticks_skipped: u64,
    pub events_dropped: u64,
    pub not_heard_from: u64,
    pub not_heard_by: u64,
}

impl Tally {
    /// Counts a datagram that was not used.
    pub fn reject(&mut self, reason: Rejection) {
        if let Some(count) = self.rejected.get_mut(reason as usize) {
            *count += 1;
        }
    }
}

/// The metric handles of one thread.
pub(super) struct Meters {
    received: Counter,
    lost: Counter,
    rejected: [Counter; Rejection::NAMES.len()],
    sent: Counter,
    send_failures: Counter,
    kernel_drops: Counter,
    rtcp_unused: Counter,
    ticks_skipped: Counter,
    events_dropped: Counter,
    one_way: [Counter; 2],
}

impl Meters {
    pub fn new() -> Self {
        Self {
            received: counter!(PACKETS_RECEIVED),
            lost: counter!(PACKETS_LOST),
            rejected: Rejection::NAMES.map(|reason| counter!(PACKETS_REJECTED, "reason" => reason)),
            sent: counter!(PACKETS_SENT),
            send_failures: counter!(SEND_FAILURES),
            kernel_drops: counter!(KERNEL_DROPS),
            rtcp_unused: counter!(RTCP_UNUSED),
            ticks_skipped: counter!(TICKS_SKIPPED),
            events_dropped: counter!(EVENTS_DROPPED),
            one_way: ["in", "out"].map(|direction| counter!(ONE_WAY, "direction" => direction)),
        }
    }

    /// Hands `tally` over and starts it again from zero.
    pub fn publish(&self, tally: &mut Tally) {
        let tally = std::mem::take(tally);
        self.received.increment(tally.received);
        self.lost.increment(tally.lost);
        for (counter, count) in self.rejected.iter().zip(tally.rejected) {
            counter.increment(count);
        }
        self.sent.increment(tally.sent);
        self.send_failures.increment(tally.send_failures);
        self.kernel_drops.increment(tally.kernel_drops);
        self.rtcp_unused.increment(tally.rtcp_unused);
        self.ticks_skipped.increment(tally.ticks_skipped);
        self.events_dropped.increment(tally.events_dropped);
        for (counter, count) in self.one_way.iter().zip([tally.not_heard_from, tally.not_heard_by]) {
            counter.increment(count);
        }
    }
}

/// Says how many calls and ports are in use.
pub(super) fn set_in_use(calls: usize, ports: usize) {
    gauge!(CALLS).set(calls as f64);
    gauge!(PORTS_IN_USE).set(ports as f64);
}
