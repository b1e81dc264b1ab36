//! dauys as a process beside the storm: started on a data folder of its own with nothing but the line, asked to stop at the end.

use anyhow::{Context, bail};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to stop.
const STOPS_WITHIN: Duration = Duration::from_secs(120);

/// A running gateway.
pub struct Gateway {
    child: Child,
    /// Kept open, since a program that cannot print ends.
    _output: BufReader<ChildStdout>,
    /// Where calls are taken.
    pub sip: SocketAddr,
    /// Where its metrics are.
    pub http: SocketAddr,
    /// Its data folder.
    pub data: PathBuf,
}

impl Gateway {
    /// Starts a gateway: no transcription, no tickets, no pages, so that what is measured is the line. Settings from the
    /// environment hold.
    ///
    /// # Errors
    /// Where it does not come up; its log is in the data folder.
    pub fn start(binary: &Path, data: &Path, limit: u64, ports: (u16, u16)) -> anyhow::Result<Self> {
        let _ = std::fs::remove_dir_all(data);
        std::fs::create_dir_all(data).with_context(|| format!("{}", data.display()))?;
        let log = std::fs::File::create(data.join("log"))?;
        let mut command = Command::new(binary);
        command.args(["run", "--line-only", "--data"]).arg(data);
        let defaults = [
            ("DAUYS__SIP__LISTEN", "127.0.0.1:0".to_owned()),
            ("DAUYS__HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("DAUYS__CALLS__LIMIT", limit.to_string()),
            ("DAUYS__MEDIA__FIRST_PORT", ports.0.to_string()),
            ("DAUYS__MEDIA__LAST_PORT", ports.1.to_string()),
            ("DAUYS__CALLS__LEAST_FREE_MEGABYTES", "100".to_owned()),
        ];
        for (name, value) in defaults {
            if std::env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} cannot be started", binary.display()))?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?);
        let (mut sip, mut http) = (None, None);
        for line in output.by_ref().lines() {
            let line = line?;
            if let Some((_, address)) = line.split_once("sip:109@") {
                sip = address.trim().parse().ok();
            }
            if let Some((_, rest)) = line.split_once("metrics http://") {
                http = rest.split('/').next().and_then(|address| address.parse().ok());
            }
            if line.contains("The line is open") {
                break;
            }
        }
        let (Some(sip), Some(http)) = (sip, http) else {
            let _ = child.kill();
            bail!("the gateway does not come up: see {}", data.join("log").display());
        };
        Ok(Self { child, _output: output, sip, http, data: data.to_owned() })
    }

    /// Returns the process's id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Errors
    /// Where it ends with a failure, or not at all.
    #[expect(clippy::disallowed_methods, reason = "a shell that waits")]
    pub fn stop(mut self) -> anyhow::Result<()> {
        terminate(self.pid());
        let patience = Instant::now() + STOPS_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() { Ok(()) } else { bail!("the gateway ended with {status}") };
            }
            if Instant::now() > patience {
                bail!("the gateway does not stop");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // One that was stopped is gone already.
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn terminate(pid: u32) {
    // SAFETY: a signal is sent to a child of our own, which was not waited for and so still has its id.
    let _ = unsafe { libc::kill(pid as libc::pid_t, libc::SIGTERM) };
}
