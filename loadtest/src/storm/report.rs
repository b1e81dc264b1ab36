//! The report: what a storm came to, as JSON that scripts can rely on and as a summary in words.

use super::caller::Outcome;
use super::check::Checked;
use super::tally::{Tally, percentile};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A storm whose packets left later than this, one of them or many, says nothing about the server.
pub const LATEST_MS: f64 = 200.0;
/// The share of packets that may be later than their successor's time.
pub const LATE_SHARE: f64 = 0.001;

/// What a storm came to.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether the generator kept its time and the gateway could be measured; else the figures say nothing.
    pub valid: bool,
    /// Why not.
    pub invalid_because: Vec<String>,
    /// How the run was asked for.
    pub asked: String,
    /// What became of the calls.
    pub calls: Calls,
    /// From INVITE to 200, all calls, in milliseconds.
    pub setup_ms: Percentiles,
    /// The same while at least 95 % of the most calls were up.
    pub setup_full_ms: Percentiles,
    /// What became of the packets.
    pub rtp: Rtp,
    /// What callers heard.
    pub prompts: Prompts,
    /// What was recorded; absent where the server is not dauys.
    pub recordings: Option<Recordings>,
    /// What the gateway cost; absent where its process is not known.
    pub gateway: Option<Gateway>,
    /// How the generator did.
    pub generator: Generator,
    /// The machine.
    pub machine: String,
    /// One line a second.
    pub seconds: Vec<Second>,
    /// What the figures mean.
    pub notes: Vec<&'static str>,
}

/// What became of the calls.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Calls {
    /// Calls begun.
    pub attempted: u64,
    /// Calls answered with 200.
    pub answered: u64,
    /// Calls that were not, those left out that the caller gave up.
    pub failed: u64,
    /// Those, by status; `none` where no answer came.
    pub failed_by_code: BTreeMap<String, u64>,
    /// Calls that callers gave up while it rang.
    pub given_up: u64,
    /// The most that were up at once.
    pub most_at_once: u64,
    /// Requests that telephones had to repeat because no answer came in time.
    pub repeated_requests: u64,
}

/// A distribution.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50: f64,
    /// Nearest rank.
    pub p95: f64,
    /// Nearest rank.
    pub p99: f64,
    /// The worst.
    pub max: f64,
    /// How many were measured.
    pub count: u64,
}

/// What became of the packets from callers.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Rtp {
    /// Packets that left the generator, without those that its network lost by plan, and without repetitions.
    pub sent: u64,
    /// Packets that the gateway took.
    pub received: u64,
    /// Packets lost by the gateway or the kernel under it.
    pub lost: u64,
    /// Datagrams that the kernel dropped at the gateway's sockets.
    pub kernel_drops: u64,
    /// Packets that the generator's network lost by plan.
    pub lost_by_plan: u64,
    /// Packets that the generator's network sent twice, by plan.
    pub repeated_by_plan: u64,
    /// RTCP packets that came back.
    pub rtcp_received: u64,
}

/// What callers heard.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Prompts {
    /// RTP packets that the gateway sent.
    pub sent: u64,
    /// RTP packets that callers heard.
    pub heard: u64,
    /// Callers who heard at least a second of it.
    pub greeted: u64,
}

/// What was recorded.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Recordings {
    /// Recordings that there must be.
    pub expected: u64,
    /// Those that are there at their full length.
    pub complete: u64,
    /// Those that are what was sent, byte for byte and in its place.
    pub exact: u64,
    /// Recordings that nobody should have left.
    pub unexpected: u64,
    /// Bytes that differ.
    pub wrong_bytes: u64,
    /// The first faults.
    pub faults: Vec<String>,
}

