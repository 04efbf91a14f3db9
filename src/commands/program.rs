//! The program: parse, dispatch, exit status.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use super::output::printed;
use super::{COULD_NOT_RUN, dispatch};
use crate::cli::{Cli, one_line};
use crate::sys::process::signals::bear_file_limits;
use crate::sys::process::stderr;

/// The program `threadtap`, for its binary: does what this process's arguments ask
/// for. It prints, takes over the process's signals, adopts and reaps children, and
/// may execute itself anew: nothing for a program that does something else, too.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     threadtap::main()
/// }
/// ```
#[must_use]
pub fn main() -> ExitCode {
    bear_file_limits();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return ExitCode::from(usage(&e)),
    };
    match dispatch(cli) {
        Ok(status) => ExitCode::from(status),
        Err(e) => {
            // Every error's own text is whole: it tells of its source where that helps.
            stderr::tell(format_args!("threadtap: {e}"));
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
            let status = u8::try_from(error.exit_code()).unwrap_or(COULD_NOT_RUN);
            status.max(printed(error.print()))
        }
        _ => {
            stderr::tell(format_args!("threadtap: {}", one_line(error)));
            COULD_NOT_RUN
        }
    }
}
