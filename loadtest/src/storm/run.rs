//! A storm from beginning to end: the gateway started, callers let loose, watched second by second, checked, reported.

use super::caller::Outcome;
use super::check;
use super::conduct::Leaving;
use super::gateway::Gateway;
use super::lane;
use super::measured::{self, Metrics};
use super::page;
use super::plan::Plan;
use super::report::{self, NOTES, Report, Second};
use super::tally::{Live, Tally, sum};
use super::voice::Voice;
use anyhow::Context;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What is measured beside the calls.
pub struct Watched {
    /// The server's process.
    pub pid: Option<u32>,
    /// Where its metrics are.
    pub metrics: Option<SocketAddr>,
}

/// How long the hand-over of what was recorded may take.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(600);
/// How long the counts of a gateway may lag behind.
const COUNTS_LAG: Duration = Duration::from_millis(2_200);
/// When calls count as all up, as a share of the most: for costs, and for set-up times.
const ALL_UP: f64 = 0.99;
const NEARLY_ALL_UP: f64 = 0.95;
/// How many packets make a second of prompts.
const GREETED: u64 = 50;

/// What a storm left to be reported.
pub struct Aftermath {
    plan: Arc<Plan>,
    voice: Arc<Voice>,
    tally: Tally,
    seconds: Vec<Second>,
    most: u64,
    gateway: Option<report::Gateway>,
    rtp: report::Rtp,
    prompts_sent: u64,
}

/// What one look at everything saw.
#[derive(Clone, Copy, Default)]
struct Look {
    at: f64,
    up: u64,
    sent: u64,
    heard: u64,
    gateway_cpu: f64,
    generator_cpu: f64,
    memory: u64,
}

#[expect(clippy::disallowed_methods, reason = "a shell reads the clock")]
fn clock() -> Instant {
    Instant::now()
}

/// Lets the callers loose on a server, and waits until all are done. `progress` is shown a line now and then.
///
/// # Errors
/// Where no sockets can be had, or a lane fails.
pub fn storm(plan: Plan, voice: Voice, watched: &Watched, mut progress: impl FnMut(&str)) -> anyhow::Result<Aftermath> {
    let (plan, voice) = (Arc::new(plan), Arc::new(voice));
    let metrics = || watched.metrics.and_then(Metrics::fetch);
    let before = metrics();
    let cpu_before = watched.pid.map_or(0.0, measured::cpu_seconds);
    let memory_before = watched.pid.map_or(0, measured::memory);
    let lives: Vec<Arc<Live>> = (0..plan.lanes).map(|_| Arc::default()).collect();
    let (start, lanes) = start_lanes(&plan, &voice, &lives)?;
    let mut watch = Watch { watched, start, lives: &lives, looks: Vec::new(), seconds: Vec::new(), open_files: 0 };
    while !lanes.iter().all(JoinHandle::is_finished) {
        std::thread::sleep(Duration::from_millis(1_000));
        watch.look();
        if watch.seconds.len().is_multiple_of(5) {
            progress(&watch.line(&plan));
        }
    }
    let cpu_after = watched.pid.map_or(0.0, measured::cpu_seconds);
    let threads = watched.pid.map(measured::cpu_by_thread).unwrap_or_default();
    let mut tally = Tally::default();
    for lane in lanes {
        tally.add(lane.join().map_err(|_| anyhow::anyhow!("a lane panicked"))?.context("the sockets of a lane")?);
    }
    tally.outcomes.sort_unstable_by_key(|outcome| outcome.caller);
    std::thread::sleep(COUNTS_LAG);
    let after = metrics();
    let most = watch.looks.iter().map(|look| look.up).max().unwrap_or_default();
    let grown = |name: &str| match (&before, &after) {
        (Some(before), Some(after)) => after.since(before, name),
        _ => 0,
    };
    let rtp = packets(&tally, &after.is_some(), &grown);
    let prompts_sent = grown("dauys_rtp_packets_sent_total");
    let gateway = watched.pid.map(|pid| {
        let full = watch.while_full(most);
        let cpu = cpu_after - cpu_before;
        let received = if after.is_some() { rtp.received } else { rtp.sent };
        report::Gateway {
            cpu_seconds: cpu,
            core_percent_per_call: full.core_percent_per_call,
            us_per_packet: cpu * 1e6 / received.max(1) as f64,
            us_per_packet_full: full.us_per_packet,
            us_per_packet_in_or_out: cpu * 1e6 / (received + prompts_sent).max(1) as f64,
            bytes_per_call: full.memory.saturating_sub(memory_before) / most.max(1),
            open_files: watch.open_files,
            open_files_limit: measured::open_files_limit(pid),
            cpu_by_thread: threads,
            cpu_seconds_afterwards: 0.0,
        }
    });
    let seconds = watch.seconds;
    Ok(Aftermath { plan, voice, tally, seconds, most, gateway, rtp, prompts_sent })
}

