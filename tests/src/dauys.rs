//! dauys as a process: started on ports and a data folder of its own, asked over HTTP, stopped or killed.

use anyhow::{Context, bail};
use dauys_loadtest::phone::ticket::{CallOutcome, outcome};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long a start may take on a loaded machine.
const START: Duration = Duration::from_secs(90);
/// How long a ticket may take there.
const TICKET: Duration = Duration::from_secs(60);

/// Returns the binary that is tested: built beside the tests, or built now.
///
/// # Errors
/// Where it cannot be built.
pub fn binary() -> anyhow::Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        // target/debug/deps/this-test → target/debug/dauys
        let folder = own.parent().and_then(Path::parent).ok_or("no target folder")?;
        let binary = folder.join("dauys");
        if !binary.exists() {
            let built = std::process::Command::new(option_env!("CARGO").unwrap_or("cargo"))
                .args(["build", "-p", "dauys-standalone"])
                .status()
                .map_err(|error| error.to_string())?;
            if !built.success() {
                return Err("dauys does not build".to_owned());
            }
        }
        Ok(binary)
    });
    built.clone().map_err(anyhow::Error::msg)
}

/// Prepares a command of dauys that sees no settings of whoever runs the tests.
///
/// # Errors
/// Where the binary cannot be built.
pub fn command(arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(binary()?);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DAUYS_")) {
        command.env_remove(name);
    }
    Ok(command)
}

/// A running dauys.
pub struct Dauys {
    child: Child,
    /// Where calls are taken.
    pub sip: SocketAddr,
    /// Where the pages and the API are.
    pub api: String,
    /// The token of the test phone.
    pub token: String,
    /// The process's HTTP client.
    pub http: reqwest::Client,
}

impl Dauys {
    /// Starts dauys on a data folder, on free ports, with settings from the environment on top.
    ///
    /// # Errors
    /// Where it does not come up: with what it printed.
    pub async fn start(data: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut command = command(&["run", "--data", data.to_str().context("data folder")?])?;
        command
            .env("DAUYS__SIP__LISTEN", "127.0.0.1:0")
            .env("DAUYS__HTTP__LISTEN", "127.0.0.1:0")
            .env("DAUYS__CALLS__LEAST_FREE_MEGABYTES", "1")
            .env("DAUYS__MEDIA__THREADS", "1")
            .env("DAUYS__CALLS__END_SILENCE_MS", "1500")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(std::fs::File::options().create(true).append(true).open(data.join("log"))?));
        let mut child = command.spawn()?;
        let output = child.stdout.take().context("no output")?;
        let mut lines = BufReader::new(output).lines();
        let (mut sip, mut api, mut seen) = (None, None, String::new());
        let started = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, address)) = line.split_once("sip:109@") {
                    sip = Some(address.trim().parse()?);
                }
                if let Some((_, url)) = line.split_once("cabinets    ") {
                    api = Some(url.trim().trim_end_matches("/cabinet").to_owned());
                }
                if line.contains("The line is open") {
                    return Ok(());
                }
                seen += &line;
                seen.push('\n');
            }
            bail!("dauys ended: {}", std::fs::read_to_string(data.join("log")).unwrap_or_default())
        };
        tokio::time::timeout(START, started).await.context("dauys does not come up")??;
        // The rest of its output is read on, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let token = std::fs::read_to_string(data.join("api-token.txt"))?.trim().to_owned();
        let http = reqwest::Client::builder().build()?;
        Ok(Self { child, sip: sip.context("no SIP address")?, api: api.context("no URL")?, token, http })
    }

    /// Kills the process as a power cut would.
    ///
    /// # Errors
    /// Where it cannot be killed.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("kill")
    }

    /// Asks the process to stop, and waits until it has.
    ///
    /// # Errors
    /// Where it ends with a failure, or not at all.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().context("it has ended already")?;
        // The shell's own `kill`: a bare system has no program of that name.
        std::process::Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status()?;
        let status =
            tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await.context("it does not stop")??;
        if status.success() { Ok(()) } else { bail!("it ended with {status}") }
    }

    /// Waits for the ticket of a call.
    ///
    /// # Errors
    /// Where there is none in time.
    pub async fn ticket_of(&self, external_id: &str) -> anyhow::Result<CallOutcome> {
        Ok(outcome(&self.http, &self.api, &self.token, external_id, TICKET).await?)
    }

    /// Gets JSON from the API.
    ///
    /// # Errors
    /// Where the API refuses.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let response = self.http.get(format!("{}{path}", self.api)).bearer_auth(&self.token).send().await?;
        Ok(response.error_for_status()?.json().await?)
    }
}
