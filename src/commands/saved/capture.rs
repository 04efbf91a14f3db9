//! The capture of a saved run: in one file or in several, compressed or not.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

use super::folder::{Folder, compressed};
use crate::capfile::{CaptureReader, Joined, OpenError};
use crate::model::CaptureFile;

/// A reader of all of it.
pub type Reader = CaptureReader<Joined<File>>;

/// Reads these files one after the other, each under its name or the name that it has
/// when it is compressed.
pub fn reader<R: Read + 'static>(
    names: Vec<String>,
    open: impl Fn(&str) -> io::Result<R> + Send + 'static,
) -> Result<CaptureReader<Joined<R>>, OpenError> {
    CaptureReader::open(joined(names, open))
}

/// The bytes of these files, as those of one.
pub fn joined<R: Read + 'static>(
    names: Vec<String>,
    open: impl Fn(&str) -> io::Result<R> + Send + 'static,
) -> Joined<R> {
    let files = names.into_iter().map(move |name| {
        let opened = match open(&name) {
            Err(e) if e.kind() == ErrorKind::NotFound => open(&compressed(&name)),
            opened => opened,
        };
        opened.map_err(|e| io::Error::new(e.kind(), format!("{name}: {e}")))
    });
    Joined::new(files)
}

/// The names of the files of a capture of which the record tells these.
pub fn names(files: &[CaptureFile]) -> Vec<String> {
    match files {
        [] => vec![CaptureFile::ONLY.to_owned()],
        files => files.iter().map(|file| file.name.clone()).collect(),
    }
}

/// Opens files of a folder.
pub fn opener(folder: &Folder) -> impl Fn(&str) -> io::Result<File> + Send + 'static {
    let folder = folder.clone();
    move |name: &str| match folder.file(name) {
        Ok(Some(file)) => Ok(file),
        Ok(None) => Err(io::Error::new(ErrorKind::NotFound, "there is no such file")),
        Err(e) => Err(io::Error::other(e.to_string())),
    }
}

/// The capture of a folder.
pub struct Capture {
    /// Its files, in their order.
    names: Vec<String>,
}

impl Capture {
    /// Finds it: the files that a record tells of, or where it tells of none, those that
    /// are there.
    ///
    /// # Errors
    /// When the record names something else than a file of a capture.
    pub fn find(folder: &Folder, told: &[CaptureFile]) -> anyhow::Result<Self> {
        let mut names = names(told);
        // A record may come from anywhere, and name any file.
        let foreign = |name: &&String| *name != CaptureFile::ONLY && !CaptureFile::is_name(name);
        if let Some(foreign) = names.iter().find(foreign) {
            return Err(folder.wrong(
                "observation.jsonl",
                &format!("{foreign:?} is no name of a capture's file"),
            ));
        }
        if told.is_empty() && !folder.has(CaptureFile::ONLY)? {
            let numbered = (1..).map(CaptureFile::name_of);
            let mut there = Vec::new();
            for name in numbered {
                if !folder.has(&name)? {
                    break;
                }
                there.push(name);
            }
            if !there.is_empty() {
                names = there;
            }
        }
        Ok(Self { names })
    }

    /// The names of its files.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What it is called in a message.
    pub fn name(&self) -> String {
        match self.names.as_slice() {
            [only] => only.clone(),
            names => format!(
                "{} to {}",
                names.first().map_or("", String::as_str),
                names.last().map_or("", String::as_str)
            ),
        }
    }

    /// Whether its first file is there.
    ///
    /// # Errors
    /// When it is something else than a file.
    pub fn is_there(&self, folder: &Folder) -> anyhow::Result<bool> {
        match self.names.first() {
            Some(first) => folder.has(first),
            None => Ok(false),
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// When it is not there, or no capture.
    pub fn open(&self, folder: &Folder) -> anyhow::Result<Reader> {
        if !self.is_there(folder)? {
            return Err(folder.wrong(&self.name(), "there is no such file"));
        }
        reader(self.names.clone(), opener(folder))
            .map_err(|e| folder.wrong(&self.name(), &e.to_string()))
    }
}