type Lanes = Vec<JoinHandle<std::io::Result<Tally>>>;

#[expect(clippy::disallowed_methods, reason = "a run has a name of its own")]
fn start_lanes(plan: &Arc<Plan>, voice: &Arc<Voice>, lives: &[Arc<Live>]) -> anyhow::Result<(Instant, Lanes)> {
    let probe = UdpSocket::bind(if plan.target.address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
    probe.connect(plan.target.address)?;
    let local = probe.local_addr()?;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let run = since.as_millis() as u64;
    let stop = Arc::new(AtomicBool::new(false));
    let start = clock() + Duration::from_millis(100);
    let lanes = lives.iter().enumerate().map(|(index, live)| {
        let parts = lane::Parts {
            index,
            plan: Arc::clone(plan),
            voice: Arc::clone(voice),
            run,
            local,
            start,
            live: Arc::clone(live),
            stop: Arc::clone(&stop),
        };
        std::thread::Builder::new().name(format!("storm-{index}")).spawn(move || lane::run(parts)).map_err(Into::into)
    });
    Ok((start, lanes.collect::<anyhow::Result<_>>()?))
}

/// Says what became of the packets. Packets of calls that the gateway ended may have met a closed port, so that only drops of the
/// kernel are known then.
fn packets(tally: &Tally, is_counted: &bool, grown: &impl Fn(&str) -> u64) -> report::Rtp {
    let by_server = tally.outcomes.iter().any(|outcome| outcome.ended_by == super::caller::EndedBy::Server);
    let received = grown("dauys_rtp_packets_received_total");
    let kernel_drops = grown("dauys_rtp_kernel_drops_total");
    let lost = match (is_counted, by_server) {
        (true, false) => tally.sent.saturating_sub(received).max(kernel_drops),
        _ => kernel_drops,
    };
    report::Rtp {
        sent: tally.sent,
        received,
        lost,
        kernel_drops,
        lost_by_plan: tally.lost_by_plan,
        repeated_by_plan: tally.repeated,
        rtcp_received: tally.rtcp,
    }
}

struct Watch<'a> {
    watched: &'a Watched,
    start: Instant,
    lives: &'a [Arc<Live>],
    looks: Vec<Look>,
    seconds: Vec<Second>,
    open_files: u64,
}

/// What everything cost while all calls were up.
#[derive(Default)]
struct Full {
    core_percent_per_call: f64,
    us_per_packet: f64,
    memory: u64,
}

impl Watch<'_> {
    fn look(&mut self) {
        let live = |of: fn(&Live) -> &std::sync::atomic::AtomicU64| sum(self.lives, of);
        let look = Look {
            at: clock().saturating_duration_since(self.start).as_secs_f64(),
            up: live(|live| &live.up),
            sent: live(|live| &live.sent),
            heard: live(|live| &live.heard),
            gateway_cpu: self.watched.pid.map_or(0.0, measured::cpu_seconds),
            generator_cpu: live(|live| &live.cpu_us) as f64 / 1e6,
            memory: self.watched.pid.map_or(0, measured::memory),
        };
        let last = self.looks.last().copied().unwrap_or(Look { gateway_cpu: look.gateway_cpu, ..Look::default() });
        let gap = (look.at - last.at).max(0.1);
        let late = self.lives.iter().map(|live| live.late_us.swap(0, Ordering::Relaxed)).max().unwrap_or_default();
        self.seconds.push(Second {
            at: look.at,
            up: look.up,
            answered: live(|live| &live.answered),
            failed: live(|live| &live.failed),
            sent: (look.sent - last.sent) as f64 / gap,
            heard: (look.heard - last.heard) as f64 / gap,
            late_ms: late as f64 / 1_000.0,
            gateway_cpu: (look.gateway_cpu - last.gateway_cpu) / gap * 100.0,
            generator_cpu: (look.generator_cpu - last.generator_cpu) / gap * 100.0,
            gateway_mb: look.memory as f64 / 1e6,
        });
        self.looks.push(look);
        // Counting thousands of descriptors takes a moment of the kernel's time.
        if self.looks.len() % 10 == 3
            && let Some(pid) = self.watched.pid
        {
            self.open_files = self.open_files.max(measured::open_files(pid));
        }
    }

    fn line(&self, plan: &Plan) -> String {
        let Some(second) = self.seconds.last() else { return String::new() };
        format!(
            "{:4.0} s   {} of {} begun, {} up, {} failed   {:.0} packets/s   gateway {:.0} %, generator {:.0} % of a core, {:.1} ms late",
            second.at,
            sum(self.lives, |live| &live.attempted),
            plan.calls,
            second.up,
            second.failed,
            second.sent,
            second.gateway_cpu,
            second.generator_cpu,
            second.late_ms
        )
    }

    /// Looks at the longest stretch in which all calls were up.
    fn while_full(&self, most: u64) -> Full {
        let is_full = |look: &&Look| look.up as f64 >= most as f64 * ALL_UP;
        let (Some(first), Some(last)) = (self.looks.iter().find(is_full), self.looks.iter().rev().find(is_full)) else {
            return Full::default();
        };
        let (cpu, packets) = (last.gateway_cpu - first.gateway_cpu, last.sent - first.sent);
        let memory = self.looks.iter().filter(is_full).map(|look| look.memory).max().unwrap_or_default();
        if last.at - first.at < 2.0 {
            return Full { memory, ..Full::default() };
        }
        Full {
            core_percent_per_call: cpu / (last.at - first.at) * 100.0 / most.max(1) as f64,
            us_per_packet: cpu * 1e6 / packets.max(1) as f64,
            memory,
        }
    }
}

