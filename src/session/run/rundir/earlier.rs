//! An earlier run in the folder: recognised, set aside while the new one is made,
//! and put back where that does not take place.

use std::io::{self, Read};

use rustix::fs::OFlags;

use super::folder::{Folder, beside};
use crate::model::CaptureFile;
use crate::report;

/// What is saved in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A run.
    Run,
    /// A comparison, beside the folders of its runs.
    Comparison,
    /// A search for ceilings.
    Ceiling,
}

/// The report to hand in. A person may have written in it: then it is not ours any more.
const REPORT: &str = "report.md";

/// The page. That of a run is ours by its name; beside other things a person may have one.
const PAGE: &str = "report.html";

impl Kind {
    /// The files that threadtap writes into it.
    fn files(self) -> &'static [&'static str] {
        match self {
            Self::Run => &[
                "observation.jsonl",
                "capture.pcap",
                "run.json",
                "flows.jsonl",
                "workers.jsonl",
                "client.log",
                "server.log",
                // What `threadtap report` makes of these.
                REPORT,
                PAGE,
                "capture.pcapng",
                "trace.pftrace",
                "trace.json",
                "flows.csv",
                // Compressed (`--compress`).
                "capture.pcap.zst",
                "flows.jsonl.zst",
                "workers.jsonl.zst",
                "threadtap.lua",
            ],
            Self::Comparison => &["compare.json", REPORT, PAGE],
            Self::Ceiling => &["ceiling.json", REPORT, PAGE],
        }
    }

    /// The same, with those of a capture in several files (`--rotate`) that are among
    /// these names, set aside or being made included.
    fn files_among(self, names: &[String]) -> Vec<String> {
        let mut files: Vec<String> = self.files().iter().map(|file| (*file).to_owned()).collect();
        if self == Self::Run {
            let plain = |name: &String| {
                let name = name.strip_prefix('.').unwrap_or(name);
                let ending = [".earlier", ".tmp"]
                    .into_iter()
                    .find_map(|e| name.strip_suffix(e));
                let name = ending.unwrap_or(name);
                CaptureFile::is_name(name).then(|| name.to_owned())
            };
            files.extend(names.iter().filter_map(plain));
        }
        files.sort();
        files.dedup();
        files
    }

    /// Whether a file is only threadtap's where it is as threadtap made it.
    fn may_be_a_persons(self, file: &str) -> bool {
        file == REPORT || file == PAGE && self != Self::Run
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Comparison => "comparison",
            Self::Ceiling => "ceiling",
        }
    }

    /// The files that tell what the folder is, and how each says it.
    fn signs(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Run => &[
                ("observation.jsonl", "\"threadtap.observation/"),
                ("run.json", "\"threadtap.run/"),
            ],
            Self::Comparison => &[("compare.json", "\"threadtap.compare/")],
            Self::Ceiling => &[("ceiling.json", "\"threadtap.ceiling/")],
        }
    }
}

/// The name of an earlier run's file while the new run is made.
fn aside(name: &str) -> String {
    format!(".{name}.earlier")
}

/// Whether the report is as threadtap made it.
fn is_as_made(folder: &Folder, report: &str) -> bool {
    /// None that threadtap makes is longer, in bytes.
    const LONGEST: u64 = 64 << 20;
    let mut bytes = Vec::new();
    let file = folder.open(report, OFlags::RDONLY);
    let read = file.and_then(|f| f.take(LONGEST).read_to_end(&mut bytes));
    read.is_ok() && report::is_as_made(&bytes)
}

/// The files that were set aside.
#[derive(Debug, Default)]
pub struct Earlier(Vec<String>);

impl Earlier {
    /// Whether an earlier one is there.
    pub fn is_in(folder: &Folder, kind: Kind) -> bool {
        kind.signs().iter().any(|(file, sign)| {
            // The schema comes first in each of them. One that was set aside by
            // a run that was killed is one, too.
            [(*file).to_owned(), aside(file)].iter().any(|name| {
                let mut start = Vec::new();
                let file = folder.open(name, OFlags::RDONLY);
                let read = file.and_then(|f| f.take(4096).read_to_end(&mut start));
                read.is_ok() && String::from_utf8_lossy(&start).contains(sign)
            })
        })
    }

    /// The first name of one of threadtap's files that is no file: threadtap did
    /// not write it.
    pub fn foreign(folder: &Folder, kind: Kind, names: &[String]) -> Option<String> {
        let ours = kind.files_among(names).into_iter();
        let mut ours = ours.flat_map(|f| [aside(&f), beside(&f), f]);
        ours.find(|name| names.contains(name) && !folder.is_file(name))
    }

    /// Sets its files aside.
    pub fn set_aside(folder: &Folder, kind: Kind, names: &[String]) -> io::Result<Self> {
        let mut earlier = Self::default();
        for file in kind.files_among(names) {
            let known = names.contains(&file);
            if kind.may_be_a_persons(&file) && known && !is_as_made(folder, &file) {
                continue;
            }
            let unfinished = beside(&file);
            if names.contains(&unfinished) {
                folder.remove(&unfinished)?;
            }
            let there = names.contains(&file);
            if there && let Err(e) = folder.rename(&file, &aside(&file)) {
                earlier.put_back(folder);
                return Err(e);
            }
            if there || names.contains(&aside(&file)) {
                earlier.0.push(file);
            }
        }
        Ok(earlier)
    }

    /// Puts them back.
    pub fn put_back(&mut self, folder: &Folder) {
        for file in self.0.drain(..) {
            let _ = folder.rename_to_new(&aside(&file), &file);
        }
    }

    /// Removes them: there is a new run.
    pub fn remove(&mut self, folder: &Folder) {
        for file in self.0.drain(..) {
            let _ = folder.remove(&aside(&file));
        }
    }
}
