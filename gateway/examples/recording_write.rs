//! Measures the recording store: N calls of 8,000 bytes a second, 50 packets each, while calls end and wait for their commit.
//!
//! `cargo run --release -p dauys-gateway --example recording_write -- [calls] [seconds] [folder]`
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement prints, and works by the clock")]

use std::time::{Duration, Instant};

use dauys_gateway::recording::{Codec, Commit, Settings, Store};
use uuid::Uuid;

const PASS: Duration = Duration::from_millis(100);

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let calls: usize = arguments.next().map_or(Ok(5_000), |text| text.parse())?;
    let seconds: u32 = arguments.next().map_or(Ok(10), |text| text.parse())?;
    let folder = arguments.next().unwrap_or_else(|| "recording-write".to_owned());
    let (store, recovery) = Store::open(folder.as_ref(), Settings::default(), |_| b"{}".to_vec())?;
    println!("{recovery:?}");
    let mut writer = store.writer();
    let head = [b' '; 300];
    let packet = [0x55u8; 160];
    let mut intakes = 0..;
    let mut begin = |writer: &mut dauys_gateway::recording::Writer| {
        writer.begin(Uuid::from_u128(intakes.next().unwrap_or_default()), Codec::Pcma, &head)
    };
    let mut tracks = Vec::new();
    // Calls do not begin together: each has a different part of its first block already.
    for call in 0..calls {
        let track = begin(&mut writer)?;
        let already = (call as u64 % 50) * 160;
        writer.append(track, 0, &vec![0x55; already as usize]);
        tracks.push((track, already));
    }

    let (mut busy, mut worst_pass, mut packets) = (Duration::ZERO, Duration::ZERO, 0u64);
    let mut waiting: Vec<(Instant, Commit)> = Vec::new();
    let mut latencies = Vec::new();
    let cpu = cpu_time();
    let start = Instant::now();
    let passes = seconds * 10;
    for pass in 1..=passes {
        let begun = Instant::now();
        for (track, at) in &mut tracks {
            for _ in 0..5 {
                writer.append(*track, *at, &packet);
                *at += 160;
                packets += 1;
            }
        }
        // At 60 s a call, one call in 600 ends in each pass, and another begins.
        for _ in 0..calls / 600 {
            let slot = (latencies.len() + waiting.len()) * 7 % tracks.len();
            let fresh = begin(&mut writer)?;
            let (ended, _) = std::mem::replace(&mut tracks[slot], (fresh, 0));
            waiting.push((Instant::now(), writer.finish(ended, &head)));
        }
        writer.tick(Instant::now());
        worst_pass = worst_pass.max(begun.elapsed());
        busy += begun.elapsed();
        let next = start + PASS * pass;
        while Instant::now() < next {
            collect(&mut waiting, &mut latencies);
            std::thread::sleep(Duration::from_millis(1).min(next.saturating_duration_since(Instant::now())));
        }
    }
    while !waiting.is_empty() {
        collect(&mut waiting, &mut latencies);
        std::thread::sleep(Duration::from_millis(1));
    }
    let wall = start.elapsed().as_secs_f64();
    let cpu = cpu_time() - cpu;
    latencies.sort();
    let at = |share: usize| latencies.get((latencies.len() * share / 100).min(latencies.len().saturating_sub(1)));
    println!("{calls} calls, {wall:.1} s, {packets} packets, {:.1} MB/s", packets as f64 * 160.0 / wall / 1e6);
    println!(
        "writer's thread: {:.3} µs a packet, worst pass {worst_pass:?}",
        busy.as_secs_f64() * 1e6 / packets as f64
    );
    println!("whole process: {:.3} µs of CPU a packet", cpu * 1e6 / packets as f64);
    println!("{} commits: p50 {:?}, p99 {:?}, worst {:?}", latencies.len(), at(50), at(99), latencies.last());
    println!("dropped {} bytes, {} segments", writer.dropped(), store.segments());
    Ok(())
}

fn collect(waiting: &mut Vec<(Instant, Commit)>, latencies: &mut Vec<Duration>) {
    waiting.retain_mut(|(since, commit)| match commit.poll_now() {
        None => true,
        Some(outcome) => {
            if outcome.is_ok() {
                latencies.push(since.elapsed());
            }
            false
        }
    });
}

/// Seconds of CPU that this process has used, in user and kernel mode (`/proc/self/stat`, fields 14 and 15, in 1/100 s).
fn cpu_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}
