//! `dauys-storm`: thousands of callers against a SIP server, and the report of what came through.
#![allow(clippy::print_stdout, reason = "a command-line program answers on its standard output")]

use anyhow::{Context, bail};
use clap::Parser;
use dauys_loadtest::phone::target::Target;
use dauys_loadtest::storm::arrivals::Pattern;
use dauys_loadtest::storm::conduct::Mix;
use dauys_loadtest::storm::gateway::Gateway;
use dauys_loadtest::storm::measured;
use dauys_loadtest::storm::network::Network;
use dauys_loadtest::storm::plan::Plan;
use dauys_loadtest::storm::run::{self, Watched};
use dauys_loadtest::storm::socket::MOST_TOGETHER;
use dauys_loadtest::storm::voice::Voice;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Thousands of callers with real speech. Without `--to` it starts dauys beside itself, with nothing but the line, and compares every
/// recording with what was sent.
#[derive(Debug, Parser)]
#[command(name = "dauys-storm", version)]
struct Arguments {
    /// How many calls
    #[arg(long, default_value_t = 5_000)]
    calls: u64,
    /// For how many seconds all of them are up together
    #[arg(long, default_value_t = 60.0)]
    hold: f64,
    /// How many seconds each call lasts, instead: calls then come and go
    #[arg(long)]
    length: Option<f64>,
    /// How many calls begin each second
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// How calls arrive
    #[arg(long, value_enum, default_value_t = Pattern::Ramp)]
    pattern: Pattern,
    /// How many seconds callers listen to the greeting before they speak over it
    #[arg(long, default_value_t = 4.0)]
    listen: f64,
    /// Which callers there are
    #[arg(long, value_enum, default_value_t = Mix::Whole)]
    mix: Mix,
    /// How many percent of the packets the callers' network loses
    #[arg(long, default_value_t = 0.0)]
    loss: f64,
    /// How many percent of the packets are overtaken by later ones
    #[arg(long, default_value_t = 0.0)]
    reorder: f64,
    /// How many percent of the packets arrive twice
    #[arg(long, default_value_t = 0.0)]
    duplicate: f64,
    /// By how many milliseconds packets vary, at most 60
    #[arg(long, default_value_t = 0)]
    jitter: u64,
    /// What chance depends on: the same seed, the same storm
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many threads send; by default 1, and 2 above 3,000 calls at once
    #[arg(long)]
    lanes: Option<usize>,
    /// How many packets a telephone sends at once, 1 to 5: with 1 every 20 ms, with 5 five of them every 100 ms. By default 1, and 5
    /// above 6,000 calls at once, for which the generator would otherwise need a machine of its own
    #[arg(long)]
    together: Option<usize>,
    /// Any other SIP server to call, as sip:user@host:port
    #[arg(long)]
    to: Option<String>,
    /// The process of that server, to be measured
    #[arg(long, requires = "to")]
    pid: Option<u32>,
    /// Where that server serves metrics under dauys's names, as address:port
    #[arg(long, requires = "to")]
    metrics: Option<SocketAddr>,
    /// The dauys to start; by default the one beside this program
    #[arg(long, conflicts_with = "to")]
    gateway: Option<PathBuf>,
    /// How many calls that dauys takes at once; by default all
    #[arg(long, conflicts_with = "to")]
    limit: Option<u64>,
    /// What callers say: WAV files of 8000 Hz, mono
    #[arg(long, num_args = 1.., default_values = SPEECH)]
    speech: Vec<PathBuf>,
    /// Where the report and the data go
    #[arg(long, default_value = "target/load")]
    out: PathBuf,
}

const SPEECH: [&str; 6] = [
    "transcriber/demo-model/calls/kk-electricity.wav",
    "transcriber/demo-model/calls/kk-water.wav",
    "transcriber/demo-model/calls/ru-electricity.wav",
    "transcriber/demo-model/calls/ru-traffic-light.wav",
    "transcriber/demo-model/calls/uz-electricity.wav",
    "transcriber/demo-model/calls/uz-gas.wav",
];

