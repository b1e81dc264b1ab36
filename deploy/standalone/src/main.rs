//! The one-process `dauys`: every room in one binary, on embedded defaults or on Kafka and PostgreSQL.
#![allow(clippy::print_stdout, reason = "a command-line program answers on its standard output")]

mod account;
mod call;
mod check;
mod cli;
mod demo;
mod gauges;
mod line_only;
mod models;
mod preflight;
mod progress;
mod run;
#[cfg_attr(not(feature = "onnx"), path = "second/absent.rs")]
mod second;
mod speech_model;
mod system;
mod telemetry;
mod train;
mod transcribing;
mod understand;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let outcome = match cli.command {
        cli::Command::Run(arguments) => run::run(arguments),
        cli::Command::Call(arguments) => call::run(&arguments),
        cli::Command::Check(arguments) => check::run(&arguments),
        cli::Command::Settings => check::print_example(),
        cli::Command::Account(arguments) => account::run(arguments),
        cli::Command::Model(arguments) => speech_model::run(arguments),
        cli::Command::Understand(arguments) => understand::run(&arguments),
        cli::Command::Train(arguments) => train::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            // One line that says what to do; the chain holds the reason.
            eprintln!("dauys: {error:#}");
            ExitCode::FAILURE
        }
    }
}
