//! The run directory: where a run is saved. It belongs to one run: it is new, or
//! was empty, or held an earlier one that is to be replaced. While the run goes on
//! it is locked, and nothing is reached through it but what is in it.

mod earlier;
mod folder;
mod made;
mod make;
mod refused;
mod save;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, FixedOffset};
use rustix::fs::OFlags;

use self::earlier::Earlier;
pub use self::earlier::Kind;
use self::folder::{Access, Folder};
pub use self::made::SavedDir;
pub use self::refused::{NotSaved, NotWritable};
pub use self::save::{compress, save};
use self::save::{compressed, pack};
use super::save_in::SaveIn;
use super::world::{MakeFile, Store};
use crate::sys::spill;
use crate::text::exceptions::LOG_ENDS;

/// A folder for one run.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    folder: Folder,
    /// Folders that were made for it, the outermost first.
    made: Vec<PathBuf>,
    /// The files that this run has made.
    own: Vec<String>,
    /// The same of its capture, which another thread makes.
    captures: Arc<Mutex<Vec<String>>>,
    /// An earlier run that it replaces.
    earlier: Earlier,
}

impl RunDir {
    /// Makes the folder, or takes the one that is wanted: `name` and the time
    /// name one that nobody chose. It stays locked as long as this lives.
    ///
    /// # Errors
    /// When it cannot be made or written in, or holds something.
    pub fn create(
        wanted: &SaveIn,
        kind: Kind,
        started: DateTime<FixedOffset>,
        name: &str,
    ) -> Result<Self, NotWritable> {
        let access = Access::new(wanted.shared);
        // Without a last `/`, which would have a link followed.
        let asked = wanted.folder.as_ref();
        let asked: Option<PathBuf> = asked.map(|f| f.components().collect());
        let asked = asked.as_deref();
        let named = asked.unwrap_or(Path::new(make::PARENT));
        let told = named.display().to_string().escape_debug().to_string();
        let mut made = Vec::new();
        let opened = match asked {
            Some(path) if path.is_symlink() => return Err(NotWritable::Link(told)),
            Some(path) => make::named(path, access, &mut made).map(|fd| (path.to_owned(), fd)),
            None => make::fresh(started, name, access, &mut made),
        };
        let (path, fd) = match opened {
            Ok(opened) => opened,
            Err(source) => {
                remove_folders(&made);
                return Err(NotWritable::System { path: told, source });
            }
        };
        let mut dir = Self {
            path,
            folder: Folder::new(fd, access),
            made,
            own: Vec::new(),
            captures: Arc::default(),
            earlier: Earlier::default(),
        };
        match dir.take(wanted.replace, kind, told) {
            Ok(()) => Ok(dir),
            Err(e) => {
                dir.take_back();
                Err(e)
            }
        }
    }

    /// Makes the folder this run's.
    fn take(&mut self, replace: bool, kind: Kind, path: String) -> Result<(), NotWritable> {
        if !self.folder.lock() {
            // Whoever was quicker saves in it now, and may not have begun.
            self.made.clear();
            return Err(NotWritable::InUse(path));
        }
        let names = match self.folder.names() {
            Ok(names) => names,
            Err(source) => return Err(NotWritable::System { path, source }),
        };
        if !names.is_empty() {
            if !replace {
                return Err(NotWritable::NotEmpty(path));
            }
            if !Earlier::is_in(&self.folder, kind) {
                return Err(NotWritable::NotOurs(path, kind.name()));
            }
            if let Some(name) = Earlier::foreign(&self.folder, kind, &names) {
                return Err(NotWritable::Foreign { path, name });
            }
        }
        // A folder may exist and be read-only, or its disk be full.
        self.probe()
            .and_then(|()| {
                self.earlier = Earlier::set_aside(&self.folder, kind, &names)?;
                Ok(())
            })
            .map_err(|source| NotWritable::System { path, source })
    }

    fn probe(&self) -> io::Result<()> {
        let name = format!(".threadtap-{}", std::process::id());
        let mut file = self.folder.make(&name, OFlags::empty())?;
        let written = file.write_all(b"\0");
        let removed = self.folder.remove(&name);
        written.and(removed)
    }

    /// The number of the user whom the folder belongs to.
    #[must_use]
    pub fn owner(&self) -> Option<u32> {
        self.folder.owner()
    }

    /// Whether files can be made in it still, by whoever this process is now.
    ///
    /// # Errors
    /// When they cannot.
    pub fn check(&self) -> Result<(), NotWritable> {
        self.probe().map_err(|source| NotWritable::ByPerson {
            path: self.path.display().to_string().escape_debug().to_string(),
            source,
        })
    }

