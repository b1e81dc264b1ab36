//! `dauys run`: starts, shows the way with sample calls where asked, and stays up.

use crate::cli::Run;
use crate::line_only::LineOnly;
use crate::system::System;
use crate::{call, demo, preflight, telemetry};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Runs until Ctrl-C or SIGTERM.
pub(crate) fn run(arguments: Run) -> anyhow::Result<ExitCode> {
    let settings = preflight::settings(&arguments.settings)?;
    telemetry::log(&settings.log)?;
    preflight::open_files(settings.calls.limit);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let metrics = telemetry::metrics(stop.clone())?;
        println!("dauys {} starts; data in {}", env!("CARGO_PKG_VERSION"), settings.node.data.display());
        if arguments.line_only {
            return line_only(LineOnly::start(settings, metrics).await?, stop).await;
        }
        let system = System::start(settings, metrics).await?;
        let api = format!("http://{}", demo::reachable(system.http));
        tell_addresses(&system, &api);
        let mut code = ExitCode::SUCCESS;
        let mut wanted = Signals::new()?;
        if arguments.demo_calls > 0 {
            let token = call::read_token(&system.first.token_file)?;
            let placed = demo::place_calls(arguments.demo_calls, system.sip, &api, &token);
            let tickets = tokio::select! {
                tickets = placed => Some(tickets),
                () = wanted.any() => None,
            };
            if let Some(tickets) = tickets {
                println!("\n{tickets} of {} sample calls became tickets.", arguments.demo_calls);
                if arguments.then_stop && tickets < arguments.demo_calls {
                    code = ExitCode::FAILURE;
                }
            }
            if tickets.is_none() || arguments.then_stop {
                return Ok(finish(system, stop, code).await);
            }
            tell_addresses(&system, &api);
        }
        println!("\nThe line is open; Ctrl-C closes it.");
        wanted.any().await;
        Ok(finish(system, stop, code).await)
    })
}

async fn line_only(line: LineOnly, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let mut wanted = Signals::new()?;
    let http = demo::reachable(line.http);
    println!("\n  call        sip:109@{}", demo::reachable(line.sip));
    println!("  metrics http://{http}/metrics    health http://{http}/readyz");
    println!("\nThe line is open; Ctrl-C closes it.");
    wanted.any().await;
    println!("\nclosing: no new calls; those inside finish");
    line.stop().await;
    stop.cancel();
    Ok(ExitCode::SUCCESS)
}

async fn finish(system: System, stop: CancellationToken, code: ExitCode) -> ExitCode {
    println!("\nclosing: no new calls; those inside finish");
    system.stop().await;
    stop.cancel();
    code
}

fn tell_addresses(system: &System, api: &str) {
    println!("\n  call        sip:109@{}", demo::reachable(system.sip));
    println!("  cabinets    {api}/cabinet");
    println!("  operations  {api}/operations");
    println!("  API         {api}/api/openapi.json    metrics {api}/metrics    health {api}/readyz");
    match &system.first.password_file {
        Some(path) => println!("  sign in     operator, with the password in {}", path.display()),
        None => println!("  sign in     operator (the password was written to the data folder at the first start)"),
    }
}

/// What tells the process to stop.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