/// The gateway's RTP ports: below those that the system gives to others, with room to rest between two calls.
const PORTS: (u16, u16) = (4_000, 32_766);

/// So many calls at once one thread carries with ease.
const ONE_LANE: f64 = 3_000.0;
/// So many calls at once two threads carry beside a gateway on two cores, sending each packet by itself.
const ONE_BY_ONE: f64 = 6_000.0;

fn main() -> ExitCode {
    match storm(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("dauys-storm: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn storm(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let voice = Voice::read(&arguments.speech)?;
    let say = |line: &str| println!("{line}");
    let (gateway, target, watched) = match &arguments.to {
        Some(to) => (None, to.clone(), Watched { pid: arguments.pid, metrics: arguments.metrics }),
        None => {
            let gateway = start(arguments)?;
            let watched = Watched { pid: Some(gateway.pid()), metrics: Some(gateway.http) };
            let target = format!("sip:109@{}", gateway.sip);
            (Some(gateway), target, watched)
        }
    };
    let plan = plan(arguments, &target)?;
    let (stays, each) = (plan.stays(), plan.together * 20);
    println!("{} calls to {target}, each {stays:.0} s, a packet every 20 ms", plan.calls);
    if plan.together > 1 {
        println!("a telephone sends {} packets at once, every {each} ms", plan.together);
    }
    println!("report in {}", arguments.out.display());
    let mut aftermath = run::storm(plan, voice, &watched, say)?;
    let mut recordings = None;
    if let Some(gateway) = gateway {
        let (pid, data) = (gateway.pid(), gateway.data.clone());
        let before = measured::cpu_seconds(pid);
        run::await_hand_over(&gateway, say);
        aftermath.add_afterwards(measured::cpu_seconds(pid) - before);
        gateway.stop()?;
        println!("       comparing recordings with what was sent");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        recordings = Some(runtime.block_on(aftermath.check(&data))?);
        std::fs::remove_dir_all(data.join("recordings")).context("the recordings that were compared")?;
    }
    let asked = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    let report = aftermath.report(format!("dauys-storm {asked}"), recordings);
    let path = aftermath.write(&report, &arguments.out)?;
    println!("\n{}\n{}", report.summary(), path.display());
    Ok(if report.valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn start(arguments: &Arguments) -> anyhow::Result<Gateway> {
    let binary = match &arguments.gateway {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("dauys"),
    };
    if !binary.exists() {
        bail!("{} is not there: build it with `make build`, or name one with --gateway", binary.display());
    }
    let limit = arguments.limit.unwrap_or(arguments.calls);
    Gateway::start(&binary, &arguments.out.join("data"), limit, PORTS)
}

fn plan(arguments: &Arguments, target: &str) -> anyhow::Result<Plan> {
    let share = |percent: f64| (percent / 100.0).clamp(0.0, 1.0);
    let at_once = arguments.length.map_or(arguments.calls as f64, |length| arguments.rate * length);
    Ok(Plan {
        target: Target::parse(target)?,
        calls: arguments.calls.max(1),
        pattern: arguments.pattern,
        rate: arguments.rate.max(0.01),
        hold: arguments.hold,
        length: arguments.length,
        listen: arguments.listen,
        mix: arguments.mix,
        network: Network::new(
            share(arguments.loss),
            share(arguments.duplicate),
            share(arguments.reorder),
            arguments.jitter,
            arguments.seed,
        ),
        seed: arguments.seed,
        lanes: arguments.lanes.unwrap_or(if at_once > ONE_LANE { 2 } else { 1 }).clamp(1, 16),
        together: arguments.together.unwrap_or(if at_once > ONE_BY_ONE { 5 } else { 1 }).clamp(1, MOST_TOGETHER),
    })
}
