//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The line that a city answers: people call 109 or send a voice note, and what they say becomes a ticket in the cabinet of
/// the agency that must act.
#[derive(Debug, Parser)]
#[command(
    name = "dauys",
    version,
    after_help = "Start with `dauys run`; `dauys call speech.wav --to sip:109@127.0.0.1` places a call."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answers calls and voice notes, and serves the pages, until it is told to stop (Ctrl-C or SIGTERM)
    Run(Run),
    /// Places a call with a WAV file as the voice, and tells what became of it
    Call(Call),
    /// Checks a settings file and its city pack; explains mistakes with file, line and key
    Check(Check),
    /// Prints the example settings file: every key with its meaning and default
    Settings,
    /// Manages the accounts of staff and agencies
    Account(Account),
    /// Lists, fetches, checks and chooses speech models
    Model(Model),
    /// Reads one transcript a line and prints what is understood of it, one JSON object a line
    Understand(Understand),
    /// Trains the model anew from the city pack and from accepted corrections, and puts it in use unless it is worse
    Train(Train),
}

#[derive(Debug, Args)]
pub(crate) struct SettingsFile {
    /// The settings file; without one the defaults hold
    #[arg(short, long, value_name = "FILE", env = "DAUYS_SETTINGS")]
    pub settings: Option<PathBuf>,
    /// The data folder, in place of the one in the settings
    #[arg(short, long, value_name = "FOLDER", env = "DAUYS_DATA")]
    pub data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub settings: SettingsFile,
    /// Places this many sample calls (Kazakh, Russian, Uzbek, in turn) once everything is up, and tells what became of them
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub demo_calls: usize,
    /// Stops after the sample calls instead of staying up; fails where one of them did not become a ticket
    #[arg(long, requires = "demo_calls")]
    pub then_stop: bool,
    /// Takes calls in and hands them over to the bus, nothing else: for a node beside others that transcribe and keep tickets
    #[arg(long, conflicts_with = "demo_calls")]
    pub line_only: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "The file must be 8000 Hz, 16 bit, mono:  sox in.wav -r 8000 -b 16 -c 1 out.wav")]
pub(crate) struct Call {
    /// What is said: a WAV file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Whom to call
    #[arg(long, value_name = "URI", default_value = "sip:109@127.0.0.1:5060")]
    pub to: String,
    /// The caller's number
    #[arg(long, value_name = "NUMBER", default_value = "77000000000")]
    pub from: String,
    /// Keys to press before speaking: 1 for Kazakh, 2 for Russian, 3 for Uzbek
    #[arg(long, value_name = "KEYS", default_value = "")]
    pub press: String,
    /// How the caller ends
    #[arg(long, value_enum, default_value_t = End::Hash)]
    pub end: End,
    /// The codec to offer
    #[arg(long, value_enum, default_value_t = Law::Alaw)]
    pub codec: Law,
    /// Speaks at once instead of waiting for the tone
    #[arg(long)]
    pub at_once: bool,
    /// Prints one JSON object instead of sentences
    #[arg(long)]
    pub json: bool,
    /// Where dauys serves its API, to learn what became of the call; by default the one that the settings name
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,
    /// The file with the token for the API; by default `api-token.txt` in the data folder
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Places the call only, and does not ask what became of it: for SIP servers that are not dauys
    #[arg(long)]
    pub no_ticket: bool,
    /// How many seconds to wait for the ticket
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub patience: u64,
    /// Writes what the caller heard into a WAV file
    #[arg(long, value_name = "FILE")]
    pub save_heard: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingsFile,
}

/// How the caller ends.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum End {
    /// Presses #
    Hash,
    /// Falls silent
    Silence,
    /// Hangs up
    Hangup,
}

/// The codec to offer.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Law {
    /// G.711 A-law (PCMA)
    Alaw,
    /// G.711 µ-law (PCMU)
    Ulaw,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The settings file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Account {
    #[command(subcommand)]
    pub command: AccountCommand,
    #[command(flatten)]
    pub settings: SettingsFile,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Makes an account; its password is read from standard input, or made and printed once
    Add {
        /// The login
        login: String,
        /// What the account may do
        #[arg(long, value_enum)]
        role: Role,
        /// The agency's code in the city pack, for the role `agency`
        #[arg(long)]
        agency: Option<String>,
        /// Reads the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// Gives an account a new password and signs it out everywhere
    Password {
        /// The login
        login: String,
        /// Reads the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// Lists the accounts
    List,
}

/// What an account may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Role {
    /// Everything, the accounts included
    Admin,
    /// Inspectors and controllers: see all tickets, correct and reassign them
    Staff,
    /// Sees its agency's tickets and reports them as done
    Agency,
    /// Sees, and changes nothing
    Reader,
}

#[derive(Debug, Args)]
pub(crate) struct Model {
    #[command(subcommand)]
    pub command: ModelCommand,
    #[command(flatten)]
    pub settings: SettingsFile,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Lists the known models, and which of them are here
    List,
    /// Fetches a model into the data folder; goes on where an earlier try stopped
    Fetch {
        /// The model's name
        name: String,
        /// Another address to fetch it from, such as a mirror
        #[arg(long, value_name = "URL")]
        from: Option<String>,
    },
    /// Checks that a model is whole
    Verify {
        /// The model's name, or the path of a file
        model: String,
    },
    /// Names a model in the settings file, once it was checked
    Use {
        /// The model's name, or the path of a file
        model: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "The model in the data folder decides; without one in use there the model is trained first.")]
pub(crate) struct Understand {
    /// The city: a pack that is built in, or the folder of one; by default the one in the settings
    #[arg(long, value_name = "NAME")]
    pub city: Option<String>,
    /// Prints JSON (the only form there is)
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub settings: SettingsFile,
}

#[derive(Debug, Args)]
#[command(after_help = "A dauys that runs takes the new model at its next start.")]
pub(crate) struct Train {
    /// The city: a pack that is built in, or the folder of one; by default the one in the settings
    #[arg(long, value_name = "NAME")]
    pub city: Option<String>,
    /// More corrections: a file with one JSON object a line (`text`, `category`, and if known `language`, `kind`)
    #[arg(long, value_name = "FILE")]
    pub corrections: Option<PathBuf>,
    /// Leaves the corrections in the ticket store out
    #[arg(long)]
    pub phrases_only: bool,
    /// Trains and reports, and puts nothing in use
    #[arg(long)]
    pub dry_run: bool,
    /// Prints the report as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub settings: SettingsFile,
}
