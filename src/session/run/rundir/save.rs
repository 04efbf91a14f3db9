//! What is saved when a run is over: its record, its flows and its workers, compressed
//! where that is wanted.

use std::io::{self, Read, Write};
use std::time::Instant;

use super::super::steps;
use super::super::world::Store;
use super::refused::NotSaved;
use crate::capfile::ZstdWriter;
use crate::model::{CaptureFile, CaptureSummary};
use crate::report::{self, RunView};

/// The name of a file once it is compressed.
pub(super) fn compressed(name: &str) -> String {
    format!("{name}.zst")
}

/// Compresses what is read. Returns how many bytes were written.
///
/// # Errors
/// Those of the files; and where no reader would follow.
pub(super) fn pack(from: &mut impl Read, to: &mut dyn Write) -> io::Result<u64> {
    let mut out = Counting { file: to, bytes: 0 };
    let mut packed = ZstdWriter::new(&mut out);
    io::copy(from, &mut packed)?;
    if packed.finish()? {
        Ok(out.bytes)
    } else {
        Err(io::Error::other(
            "it would be so small that a reader would take it for a trap; the file stays as it is",
        ))
    }
}

/// Saves the record, the flows and the workers. Goes on after a failure: what
/// fits on the disk is saved. `kept`: the flows that are saved, by their places; `None`:
/// all.
#[must_use]
pub fn save(
    store: &mut dyn Store,
    view: RunView<'_>,
    kept: Option<&[usize]>,
    compress: bool,
) -> Vec<NotSaved> {
    let mut failures = Vec::new();
    let mut save = |file: &str, compress, write: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        let name = if compress {
            compressed(file)
        } else {
            file.to_owned()
        };
        let since = Instant::now();
        let mut size = 0;
        let done = store.write_whole(&name, &mut |file| {
            let mut out = Counting { file, bytes: 0 };
            if compress {
                let mut packed = ZstdWriter::new(&mut out);
                write(&mut packed)?;
                packed.finish()?;
            } else {
                write(&mut out)?;
            }
            size = out.bytes;
            Ok(())
        });
        match done {
            Ok(()) => steps::saved(&name, size, since),
            Err(source) => failures.push(NotSaved::whole(name, source)),
        }
    };
    save("run.json", false, &|mut out| {
        report::write_run_json(view.run, &mut out)
    });
    save("flows.jsonl", compress, &|mut out| match kept {
        None => report::write_flows_jsonl(view.flows, &mut out),
        Some(kept) => {
            let kept = kept.iter().filter_map(|&place| view.flows.get(place));
            report::write_flows_jsonl(kept, &mut out)
        }
    });
    save("workers.jsonl", compress, &|mut out| {
        report::write_workers_jsonl(view.workers, &mut out)
    });
    failures
}

/// Compresses the files of the capture. What cannot be compressed stays as it is.
#[must_use]
pub fn compress(store: &mut dyn Store, capture: &CaptureSummary) -> Vec<NotSaved> {
    let only = [CaptureFile::ONLY.to_owned()];
    let names = match capture.files.as_slice() {
        [] => only.to_vec(),
        files => files.iter().map(|file| file.name.clone()).collect(),
    };
    let mut failures = Vec::new();
    for name in names {
        let since = Instant::now();
        match store.compress(&name) {
            Ok(size) => steps::saved(&compressed(&name), size, since),
            Err(source) => failures.push(NotSaved::whole(compressed(&name), source)),
        }
    }
    failures
}

/// A file that knows how much was written to it.
struct Counting<'a> {
    file: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
