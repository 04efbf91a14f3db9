//! A run as it is printed, and the exit status that follows from its record:
//! the same whether it has just been made or was saved long ago.

use std::io::{self, BufWriter, Write};

use super::{DID_NOT_HOLD, OK};
use crate::model::{RunRecord, Severity};
use crate::report::{Format, RunView, Style, write_run};

/// Prints a run on standard output.
///
/// # Errors
/// Those of standard output.
pub fn print(view: RunView<'_>, format: Format, style: Style) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    write_run(view, format, style, &mut out)?;
    out.flush()
}

/// The exit status of a run that came to its end.
pub fn status(run: &RunRecord) -> u8 {
    let failed = run.requests.failed.values().any(|n| *n > 0);
    let wrong = run.findings.iter().any(|f| f.severity == Severity::Error);
    if failed || wrong { DID_NOT_HOLD } else { OK }
}
