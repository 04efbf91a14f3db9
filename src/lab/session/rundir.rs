//! The run directory: where a run is saved.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};
use thiserror::Error;

use crate::report::{self, RunView};

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

/// A folder for one run.
#[derive(Clone, Debug)]
pub struct RunDir {
    path: PathBuf,
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
        let made = match out {
            Some(path) => fs::create_dir_all(path).map(|()| path.to_owned()),
            None => fresh(started, name),
        };
        let shown = |path: &Path| path.display().to_string().escape_debug().to_string();
        let wanted = out.unwrap_or(Path::new("captures/runs"));
        let path = made.map_err(|source| NotWritable {
            path: shown(wanted),
            source,
        })?;
        let dir = Self { path };
        // A folder may exist and be read-only, or its disk be full.
        dir.probe().map_err(|source| NotWritable {
            path: shown(&dir.path),
            source,
        })?;
        Ok(dir)
    }

    fn probe(&self) -> io::Result<()> {
        let path = self.file("capture.pcap");
        File::create(&path)?.write_all(b"\0")?;
        fs::remove_file(path)
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

    /// Saves the record, the flows and the workers. Goes on after a failure:
    /// what fits on the disk is saved.
    #[must_use]
    pub fn save(&self, view: RunView<'_>) -> Vec<NotSaved> {
        let mut failures = Vec::new();
        let mut save = |file, write: &dyn Fn(&mut BufWriter<File>) -> io::Result<()>| {
            let done = File::create(self.file(file)).and_then(|f| {
                let mut out = BufWriter::with_capacity(1 << 16, f);
                write(&mut out)?;
                out.flush()
            });
            if let Err(source) = done {
                failures.push(NotSaved { file, source });
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
}

fn fresh(started: DateTime<Local>, name: &str) -> io::Result<PathBuf> {
    let parent = Path::new("captures/runs");
    fs::create_dir_all(parent)?;
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
