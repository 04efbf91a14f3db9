//! A run as it was saved, put together again.

mod capture;
mod compared;
mod earlier;
mod folder;
mod records;
mod seen;

pub use self::capture::{Capture, joined, names, opener, reader};
pub use self::compared::{Typical, typical};
pub use self::folder::Folder;
pub use self::records::Kept;
use crate::model::{FlowRecord, Packed, RunRecord, WorkerRecord};
use crate::report::RunView;
use crate::sys::process::stderr;

/// A run as it was saved.
pub struct Saved {
    /// Its record.
    pub run: RunRecord,
    /// Its flows.
    pub flows: Vec<FlowRecord>,
    /// Its workers.
    pub workers: Packed<WorkerRecord>,
    /// What a reader should know of its files.
    pub notes: Vec<String>,
    /// Whether it came to its end, and all of it is there.
    pub whole: bool,
}

impl Saved {
    /// Reads it.
    ///
    /// # Errors
    /// When the folder holds no run, or one that cannot be read.
    pub fn read(folder: &Folder) -> anyhow::Result<Self> {
        match folder.file("observation.jsonl")? {
            Some(log) => seen::read(folder, log),
            None => earlier::read(folder),
        }
    }

    /// What a report is made from.
    pub fn view(&self) -> RunView<'_> {
        RunView {
            run: &self.run,
            flows: &self.flows,
            workers: &self.workers,
        }
    }

    /// Says on standard error what a reader should know of its files.
    pub fn tell_notes(&self, folder: &Folder) {
        for note in &self.notes {
            tell(folder, note);
        }
    }
}

/// Says something of the folder's files on standard error.
pub fn tell(folder: &Folder, note: &str) {
    stderr::tell(format_args!("threadtap: {}: {note}", folder.name()));
}