    /// Takes back what was made for a run that did not take place. What
    /// somebody else put there stays, and an earlier run is as it was.
    pub fn take_back(&mut self) {
        let captures = std::mem::take(&mut *self.captures());
        for file in self.own.drain(..).chain(captures) {
            let _ = self.folder.remove(&file);
        }
        self.earlier.put_back(&self.folder);
        remove_folders(&self.made);
    }

    /// The run has taken place: an earlier one goes.
    pub fn keep(&mut self) {
        self.earlier.remove(&self.folder);
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

    /// Opens a file in it, to read it.
    ///
    /// # Errors
    /// When there is no such file, or it is something else than a file.
    pub fn open(&self, name: &str) -> io::Result<File> {
        self.folder.open(name, OFlags::RDONLY)
    }

    /// Opens files in it, as [`open`](Self::open) does, for who keeps that.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn opener(&self) -> io::Result<impl Fn(&str) -> io::Result<File> + Send + 'static> {
        let folder = self.folder.again()?;
        Ok(move |name: &str| folder.open(name, OFlags::RDONLY))
    }

    /// From now on what is gathered and long lies here, in a file without a name, and not
    /// in memory.
    pub fn holds_memory(&self) {
        if let Ok(folder) = self.folder.descriptor() {
            spill::into(&folder);
        }
    }

    fn make(&mut self, name: &str, more: OFlags) -> io::Result<File> {
        let file = self.folder.make(name, more)?;
        self.own.push(name.to_owned());
        Ok(file)
    }

    fn captures(&self) -> MutexGuard<'_, Vec<String>> {
        self.captures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a file beside, and puts it in its place when it is whole. A file
    /// that this run did not write is never replaced. What is written is gathered, and
    /// handed to the system in large pieces.
    ///
    /// # Errors
    /// When it cannot be written, or somebody else's stands there: then nothing
    /// is left of it.
    pub fn write_whole(
        &mut self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let own = self.own.iter().any(|own| own == name);
        self.folder.write_whole(name, own, write)?;
        if !own {
            self.own.push(name.to_owned());
        }
        Ok(())
    }
}

/// Removes folders that were made, where nothing is in them.
fn remove_folders(made: &[PathBuf]) {
    for folder in made.iter().rev() {
        // Fails where it is not empty.
        let _ = fs::remove_dir(folder);
    }
}

impl Store for RunDir {
    fn create(&mut self, name: &'static str) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(self.make(name, OFlags::empty())?))
    }

    fn write_whole(
        &mut self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        Self::write_whole(self, name, write)
    }

    fn capture_files(&mut self) -> io::Result<MakeFile> {
        let folder = self.folder.again()?;
        let captures = Arc::clone(&self.captures);
        Ok(Box::new(move |name| {
            let file = folder.make(name, OFlags::empty())?;
            let mut captures = captures.lock().unwrap_or_else(PoisonError::into_inner);
            captures.push(name.to_owned());
            Ok(Box::new(file))
        }))
    }

    fn compress(&mut self, name: &str) -> io::Result<u64> {
        let mut file = self.open(name)?;
        let mut size = 0;
        self.write_whole(&compressed(name), &mut |out| {
            size = pack(&mut file, out)?;
            Ok(())
        })?;
        self.folder.remove(name)?;
        Ok(size)
    }

    fn cut(&mut self, name: &str, length: u64) {
        if length == 0 {
            let _ = self.folder.remove(name);
            return;
        }
        let file = self.folder.open(name, OFlags::WRONLY);
        let _ = file.and_then(|f| f.set_len(length));
    }

    /// Written at its end, so that two writers do not overwrite each other.
    fn log(&mut self, name: &'static str) -> io::Result<File> {
        self.make(name, OFlags::APPEND)
    }

    fn last_line(&self, name: &'static str) -> Option<String> {
        /// A line is for a person, and a program may print anything.
        const MOST: u64 = 1 << 12;
        let mut file = self.folder.open(name, OFlags::RDONLY).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(MOST)))
            .ok()?;
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let last = text
            .lines()
            .rev()
            .find(|l| !l.trim().is_empty() && !l.starts_with(LOG_ENDS))?;
        Some(last.to_owned())
    }

    fn read(&self, name: &'static str, piece: &mut dyn FnMut(&[u8])) {
        let Ok(mut file) = self.folder.open(name, OFlags::RDONLY) else {
            return;
        };
        let mut buffer = [0u8; 1 << 13];
        while let Ok(n @ 1..) = file.read(&mut buffer) {
            piece(&buffer[..n]);
        }
    }

    fn discard(&mut self) {
        self.take_back();
    }
}