/// What the gateway cost.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Gateway {
    /// Processor seconds from before the first INVITE until the last call was over.
    pub cpu_seconds: f64,
    /// Percent of one core a call, while all calls were up.
    pub core_percent_per_call: f64,
    /// Processor time of the whole run, everything included, by packets received.
    pub us_per_packet: f64,
    /// Processor time while all calls were up, by packets received in that time.
    pub us_per_packet_full: f64,
    /// Processor time of the whole run by packets received or sent.
    pub us_per_packet_in_or_out: f64,
    /// Memory of its own at the most calls, without what it held before the first, by calls.
    pub bytes_per_call: u64,
    /// The most open files and sockets.
    pub open_files: u64,
    /// How many it may have.
    pub open_files_limit: u64,
    /// Processor seconds by kind of thread.
    pub cpu_by_thread: BTreeMap<String, f64>,
    /// Processor seconds after the last call, to hand over what was recorded.
    pub cpu_seconds_afterwards: f64,
}

/// How the generator did.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Generator {
    /// The latest that packets left after their time, in milliseconds.
    pub late_ms_max: f64,
    /// The share of packets that left more than 20 ms after their time.
    pub late_share: f64,
    /// Processor seconds of its threads.
    pub cpu_seconds: f64,
    /// Packets that the kernel did not take.
    pub refused_by_kernel: u64,
    /// How many threads sent.
    pub lanes: usize,
    /// How many packets a telephone sent at once.
    pub together: usize,
}

/// What one second was like.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Second {
    /// Seconds since the start.
    pub at: f64,
    /// Calls that were up.
    pub up: u64,
    /// Calls answered so far.
    pub answered: u64,
    /// Calls failed so far.
    pub failed: u64,
    /// RTP packets sent a second.
    pub sent: f64,
    /// RTP packets heard a second.
    pub heard: f64,
    /// The generator's worst lateness, in milliseconds.
    pub late_ms: f64,
    /// The gateway's processor time, in percent of one core.
    pub gateway_cpu: f64,
    /// The generator's processor time, in percent of one core.
    pub generator_cpu: f64,
    /// The gateway's memory of its own, in megabytes.
    pub gateway_mb: f64,
}

/// What the figures mean.
pub const NOTES: &[&str] = &[
    "rtp.lost counts packets that left the generator and that the gateway did not take, drops of the kernel included; calls that the gateway ended itself are left out of the difference, drops of the kernel are not",
    "gateway.us_per_packet is all processor time of the gateway process over the whole run (signalling, prompts sent, recording, flushing, hand-over while calls went on) by RTP packets received; packets sent are in prompts.sent",
    "on loopback the kernel's receiving of a packet is paid by its sender: callers' packets cost the generator, prompts cost the gateway both ways",
    "gateway.core_percent_per_call and us_per_packet_full are of the time in which at least 99 % of the most calls were up",
    "generator.together above 1: the generator gives a telephone's packets to the kernel in one piece, which the kernel cuts; the gateway's sockets get each packet by itself",
    "recordings.exact: every byte is the one sent, at its place by timestamp; what the plan's network lost is silence of its length",
];

/// Makes the distribution of times in microseconds.
pub fn percentiles(mut times: Vec<u64>) -> Percentiles {
    times.sort_unstable();
    let at = |share| percentile(&times, share) as f64 / 1_000.0;
    Percentiles { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1.0), count: times.len() as u64 }
}

/// Counts what became of the calls.
pub fn calls(outcomes: &[Outcome], most_at_once: u64) -> Calls {
    let mut calls = Calls { attempted: outcomes.len() as u64, most_at_once, ..Calls::default() };
    for outcome in outcomes {
        calls.repeated_requests += u64::from(outcome.repeated);
        if outcome.status == 200 {
            calls.answered += 1;
        } else if outcome.has_failed() {
            calls.failed += 1;
            let code = if outcome.status == 0 { "none".to_owned() } else { outcome.status.to_string() };
            *calls.failed_by_code.entry(code).or_default() += 1;
        } else {
            calls.given_up += 1;
        }
    }
    calls
}

impl From<Checked> for Recordings {
    fn from(checked: Checked) -> Self {
        let Checked { expected, complete, exact, unexpected, wrong_bytes, faults } = checked;
        Self { expected, complete, exact, unexpected, wrong_bytes, faults }
    }
}

