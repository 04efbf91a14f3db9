//! A folder by its descriptor. A file in it is made new, or not at all: no link
//! is followed, and nothing that waits for a peer (a FIFO) is waited for.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, RenameFlags, fchmod, fchown, flock,
    fstat, openat, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::{Gid, Uid, geteuid};

use crate::sys::privilege::person::Person;
use crate::sys::process::unfinished::Unfinished;

/// To whom what is made belongs, and who may read it.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    shared: bool,
    owner: Option<(Uid, Gid)>,
}

impl Access {
    /// Payload is private, unless a class is to see it. Under sudo all of it
    /// belongs to the person who called it, who must be able to remove it.
    pub fn new(shared: bool) -> Self {
        let owner = Person::behind_sudo().map(|person| (person.uid, person.gid));
        Self { shared, owner }
    }

    /// Whether a link that this user made leads where the person wants to go.
    pub fn trusts(self, user: Uid) -> bool {
        let person = self.owner.map(|(uid, _)| uid);
        user.is_root() || user == geteuid() || person == Some(user)
    }

    pub fn file(self) -> Mode {
        Mode::from_raw_mode(if self.shared { 0o644 } else { 0o600 })
    }

    pub fn folder(self) -> Mode {
        Mode::from_raw_mode(if self.shared { 0o755 } else { 0o700 })
    }

    /// Hands over what was made just now.
    pub fn claim(self, fd: &OwnedFd, mode: Mode) -> io::Result<()> {
        if self.shared {
            // Whatever the umask says: a class was asked for.
            fchmod(fd, mode)?;
        }
        self.give(fd);
        Ok(())
    }

    /// Gives it to the person behind sudo.
    fn give(self, fd: &OwnedFd) {
        if let Some((uid, gid)) = self.owner
            && let Err(e) = fchown(fd, Some(uid), Some(gid))
        {
            // Some file systems know no owners. The run is saved all the same.
            tracing::info!("the run directory stays root's: {e}");
        }
    }
}

/// The name of a file while it is written.
pub fn beside(name: &str) -> String {
    format!(".{name}.tmp")
}

/// What is written is handed to the system in pieces of so many bytes.
const PIECE: usize = 1 << 16;

/// The folder.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    access: Access,
}

impl Folder {
    pub fn new(fd: OwnedFd, access: Access) -> Self {
        Self { fd, access }
    }

    /// A descriptor that has no part in the lock.
    ///
    /// # Errors
    /// When none is left.
    pub fn descriptor(&self) -> io::Result<OwnedFd> {
        let how = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(openat(&self.fd, ".", how, Mode::empty())?)
    }

    /// The same folder once more.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn again(&self) -> io::Result<Self> {
        Ok(Self {
            fd: self.fd.try_clone()?,
            access: self.access,
        })
    }

    /// Whether nobody else holds it. The lock goes with the descriptor.
    pub fn lock(&self) -> bool {
        match flock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => false,
            Err(e) => {
                // Some network file systems lock no folder; the files are made
                // anew or not at all, there too.
                tracing::info!("the run directory cannot be locked: {e}");
                true
            }
            Ok(()) => true,
        }
    }

    /// The number of the user whom it belongs to.
    pub fn owner(&self) -> Option<u32> {
        fstat(&self.fd).ok().map(|found| found.st_uid)
    }

    /// The names of all that is in it.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Makes a file that was not there.
    pub fn make(&self, name: &str, more: OFlags) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let permissions = self.access.file();
        let fd = openat(&self.fd, name, flags | more | ALWAYS, permissions)?;
        self.access.claim(&fd, permissions)?;
        Ok(fd.into())
    }

    /// Opens a file that is there.
    pub fn open(&self, name: &str, how: OFlags) -> io::Result<File> {
        let flags = how | OFlags::NONBLOCK | ALWAYS;
        let fd = openat(&self.fd, name, flags, Mode::empty())?;
        match FileType::from_raw_mode(fstat(&fd)?.st_mode) {
            FileType::RegularFile => Ok(fd.into()),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Whether it is a file, and neither a link nor anything else.
    pub fn is_file(&self, name: &str) -> bool {
        statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|s| FileType::from_raw_mode(s.st_mode) == FileType::RegularFile)
    }

    /// Renames a file. One that stands there under the new name is replaced.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Renames a file to a name that nothing stands under.
    pub fn rename_to_new(&self, from: &str, to: &str) -> io::Result<()> {
        match renameat_with(&self.fd, from, &self.fd, to, RenameFlags::NOREPLACE) {
            // Not every file system can do it in one step.
            Err(Errno::INVAL | Errno::NOSYS) => {
                match statat(&self.fd, to, AtFlags::SYMLINK_NOFOLLOW) {
                    Err(Errno::NOENT) => self.rename(from, to),
                    Err(e) => Err(e.into()),
                    Ok(_) => Err(Errno::EXIST.into()),
                }
            }
            done => Ok(done?),
        }
    }

    /// Writes a file beside, and puts it in its place when it is whole. One that stands
    /// there is replaced where that is wanted, and else refused. After a failure nothing
    /// is left of it, nor after a signal that ends this program. What is written is gathered.
    pub fn write_whole(
        &self,
        name: &str,
        replaces: bool,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let new = beside(name);
        let (unfinished, file) =
            Unfinished::make(self.fd.as_fd(), &new, || self.make(&new, OFlags::empty()))?;
        let mut out = BufWriter::with_capacity(PIECE, file);
        let written = write(&mut out).and_then(|()| out.flush());
        // After a failure nothing more is tried.
        drop(out.into_parts());
        let in_place = written.and_then(|()| {
            if replaces {
                self.rename(&new, name)
            } else {
                self.rename_to_new(&new, name)
            }
        });
        if in_place.is_err() {
            let _ = self.remove(&new);
        }
        drop(unfinished);
        in_place
    }

    /// Removes a name, never what it leads to.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.fd, name, AtFlags::empty())?)
    }
}

const ALWAYS: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC);
