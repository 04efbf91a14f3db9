//! Files that are being written: a signal that ends this program leaves none of them.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, unlinkat};

/// Each by its folder and its name. Whoever holds the lock is interrupted by no
/// signal, whose handler may take it.
static ALL: Mutex<Vec<(RawFd, CString)>> = Mutex::new(Vec::new());

fn all() -> MutexGuard<'static, Vec<(RawFd, CString)>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is being written. When this goes, it stays as it is.
#[derive(Debug)]
pub struct Unfinished<'a> {
    folder: BorrowedFd<'a>,
    name: CString,
}

impl<'a> Unfinished<'a> {
    /// Makes a file of this name in a folder. It is unfinished as soon as it is there.
    ///
    /// # Errors
    /// That of `make`, or when it is no name.
    pub fn make<T>(
        folder: BorrowedFd<'a>,
        name: &str,
        make: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<(Self, T)> {
        let name = CString::new(name)?;
        let _undisturbed = Undisturbed::begin();
        let mut all = all();
        let file = make()?;
        all.push((folder.as_raw_fd(), name.clone()));
        Ok((Self { folder, name }, file))
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        let _undisturbed = Undisturbed::begin();
        let own = (self.folder.as_raw_fd(), self.name.as_c_str());
        all().retain(|(folder, name)| (*folder, name.as_c_str()) != own);
    }
}

/// Removes all of them and ends this program by `end`, and no new one is begun in between.
/// For the handler of a signal.
pub(super) fn remove_and(end: impl FnOnce()) {
    // Another signal's handler on this thread would wait for this one's lock.
    let _undisturbed = Undisturbed::begin();
    let all = all();
    for (folder, name) in all.iter() {
        remove(*folder, name);
    }
    end();
}

fn remove(folder: RawFd, name: &CStr) {
    // SAFETY: who writes the file has borrowed its folder until it is off the list, of which
    // the lock is held.
    let folder = unsafe { BorrowedFd::borrow_raw(folder) };
    // It may be in its place already.
    let _ = unlinkat(folder, name, AtFlags::empty());
}

/// While it lives, no signal is handled on this thread.
struct Undisturbed(libc::sigset_t);

impl Undisturbed {
    fn begin() -> Self {
        // SAFETY: a set of zeros is a valid one, and all calls get sets of this function;
        // for a valid command none of them fails.
        unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut set);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before);
            Self(before)
        }
    }
}

impl Drop for Undisturbed {
    fn drop(&mut self) {
        // SAFETY: the set is that of this thread before, which the type does not leave.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn what_is_being_written_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = File::open(dir.path()).unwrap();
        let path = |name: &str| dir.path().join(name);
        let make = |name: &str| {
            let both = Unfinished::make(folder.as_fd(), name, || File::create(path(name)));
            both.unwrap().0
        };
        let first = make("first");
        let second = make("second");
        let third = make("third");
        drop(first);
        fs::rename(path("third"), path("whole")).unwrap();
        remove_and(|| ());
        let mut left: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["first", "whole"]);
        drop((second, third));
        let failed = Unfinished::make(folder.as_fd(), "no", || {
            Err::<(), _>(io::ErrorKind::AlreadyExists.into())
        });
        assert!(failed.is_err());
        assert!(all().iter().all(|(fd, _)| *fd != folder.as_raw_fd()));
    }
}
