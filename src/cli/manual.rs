//! Man pages, from the argument definitions: one of the program, one of each command.

use std::io;

use clap::CommandFactory;
use thiserror::Error;

use super::Cli;

/// A page that there is not.
#[derive(Debug, Error)]
pub enum ManualError {
    /// There is no such command.
    #[error("there is no man page of {command}; the commands are {known} (see --help)")]
    NoCommand {
        /// What was asked for.
        command: String,
        /// The commands.
        known: String,
    },
    /// The page could not be made.
    #[error("the man page could not be made: {0}")]
    Made(#[from] io::Error),
}

/// The commands that have a page.
#[must_use]
pub fn pages() -> Vec<String> {
    let program = Cli::command();
    let known = program.get_subcommands().filter(|c| !c.is_hide_set());
    known.map(|c| c.get_name().to_owned()).collect()
}

/// The page of the program, or of one of its commands, as troff(1) reads it.
///
/// # Errors
/// When there is no such command.
pub fn manual(command: Option<&str>) -> Result<Vec<u8>, ManualError> {
    let mut program = Cli::command();
    // So that the commands have their whole names and the options of all.
    program.build();
    let chosen = match command {
        None => program,
        Some(name) => {
            let mut known = program.get_subcommands().filter(|c| !c.is_hide_set());
            let Some(found) = known.find(|c| c.get_name() == name) else {
                return Err(ManualError::NoCommand {
                    command: name.escape_debug().to_string(),
                    known: pages().join(", "),
                });
            };
            found.clone().version(env!("CARGO_PKG_VERSION"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(chosen).render(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_a_page() {
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            let page = manual(Some(name));
            if command.is_hide_set() {
                assert!(page.is_err(), "{name}");
                continue;
            }
            let page = String::from_utf8(page.unwrap()).unwrap();
            assert!(page.contains(".TH threadtap-"), "{name}: {page}");
            assert!(
                page.contains(&format!("\\fBthreadtap {name}\\fR")),
                "{name}: {page}"
            );
        }
        let page = String::from_utf8(manual(None).unwrap()).unwrap();
        assert!(page.contains("threadtap\\-run(1)"), "{page}");
        let wrong = manual(Some("rnu")).unwrap_err().to_string();
        assert!(wrong.contains("run, watch, serve"), "{wrong}");
    }
}
