//! `threadtap completions` and `threadtap man`: both from the argument
//! definitions.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::output::printed;
use crate::cli::{Cli, manual, pages};

/// Prints a completion script.
pub fn completions(shell: Shell) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "threadtap", &mut script);
    printed(all(&script))
}

/// Prints a man page: of the program, or of one of its commands.
pub fn man(command: Option<&str>) -> anyhow::Result<u8> {
    Ok(printed(all(&manual(command)?)))
}

/// Prints the names of the commands that have a page.
pub fn list() -> u8 {
    let names: Vec<String> = pages()
        .into_iter()
        .map(|name| format!("{name}\n"))
        .collect();
    printed(all(names.concat().as_bytes()))
}

fn all(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()
}