impl Generator {
    /// Says how the generator did, which sent so many packets of a telephone at once from so many threads.
    pub fn of(tally: &Tally, lanes: usize, together: usize) -> Self {
        let packets = (tally.sent + tally.repeated + tally.lost_by_plan).max(1);
        Self {
            late_ms_max: tally.late_us as f64 / 1_000.0,
            late_share: tally.sent_late as f64 / packets as f64,
            cpu_seconds: tally.cpu_seconds,
            refused_by_kernel: tally.refused_by_kernel,
            lanes,
            together,
        }
    }

    /// Says why the run is worth nothing, where it is.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.late_ms_max > LATEST_MS {
            faults.push(format!("packets left {:.0} ms late; {LATEST_MS} ms are allowed", self.late_ms_max));
        }
        if self.late_share > LATE_SHARE {
            faults.push(format!("{:.2} % of the packets left more than 20 ms late", self.late_share * 100.0));
        }
        faults
    }
}

impl Report {
    /// Writes the summary for a terminal.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        let (calls, setup, rtp) = (&self.calls, &self.setup_ms, &self.rtp);
        let _ = writeln!(
            text,
            "calls       {} attempted, {} answered, {} failed{}; at most {} at once",
            calls.attempted,
            calls.answered,
            calls.failed,
            codes(&calls.failed_by_code),
            calls.most_at_once
        );
        let _ = writeln!(
            text,
            "set-up      p50 {:.1}  p95 {:.1}  p99 {:.1}  max {:.1} ms;  with all up: p99 {:.1} ms of {}",
            setup.p50, setup.p95, setup.p99, setup.max, self.setup_full_ms.p99, self.setup_full_ms.count
        );
        let _ = writeln!(
            text,
            "RTP         {} sent, {} received, {} lost by the gateway ({} dropped by the kernel)",
            rtp.sent, rtp.received, rtp.lost, rtp.kernel_drops
        );
        let prompts = &self.prompts;
        let _ = writeln!(
            text,
            "prompts     {} packets sent, {} heard; {} callers greeted",
            prompts.sent, prompts.heard, prompts.greeted
        );
        if let Some(recordings) = &self.recordings {
            let Recordings { expected, complete, exact, unexpected, .. } = recordings;
            let _ = writeln!(
                text,
                "recordings  {expected} expected, {complete} complete, {exact} exact, {unexpected} unexpected"
            );
        }
        if let Some(gateway) = &self.gateway {
            let _ = writeln!(
                text,
                "gateway     {:.1} s of CPU, {:.2} µs a packet ({:.2} with all up), {:.4} % of a core a call, {} bytes a call, {} open files of {}",
                gateway.cpu_seconds,
                gateway.us_per_packet,
                gateway.us_per_packet_full,
                gateway.core_percent_per_call,
                gateway.bytes_per_call,
                gateway.open_files,
                gateway.open_files_limit
            );
        }
        let _ = writeln!(
            text,
            "generator   at most {:.1} ms late, {:.1} s of CPU; the run is {}",
            self.generator.late_ms_max,
            self.generator.cpu_seconds,
            if self.valid { "valid".to_owned() } else { format!("INVALID: {}", self.invalid_because.join("; ")) }
        );
        text
    }
}

fn codes(codes: &BTreeMap<String, u64>) -> String {
    if codes.is_empty() {
        return String::new();
    }
    let list: Vec<String> = codes.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    format!(" ({})", list.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_generator_makes_a_run_worth_nothing() {
        let good = Tally { sent: 100_000, late_us: 20_000, sent_late: 100, ..Tally::default() };
        assert_eq!(Generator::of(&good, 1, 1).faults(), [""; 0]);
        let once = Tally { late_us: 200_001, ..Tally { sent: 100_000, ..Tally::default() } };
        let often = Tally { sent: 100_000, sent_late: 101, ..Tally::default() };
        assert_eq!(Generator::of(&once, 1, 1).faults().len() + Generator::of(&often, 1, 1).faults().len(), 2);
    }
}
