//! What a process costs, read from Linux: processor time, memory, open files, and the metrics that it serves.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Clock ticks in a second, as `/proc` counts them on every Linux that dauys runs on.
const TICKS: f64 = 100.0;
/// How long metrics may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest page of metrics that is read, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Returns the processor seconds that a process has used, in user and kernel mode.
pub fn cpu_seconds(pid: u32) -> f64 {
    stat_seconds(&format!("/proc/{pid}/stat"))
}

fn stat_seconds(path: &str) -> f64 {
    let stat = std::fs::read_to_string(path).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// Returns the processor seconds of a process's threads, by the first word of their names.
pub fn cpu_by_thread(pid: u32) -> BTreeMap<String, f64> {
    let mut groups = BTreeMap::new();
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let path = task.path();
        let name = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
        let group: String = name.trim().chars().take_while(|letter| letter.is_alphabetic() || *letter == '-').collect();
        let group = group.trim_end_matches('-').to_owned();
        *groups.entry(group).or_default() += stat_seconds(&path.join("stat").to_string_lossy());
    }
    groups
}

/// Returns the memory that a process holds for itself, in bytes: what is in it, but for mapped files.
pub fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or_default()
    };
    (kilobytes("RssAnon:") + kilobytes("RssShmem:")) * 1024
}

/// Returns how many files and sockets a process has open.
pub fn open_files(pid: u32) -> u64 {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |entries| entries.count() as u64)
}

/// Returns how many files and sockets a process may have open.
pub fn open_files_limit(pid: u32) -> u64 {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    line.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or_default()
}

/// Describes the machine: processor, cores, memory, kernel.
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split(':').nth(1).unwrap_or_default().trim().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kilobytes: u64 =
        value(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").trim().parse().unwrap_or_default();
    let release = read("/proc/sys/kernel/osrelease");
    let kernel: String = release.trim().split('-').next().unwrap_or_default().to_owned();
    format!(
        "{} {}, {cores} cores, {} GB, Linux {kernel}",
        std::env::consts::ARCH,
        value(&read("/proc/cpuinfo"), "model name"),
        kilobytes / 1_048_576
    )
}

/// The metrics of a process at one moment, labels added up.
#[derive(Clone, Debug, Default)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Fetches the metrics at an address; nothing where they cannot be had.
    pub fn fetch(address: SocketAddr) -> Option<Self> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.write_all(format!("GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).ok()?;
        let mut text = String::new();
        stream.take(LONGEST).read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        head.lines().next()?.contains(" 200 ").then(|| Self::parse(body))
    }

    /// Reads Prometheus' text format.
    pub fn parse(text: &str) -> Self {
        let mut sums = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            let name = name.split('{').next().unwrap_or_default();
            if let Ok(value) = value.parse::<f64>() {
                *sums.entry(name.to_owned()).or_default() += value;
            }
        }
        Self(sums)
    }

    /// Returns a metric; 0 where it was never counted.
    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Returns by how much a metric grew since another moment.
    pub fn since(&self, before: &Self, name: &str) -> u64 {
        (self.get(name) - before.get(name)).max(0.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_added_up_and_growth_is_told() {
        let before = Metrics::parse("# HELP a b\na_total{x=\"1\"} 3\na_total{x=\"2 3\"} 4\n");
        let after = Metrics::parse("a_total{x=\"1\"} 9\nb 1.5\nnonsense\n");
        assert_eq!((before.get("a_total"), after.since(&before, "a_total"), after.get("b")), (7.0, 2, 1.5));
    }

    #[test]
    fn a_process_is_measured() {
        let own = std::process::id();
        assert!(memory(own) > 100_000 && open_files(own) > 2 && open_files_limit(own) > 2);
        assert!(machine().contains("cores"), "{}", machine());
    }
}
