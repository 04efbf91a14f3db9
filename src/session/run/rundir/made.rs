//! The folder of a saved run, in which files are made from what is in it.

use std::fs::metadata;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

use super::folder::{Access, Folder, beside};
use super::refused::NotMade;

/// The folder, locked as long as this lives.
#[derive(Debug)]
pub struct SavedDir {
    name: String,
    folder: Folder,
}

impl SavedDir {
    /// Opens it. What is made there may be read by whom the run's own files may be
    /// read by, and belongs to the person behind sudo.
    ///
    /// # Errors
    /// When there is no such folder, or a run is being saved in it.
    pub fn open(path: &Path) -> Result<Self, NotMade> {
        let name = path.display().to_string().escape_debug().to_string();
        let system = |source: io::Error| NotMade::System {
            what: name.clone(),
            source,
        };
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = open(path, flags, Mode::empty()).map_err(|e| system(e.into()))?;
        let shared = ["observation.jsonl", "run.json"].iter().any(|file| {
            let found = metadata(path.join(file));
            found.is_ok_and(|m| m.mode() & 0o004 != 0)
        });
        let folder = Folder::new(fd, Access::new(shared));
        if !folder.lock() {
            return Err(NotMade::InUse(name));
        }
        Ok(Self { name, folder })
    }

    /// Writes a file beside, and puts it in its place when it is whole; an earlier
    /// one of that name is replaced.
    ///
    /// # Errors
    /// When it cannot be written, or something else than a file stands there: then
    /// that is as it was, and nothing is left of the new one.
    pub fn write(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), NotMade> {
        let system = |source: io::Error| NotMade::System {
            what: format!("{}/{name}", self.name),
            source,
        };
        let new = beside(name);
        if self.folder.is_file(&new) {
            // Of an earlier report that was killed: the folder is locked.
            self.folder.remove(&new).map_err(system)?;
        }
        let replaces = self.folder.is_file(name);
        let written = self.folder.write_whole(name, replaces, write);
        written.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => {
                // Nothing of what failed is left: what is there was there.
                let beside = self.folder.names().is_ok_and(|all| all.contains(&new));
                let there = if beside { &new } else { name };
                NotMade::NotAFile(format!("{}/{there}", self.name))
            }
            _ => system(source),
        })
    }
}
