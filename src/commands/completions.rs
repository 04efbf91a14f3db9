//! `threadtap completions` and `threadtap man`: both from the argument
//! definitions.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::OK;
use super::terminal::unless_pipe_closed;
use crate::cli::Cli;

/// Prints a completion script.
pub fn completions(shell: Shell) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "threadtap", &mut script);
    unless_pipe_closed(io::stdout().lock().write_all(&script))?;
    Ok(OK)
}

/// Prints the man page.
pub fn man() -> anyhow::Result<u8> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    unless_pipe_closed(io::stdout().lock().write_all(&page))?;
    Ok(OK)
}
