//! Measures what a recorded packet costs: calls on loopback, each sending 50 packets a second, received, judged, recorded to a
//! file in batches, and optionally answered with a prompt. Prints numbers; it neither passes nor fails.
//!
//! `cargo run --release -p dauys-gateway --example rtp_receive -- [calls] [seconds] [threads] [frames to send at once, 0: none]`
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring tool prints, and reads the clock")]

use std::{
    fs::{self, File},
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    time::Instant,
};

use anyhow::{Context, Result};
use dauys_gateway::media::{CallMedia, MediaConfig, MediaPlane, RecordSink, Recorded, TICK};
use dauys_media::{activity::ActivityConfig, codec::Codec, play::Clip, rtp::RtpHeader};

/// Records to one file, with a small head before each block, written once a pass.
struct BatchFile {
    file: File,
    batch: Vec<u8>,
}

impl RecordSink for BatchFile {
    type Head = ();
    type Tail = ();
    type Track = u32;
    type Finished = u64;
    type Refused = io::Error;
    type Located = ();

    fn begin(&mut self, _codec: Codec, _head: ()) -> io::Result<u32> {
        Ok(0)
    }

    fn append(&mut self, track: &mut u32, at_samples: u64, payload: &[u8]) {
        self.batch.extend_from_slice(&track.to_le_bytes());
        self.batch.extend_from_slice(&at_samples.to_le_bytes());
        self.batch.extend_from_slice(payload);
    }

    fn locate(&mut self, _track: &mut u32) {}

    fn finish(&mut self, _track: u32, _tail: (), recorded: &Recorded) -> u64 {
        recorded.samples
    }

    fn abandon(&mut self, _track: u32, _recorded: &Recorded) {}

    fn pass_done(&mut self, _now: Instant) {
        if self.file.write_all(&self.batch).is_ok() {
            self.batch.clear();
        }
    }
}

/// CPU time of the media threads, in seconds: `schedstat` counts it in nanoseconds.
fn media_cpu() -> io::Result<f64> {
    let mut nanos = 0u64;
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if fs::read_to_string(task.join("comm"))?.starts_with("media-") {
            let stat = fs::read_to_string(task.join("schedstat"))?;
            nanos += stat.split_whitespace().next().and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
        }
    }
    Ok(nanos as f64 / 1e9)
}

fn argument(nth: usize, default: usize) -> Result<usize> {
    std::env::args().nth(nth).map_or(Ok(default), |text| text.parse().context("arguments are numbers"))
}

fn main() -> Result<()> {
    let (calls, seconds, threads, play) = (argument(1, 500)?, argument(2, 5)?, argument(3, 1)?, argument(4, 0)?);
    let folder = std::env::temp_dir().join(format!("rtp-receive-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let config = MediaConfig {
        threads,
        bind_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        first_port: 10_000,
        last_port: 31_999,
        rtcp_port: None,
        frames_per_send: play.max(1),
        ..MediaConfig::default()
    };
    let (plane, _events) = MediaPlane::start(config, |index| {
        Ok(BatchFile { file: File::create(folder.join(index.to_string()))?, batch: Vec::new() })
    })?;
    // One phone for all calls: each call locks its source for itself.
    let phone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut handles = Vec::new();
    for _ in 0..calls {
        let media = CallMedia {
            codec: Codec::Alaw,
            payload_type: 8,
            dtmf_payload_type: Some(101),
            remote: Some(phone.local_addr()?),
            remote_rtcp: None,
            rtcp_mux: false,
            keys_in_band: false,
            srtp: None,
            listen: Some(ActivityConfig::default()),
        };
        let call = plane.start_call(plane.allocate()?, media)?;
        drop(call.record(())?);
        if play > 0 {
            call.play(vec![Clip::silence(1_000); 100], 0)?;
        }
        handles.push(call);
    }
    let lines: Vec<_> = handles.iter().map(|call| SocketAddr::from((Ipv4Addr::LOCALHOST, call.port()))).collect();
    let before = media_cpu()?;
    let (sent, began) = send(&phone, &lines, seconds * 50);
    let took = began.elapsed().as_secs_f64();
    let (mut received, mut lost, mut lost_by_us, mut answered) = (0, 0, 0, 0);
    let replies: Vec<_> =
        handles.into_iter().map(dauys_gateway::media::MediaHandle::close).collect::<Result<_, _>>()?;
    for reply in replies {
        let quality = reply.blocking_recv()?;
        received += quality.received.received;
        lost += quality.received.lost;
        lost_by_us += quality.lost_by_us;
        answered += quality.sent;
    }
    let cpu = media_cpu()? - before;
    println!("calls {calls}, media threads {threads}, {took:.2} s, {:.0} packets/s in", sent as f64 / took);
    println!(
        "sent {sent}, received {received}, lost {lost}, of them by us {lost_by_us}; answered with {answered} packets"
    );
    println!(
        "media threads: {cpu:.3} s of CPU, {:.2} us per packet received, {:.2} us per packet in or out",
        cpu * 1e6 / received.max(1) as f64,
        cpu * 1e6 / (received + answered).max(1) as f64,
    );
    drop(plane);
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Sends every call's packets on a 20 ms clock; returns how many, and when it began.
fn send(phone: &UdpSocket, lines: &[SocketAddr], rounds: usize) -> (u64, Instant) {
    let began = Instant::now();
    let mut sent = 0;
    let mut bytes = Vec::new();
    for round in 0..rounds {
        let due = began + TICK * round as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let header = RtpHeader {
            payload_type: 8,
            marker: false,
            sequence: round as u16,
            timestamp: round as u32 * 160,
            ssrc: 1,
        };
        bytes.clear();
        header.write(&[(round % 200) as u8; 160], &mut bytes);
        for line in lines {
            sent += u64::from(phone.send_to(&bytes, line).is_ok());
        }
    }
    (sent, began)
}
