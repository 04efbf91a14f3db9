//! What kind of terminal, if any, the output goes to.

use std::io::{self, IsTerminal};

use super::language::language;
use super::own_name::own_name;
use crate::cli::Colour;
use crate::lang::Lang;
use crate::report::Style;

/// Columns where the output is not a terminal.
const COLUMNS: usize = 80;

/// How tables are to look on standard output.
pub fn style(rows: usize, colour: Colour, lang: Option<Lang>) -> Style {
    let stdout = io::stdout();
    Style {
        width: width(&stdout),
        colour: match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => takes_colour(&stdout),
        },
        rows,
        lang: language(lang),
        program: own_name(),
    }
}

/// Whether it is a terminal on which nobody minds colour.
pub fn takes_colour(output: &impl IsTerminal) -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
    output.is_terminal() && !unwanted && !dumb
}

fn width(stdout: &io::Stdout) -> usize {
    let from_environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    rustix::termios::tcgetwinsize(stdout)
        .ok()
        .map(|size| usize::from(size.ws_col))
        .or_else(from_environment)
        .filter(|columns| *columns > 0)
        .unwrap_or(COLUMNS)
}
