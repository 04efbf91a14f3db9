//! The folder of a saved run, which may come from anywhere: nothing in it is
//! waited for, and no link in it is followed.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::capfile::Unpacked;
use crate::obsfile::Lines;
use crate::text::escape::printable;
use crate::text::units::bytes;

/// The greatest `run.json` that is read: its timelines grow with the tasks of a
/// run, which has ten million at most.
const GREATEST_RECORD: u64 = 4 << 30;

/// The name of a file when it is compressed.
pub(super) fn compressed(name: &str) -> String {
    format!("{name}.zst")
}

/// A folder that is there.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    name: String,
}

impl Folder {
    /// Finds it.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string().escape_debug().to_string();
        match path.metadata() {
            Ok(found) if found.is_dir() => Ok(Self {
                path: path.to_owned(),
                name,
            }),
            Ok(_) => anyhow::bail!("{name} is not a folder; give the folder of a saved run"),
            Err(e) => anyhow::bail!("{name}: {e}; give the folder of a saved run"),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name, printable.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong with a file in it, in one line. Parsers repeat what they
    /// were given.
    pub fn wrong(&self, file: &str, what: &str) -> anyhow::Error {
        let what: String = what.chars().take(300).collect();
        anyhow::anyhow!("{}/{file}: {}", self.name, printable(&what))
    }

    /// Opens a file in it; `None` where there is none of that name.
    ///
    /// # Errors
    /// When it cannot be read, or is something else than a file.
    pub fn file(&self, file: &str) -> anyhow::Result<Option<File>> {
        let opened = File::options()
            .read(true)
            // A FIFO is opened without a writer, and found out below.
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(self.path.join(file));
        let opened = match opened {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) if e.raw_os_error() == Some(libc::ELOOP) => {
                return Err(self.wrong(file, "it is a symbolic link, which is not followed"));
            }
            opened => opened.map_err(|e| self.wrong(file, &e.to_string()))?,
        };
        let found = opened.metadata();
        let found = found.map_err(|e| self.wrong(file, &e.to_string()))?;
        if !found.is_file() {
            return Err(self.wrong(file, "it is not a file"));
        }
        tracing::info!("opened {}/{file}: {}", self.name, bytes(found.len()));
        Ok(Some(opened))
    }

    /// Whether a file is there, under its name or the one that it has compressed.
    ///
    /// # Errors
    /// When it is something else than a file.
    pub fn has(&self, file: &str) -> anyhow::Result<bool> {
        let there = |file| self.file(file).map(|file| file.is_some());
        Ok(there(file)? || there(&compressed(file))?)
    }

    /// What a file holds, decompressed where it is compressed.
    fn data(&self, file: &str) -> anyhow::Result<Unpacked<File>> {
        let opened = match self.file(file)? {
            Some(opened) => opened,
            None => match self.file(&compressed(file))? {
                Some(opened) => opened,
                None => self.needed(file)?,
            },
        };
        Unpacked::new(opened).map_err(|e| self.wrong(file, &e.to_string()))
    }

    /// Opens a file that has to be there.
    pub fn needed(&self, file: &str) -> anyhow::Result<File> {
        self.file(file)?
            .ok_or_else(|| self.wrong(file, "there is no such file"))
    }

    /// The bytes of a record.
    pub fn bytes(&self, file: &str) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.needed(file)?
            .take(GREATEST_RECORD)
            .read_to_end(&mut bytes)
            .map_err(|e| self.wrong(file, &e.to_string()))?;
        Ok(bytes)
    }

    /// The records of a file with one a line.
    pub fn lines<T: DeserializeOwned, L: Default + Extend<T>>(
        &self,
        file: &str,
    ) -> anyhow::Result<L> {
        let mut lines = Lines::new(self.data(file)?);
        let mut records = L::default();
        loop {
            let number = lines.number() + 1;
            match lines.next() {
                Ok(Some((line, _))) => {
                    let record = serde_json::from_slice(line);
                    let record: T =
                        record.map_err(|e| self.wrong(file, &format!("line {number}: {e}")))?;
                    records.extend([record]);
                }
                Ok(None) => return Ok(records),
                Err(e) => return Err(self.wrong(file, &e.to_string())),
            }
        }
    }
}
