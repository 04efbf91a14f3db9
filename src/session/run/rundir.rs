//! The run directory: where a run is saved.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, Local};
use thiserror::Error;

use super::steps;
use super::world::Store;
use crate::report::{self, RunView};

/// Where runs are saved that are given no folder.
const PARENT: &str = "captures/runs";

/// A folder that a run cannot be saved in.
#[derive(Debug, Error)]
#[error("cannot save the run in {path}: {source}; choose another folder with --out")]
pub struct NotWritable {
    /// The folder.
    pub path: String,
    /// The system's error.
    pub source: io::Error,
}

/// What could not be saved.
#[derive(Debug, Error)]
#[error("{file} was not saved: {source}")]
pub struct NotSaved {
    /// The file.
    pub file: &'static str,
    /// The system's error.
    pub source: io::Error,
}

/// The files that a run opens before it is sure to take place.
const EARLY_FILES: [&str; 4] = [
    "server.log",
    "client.log",
    "capture.pcap",
    "observation.jsonl",
];

/// A folder for one run.
#[derive(Clone, Debug)]
pub struct RunDir {
    path: PathBuf,
    /// Folders that were made for it, the outermost first.
    made: Vec<PathBuf>,
    /// Those of the [`EARLY_FILES`] that an earlier run had left here.
    earlier: Vec<&'static str>,
}

impl RunDir {
    /// Makes the folder: `out`, or a new one under `captures/runs` that is
    /// named by the time and `name`.
    ///
    /// # Errors
    /// When it cannot be made or written in.
    pub fn create(
        out: Option<&Path>,
        started: DateTime<Local>,
        name: &str,
    ) -> Result<Self, NotWritable> {
        let wanted = out.unwrap_or(Path::new(PARENT));
        let mut dir = Self {
            path: wanted.to_owned(),
            made: missing(wanted),
            earlier: EARLY_FILES.to_vec(),
        };
        let ready = fs::create_dir_all(wanted).and_then(|()| {
            if out.is_none() {
                dir.path = fresh(started, name)?;
                dir.made.push(dir.path.clone());
            }
            dir.earlier.retain(|file| dir.path.join(file).exists());
            // A folder may exist and be read-only, or its disk be full.
            dir.probe()
        });
        match ready {
            Ok(()) => Ok(dir),
            Err(source) => {
                dir.take_back();
                let path = wanted.display().to_string().escape_debug().to_string();
                Err(NotWritable { path, source })
            }
        }
    }

    fn probe(&self) -> io::Result<()> {
        // A name that no earlier run can have left something valuable under.
        let path = self.file(&format!(".threadtap-{}", std::process::id()));
        let written = File::create(&path).and_then(|mut f| f.write_all(b"\0"));
        let removed = fs::remove_file(path);
        written.and(removed)
    }

    /// Takes back what was made for a run that did not take place. What
    /// somebody else put there stays.
    pub fn take_back(&self) {
        for file in EARLY_FILES.iter().filter(|f| !self.earlier.contains(f)) {
            let _ = fs::remove_file(self.file(file));
        }
        for folder in self.made.iter().rev() {
            // Fails where it is not empty, or was never made.
            let _ = fs::remove_dir(folder);
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Store for RunDir {
    fn create(&mut self, name: &'static str) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(File::create(self.file(name))?))
    }

    fn cut(&mut self, name: &'static str, length: u64) {
        let file = File::options().write(true).open(self.file(name));
        let _ = file.and_then(|f| f.set_len(length));
    }

    /// Emptied, and written at its end, so that two writers do not overwrite each
    /// other.
    fn log(&mut self, name: &'static str) -> Option<File> {
        let path = self.file(name);
        let emptied = File::create(&path).is_ok();
        let file = File::options().append(true).open(&path).ok();
        file.filter(|_| emptied)
    }

    fn last_line(&self, name: &'static str) -> Option<String> {
        let text = fs::read_to_string(self.file(name)).ok()?;
        let last = text.lines().rev().find(|l| !l.trim().is_empty())?;
        Some(last.to_owned())
    }

    fn discard(&mut self) {
        self.take_back();
    }
}

/// Saves the record, the flows and the workers. Goes on after a failure: what
/// fits on the disk is saved.
#[must_use]
pub fn save(store: &mut dyn Store, view: RunView<'_>) -> Vec<NotSaved> {
    let mut failures = Vec::new();
    let mut save = |file, write: &dyn Fn(&mut Buffered) -> io::Result<()>| {
        let since = Instant::now();
        let done = store.create(file).and_then(|file| {
            let mut out = BufWriter::with_capacity(1 << 16, Counting { file, bytes: 0 });
            write(&mut out)?;
            out.flush()?;
            Ok(out.get_ref().bytes)
        });
        match done {
            Ok(size) => steps::saved(file, size, since),
            Err(source) => failures.push(NotSaved { file, source }),
        }
    };
    save("run.json", &|out| report::write_run_json(view.run, out));
    save("flows.jsonl", &|out| {
        report::write_flows_jsonl(view.flows, out)
    });
    save("workers.jsonl", &|out| {
        report::write_workers_jsonl(view.workers, out)
    });
    failures
}

type Buffered = BufWriter<Counting>;

/// A file that knows how much was written to it.
struct Counting {
    file: Box<dyn Write + Send>,
    bytes: u64,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The folders on the way to `path`, itself included, that do not exist, the
/// outermost first.
fn missing(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = path
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_owned)
        .collect();
    folders.reverse();
    folders
}

fn fresh(started: DateTime<Local>, name: &str) -> io::Result<PathBuf> {
    let parent = Path::new(PARENT);
    let stem = format!("{}-{name}", started.format("%Y-%m-%dT%H-%M-%S"));
    for attempt in 1u32.. {
        let path = match attempt {
            1 => parent.join(&stem),
            n => parent.join(format!("{stem}-{n}")),
        };
        match fs::create_dir(&path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
            Ok(()) => return Ok(path),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}
