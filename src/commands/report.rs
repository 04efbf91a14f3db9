//! `threadtap report`.

use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;

use super::saved::{Folder, Saved, tell};
use super::{DID_NOT_HOLD, OK};
use crate::capfile::CaptureReader;
use crate::cli::ReportArgs;
use crate::report::{
    Evidence, Format, Style, write_annotated, write_html, write_pftrace, write_run,
    write_trace_json,
};
use crate::session::run::SavedDir;
use crate::sys::process::stderr;

const CAPTURE: &str = "capture.pcap";

/// Makes the files of every run.
pub fn report(args: &ReportArgs) -> anyhow::Result<u8> {
    let wanted = |one: &Evidence| match args.only.as_slice() {
        [] => one.by_default(),
        only => only.contains(one),
    };
    let files: Vec<Evidence> = Evidence::ALL.iter().copied().filter(wanted).collect();
    // One that is no run is told before anything is made.
    let mut runs = Vec::new();
    for dir in &args.dirs {
        let folder = Folder::open(dir)?;
        let saved = Saved::read(&folder)?;
        runs.push((folder, saved, SavedDir::open(dir)?));
    }
    let mut status = OK;
    for (folder, saved, dir) in &runs {
        saved.tell_notes(folder);
        if !saved.whole {
            status = DID_NOT_HOLD;
        }
        for file in &files {
            match make(*file, folder, saved, dir) {
                Ok(Made::Whole) => printed(folder, *file),
                Ok(Made::UpTo(damage)) => {
                    printed(folder, *file);
                    tell(folder, &damage);
                    status = DID_NOT_HOLD;
                }
                // Only what was asked for by name has to be there.
                Ok(Made::Nothing(why)) => {
                    tell(folder, &format!("{} was not made: {why}", file.file()));
                    if !args.only.is_empty() {
                        status = DID_NOT_HOLD;
                    }
                }
                Err(e) => {
                    stderr::tell(format_args!("threadtap: {e}"));
                    status = DID_NOT_HOLD;
                }
            }
        }
    }
    Ok(status)
}

/// What became of a file.
pub(super) enum Made {
    /// All of it.
    Whole,
    /// It was made of what could be read.
    UpTo(String),
    /// There is nothing to make it of.
    Nothing(String),
}

fn make(file: Evidence, folder: &Folder, saved: &Saved, dir: &SavedDir) -> anyhow::Result<Made> {
    let view = saved.view();
    let write: &dyn Fn(&mut dyn Write) -> io::Result<()> = match file {
        Evidence::Pcapng => return annotated(folder, saved, dir),
        Evidence::Html => &|mut out| write_html(view, &saved.notes, &mut out),
        Evidence::Pftrace => &|out| write_pftrace(view, out),
        Evidence::TraceJson => &|out| write_trace_json(view, out),
        Evidence::Csv => &|mut out| write_run(view, Format::Csv, Style::default(), &mut out),
    };
    dir.write(file.file(), &mut |out| {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        write(&mut out)?;
        out.flush()
    })?;
    Ok(Made::Whole)
}

/// The capture with notes on the frames.
pub(super) fn annotated(folder: &Folder, saved: &Saved, dir: &SavedDir) -> anyhow::Result<Made> {
    if saved.run.capture.is_none() {
        return Ok(Made::Nothing(
            "the run was made without a capture".to_owned(),
        ));
    }
    let Some(file) = folder.file(CAPTURE)? else {
        return Ok(Made::Nothing(format!("there is no {CAPTURE}")));
    };
    let Ok(target) = saved.run.plan.target.parse::<SocketAddr>() else {
        return Ok(Made::Nothing(
            "the server's address is not known".to_owned(),
        ));
    };
    let mut reader =
        CaptureReader::open(file).map_err(|e| folder.wrong(CAPTURE, &e.to_string()))?;
    let mut damage = None;
    dir.write(Evidence::Pcapng.file(), &mut |out| {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        damage = write_annotated(saved.view(), target.port(), &mut reader, &mut out)?;
        out.flush()
    })?;
    Ok(damage.map_or(Made::Whole, |d| {
        Made::UpTo(format!(
            "{CAPTURE}: {d}; everything before it is in {}",
            Evidence::Pcapng.file()
        ))
    }))
}

/// Names a file that was made, on standard output.
fn printed(folder: &Folder, file: Evidence) {
    // A reader that has gone misses nothing that is not in the folder.
    let _ = writeln!(io::stdout().lock(), "{}/{}", folder.name(), file.file());
}
