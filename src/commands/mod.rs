//! One file a subcommand: wiring only. Each returns the exit status.

mod after;
mod analyze;
mod browser;
mod ceiling;
mod compare;
mod completions;
mod confined;
mod diagnostics;
mod doctor;
mod expectations;
mod explain;
mod handout;
mod internal;
mod language;
mod output;
mod own_name;
mod program;
mod progress;
mod read_ahead;
mod report;
mod run;
mod saved;
mod serve;
mod several;
mod show;
mod terminal;
mod told;
mod watch;
mod watching;
mod wireshark;
mod words;

pub use program::main;

use crate::cli::{Cli, Command};

/// All went well.
const OK: u8 = 0;
/// It ran, but something did not hold.
const DID_NOT_HOLD: u8 = 1;
/// It could not run.
const COULD_NOT_RUN: u8 = 2;
/// Interrupted, with everything so far saved.
const INTERRUPTED: u8 = 130;

/// Does what the command line asks for.
///
/// # Errors
/// When it could not run: one line that says what to do.
fn dispatch(cli: Cli) -> anyhow::Result<u8> {
    // What a part of a run says is read by the program that started it.
    if !cli.command.is_internal() {
        diagnostics::begin(cli.verbose)?;
    }
    act(cli.command)
}

fn act(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Watch(args) => watch::watch(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Serve(args) => serve::serve(&args),
        Command::Analyze(args) => analyze::analyze(&args),
        Command::Show(args) => show::show(&args),
        Command::Report(args) => report::report(&args),
        Command::Wireshark(args) => wireshark::wireshark(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Doctor(args) => Ok(doctor::doctor(&args)),
        Command::Ceiling(args) => ceiling::ceiling(&args),
        Command::Completions { shell } => Ok(completions::completions(shell)),
        Command::Man { list: true, .. } => Ok(completions::list()),
        Command::Man { command, .. } => completions::man(command.as_deref()),
        Command::InternalRun { parent, arguments } => internal::run(parent, arguments),
        Command::InternalServer { plan } => internal::server(&plan),
        Command::InternalClient { plan } => internal::client(&plan),
        Command::InternalCrowd { plan } => internal::crowd(&plan),
    }
}