/// Waits until a gateway has handed over everything that was recorded.
pub fn await_hand_over(gateway: &Gateway, mut progress: impl FnMut(&str)) {
    let patience = clock() + HANDED_OVER_WITHIN;
    while clock() < patience {
        let Some(metrics) = Metrics::fetch(gateway.http) else { return };
        let pending = metrics.get("dauys_spool_pending");
        if pending == 0.0 {
            return;
        }
        progress(&format!("       {pending:.0} recordings are still handed over"));
        std::thread::sleep(Duration::from_secs(2));
    }
}

impl Aftermath {
    /// Returns what became of each caller.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.tally.outcomes
    }

    /// Notes what the gateway's hand-over cost after the last call.
    pub fn add_afterwards(&mut self, cpu_seconds: f64) {
        if let Some(gateway) = &mut self.gateway {
            gateway.cpu_seconds_afterwards = cpu_seconds;
        }
    }

    /// Checks the recordings that a stopped gateway left in its data folder.
    ///
    /// # Errors
    /// Where they cannot be read at all.
    pub async fn check(&self, data: &Path) -> anyhow::Result<report::Recordings> {
        Ok(check::check(data, &self.plan, &self.voice, self.outcomes()).await?.into())
    }

    /// Makes the report.
    pub fn report(&self, asked: String, recordings: Option<report::Recordings>) -> Report {
        let generator = report::Generator::of(&self.tally, self.plan.lanes, self.plan.together);
        let invalid_because = generator.faults();
        let answered = || self.tally.outcomes.iter().filter(|outcome| outcome.status == 200);
        let full = self.while_nearly_all_up();
        let in_full = |outcome: &&Outcome| full.is_some_and(|(from, to)| (from..=to).contains(&outcome.began_us));
        let greeted = answered().filter(|outcome| outcome.heard >= GREETED).count() as u64;
        Report {
            valid: invalid_because.is_empty(),
            invalid_because,
            asked,
            calls: report::calls(&self.tally.outcomes, self.most),
            setup_ms: report::percentiles(self.setups()),
            setup_full_ms: report::percentiles(answered().filter(in_full).map(|outcome| outcome.setup_us).collect()),
            rtp: self.rtp,
            prompts: report::Prompts { sent: self.prompts_sent, heard: self.tally.heard, greeted },
            recordings,
            gateway: self.gateway.clone(),
            generator,
            machine: measured::machine(),
            seconds: self.seconds.clone(),
            notes: NOTES.to_vec(),
        }
    }

    /// Set-up times of answered calls whose telephones kept to the rules, sorted.
    fn setups(&self) -> Vec<u64> {
        let answered = self.tally.outcomes.iter().filter(|outcome| outcome.status == 200);
        let kept = answered.filter(|outcome| outcome.conduct.leaving != Leaving::Cancel);
        let mut setups: Vec<u64> = kept.map(|outcome| outcome.setup_us).collect();
        setups.sort_unstable();
        setups
    }

    /// Says from when to when nearly all calls were up, in microseconds.
    fn while_nearly_all_up(&self) -> Option<(u64, u64)> {
        let is_full = |second: &&Second| second.up as f64 >= self.most as f64 * NEARLY_ALL_UP;
        let first = self.seconds.iter().find(is_full)?;
        let last = self.seconds.iter().rev().find(is_full)?;
        Some(((first.at * 1e6) as u64, (last.at * 1e6) as u64))
    }

    /// Writes `report.json` and `index.html` into a folder.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn write(&self, report: &Report, folder: &Path) -> anyhow::Result<PathBuf> {
        let json = folder.join("report.json");
        std::fs::create_dir_all(folder)?;
        std::fs::write(&json, serde_json::to_vec_pretty(report)?)?;
        std::fs::write(folder.join("index.html"), page::page(report, &self.setups()))?;
        Ok(json)
    }
}
