//! The program: parse, dispatch, exit status.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use threadtap::cli::{Cli, one_line};
use threadtap::commands::{COULD_NOT_RUN, dispatch};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return ExitCode::from(usage(&e)),
    };
    match dispatch(cli) {
        Ok(status) => ExitCode::from(status),
        Err(e) => {
            // Every error's own text is whole: it tells of its source where that helps.
            eprintln!("threadtap: {e}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// Help and version are answers; anything else is one line.
fn usage(error: &clap::Error) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Nobody is left to read it: no error.
            let _ = error.print();
            u8::try_from(error.exit_code()).unwrap_or(COULD_NOT_RUN)
        }
        _ => {
            eprintln!("threadtap: {}", one_line(error));
            COULD_NOT_RUN
        }
    }
}
