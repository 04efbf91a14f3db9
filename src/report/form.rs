//! What an output format is: a word about it, and how it writes.

use std::io;

use super::sheet::Sheet;
use super::subject::Subject;
use super::view::{FlowOf, Style};

/// An output format. Each has a file in `formats`.
pub(super) struct Form {
    /// What `--help` says of it, without a full stop.
    pub(super) help: &'static str,
    /// How it writes.
    pub(super) writes: Writes,
}

/// How a format writes.
pub(super) enum Writes {
    /// For people: it draws a sheet, whatever that is about.
    Sheets(fn(&Sheet, Style, &mut dyn io::Write) -> io::Result<()>),
    /// For programs: it writes every subject as data.
    Data {
        /// A subject as a whole.
        whole: fn(Subject<'_>, &mut dyn io::Write) -> io::Result<()>,
        /// The flows of a capture, one by one as they come. `None` for a format that
        /// says of captures what their summary says.
        flows: Option<StartFlows>,
    },
}

/// Begins to write flows. The flag is whether each is told with the name of its file.
pub(super) type StartFlows =
    for<'a> fn(&'a mut (dyn io::Write + 'a), bool) -> io::Result<Box<dyn FlowWriter + 'a>>;

/// Writes flows one by one, in a format for programs.
pub trait FlowWriter {
    /// Writes one.
    ///
    /// # Errors
    /// Those of the output.
    fn flow(&mut self, of: FlowOf<'_>) -> io::Result<()>;

    /// Hands on what was written so far: somebody waits for it.
    ///
    /// # Errors
    /// Those of the output.
    fn flush(&mut self) -> io::Result<()>;

    /// Writes what has been held back.
    ///
    /// # Errors
    /// Those of the output.
    fn finish(self: Box<Self>) -> io::Result<()>;
}
