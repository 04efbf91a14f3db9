//! `threadtap show`.

mod earlier;
mod facts;
mod folder;
mod seen;

use std::io::{self, Write};

use self::folder::Folder;
use super::output::printed;
use super::{DID_NOT_HOLD, OK, expectations, told};
use crate::cli::ShowArgs;
use crate::expect::Document;
use crate::model::{FlowRecord, RunRecord, WorkerRecord};
use crate::report::RunView;

/// A run as it was saved.
struct Saved {
    run: RunRecord,
    flows: Vec<FlowRecord>,
    workers: Vec<WorkerRecord>,
    /// What a reader should know of its files.
    notes: Vec<String>,
    /// Whether it came to its end, and all of it is there.
    whole: bool,
}

/// Prints a saved run.
pub fn show(args: &ShowArgs) -> anyhow::Result<u8> {
    let document = Document::run();
    expectations::check(&args.expect, &document)?;
    let folder = Folder::open(&args.dir)?;
    if args.observation {
        return facts::print(&folder);
    }
    let saved = match folder.file("observation.jsonl")? {
        Some(log) => seen::read(&folder, log)?,
        None => earlier::read(&folder)?,
    };
    let view = RunView {
        run: &saved.run,
        flows: &saved.flows,
        workers: &saved.workers,
    };
    let written = told::print(view, args.format, args.rows, args.color);
    for note in &saved.notes {
        tell(&folder, note);
    }
    let met = expectations::judge(&args.expect, &document, &saved.run)?;
    let whole = if saved.whole { OK } else { DID_NOT_HOLD };
    let status = told::status(&saved.run).max(whole);
    Ok(status.max(met).max(printed(written)))
}

/// Says something of the folder's files on standard error.
fn tell(folder: &Folder, note: &str) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "threadtap: {}: {note}", folder.name());
}
