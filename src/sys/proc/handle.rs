//! Whose files of proc(5) are read.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::model::{Pid, Tid};

/// The folder of a process or of a task in proc(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Proc(Whose);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    This,
    ThisThread,
    Process(Pid),
    Task(Pid, Tid),
}

impl Proc {
    /// Whether there is a /proc that tells of this process.
    #[must_use]
    pub fn is_mounted() -> bool {
        std::path::Path::new("/proc/self/stat").exists()
    }

    /// This process.
    #[must_use]
    pub const fn this() -> Self {
        Self(Whose::This)
    }

    /// The calling thread, which may be in namespaces of its own.
    #[must_use]
    pub const fn this_thread() -> Self {
        Self(Whose::ThisThread)
    }

    /// A process by its number.
    #[must_use]
    pub const fn of(pid: Pid) -> Self {
        Self(Whose::Process(pid))
    }

    /// A task by its number alone: proc(5) has a folder of it, though it does
    /// not list it.
    #[must_use]
    pub const fn of_task(tid: Tid) -> Self {
        Self(Whose::Process(Pid(tid.0)))
    }

    /// A thread of a process.
    #[must_use]
    pub const fn of_thread(pid: Pid, tid: Tid) -> Self {
        Self(Whose::Task(pid, tid))
    }

    /// Where a file of its folder is.
    #[must_use]
    pub fn path(self, file: &str) -> PathBuf {
        PathBuf::from(match self.0 {
            Whose::This => format!("/proc/self/{file}"),
            Whose::ThisThread => format!("/proc/thread-self/{file}"),
            Whose::Process(pid) => format!("/proc/{pid}/{file}"),
            Whose::Task(pid, tid) => format!("/proc/{pid}/task/{tid}/{file}"),
        })
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// When it is gone, or may not be looked at.
    pub fn bytes(self, file: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path(file))
    }

    /// A file as text. A program's name and the name of a mapped file may be any
    /// bytes: what is no UTF-8 is replaced, and hides nothing of the rest.
    ///
    /// # Errors
    /// As [`Self::bytes`].
    pub fn text(self, file: &str) -> io::Result<String> {
        let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        self.bytes(file)
            .map(|bytes| String::from_utf8(bytes).unwrap_or_else(|e| lossy(e.into_bytes())))
    }

    /// The entries of a folder that are numbers.
    pub(in crate::sys) fn numbers(self, folder: &str) -> Option<impl Iterator<Item = u32> + use<>> {
        numbers_in(self.path(folder))
    }
}

/// The processes that proc(5) lists.
pub(in crate::sys) fn processes() -> impl Iterator<Item = Pid> {
    numbers_in("/proc".into()).into_iter().flatten().map(Pid)
}

fn numbers_in(folder: PathBuf) -> Option<impl Iterator<Item = u32> + use<>> {
    let entries = fs::read_dir(folder).ok()?;
    Some(entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_folder_of_its_own() {
        let path = |of: Proc| of.path("comm").display().to_string();
        assert_eq!(path(Proc::this()), "/proc/self/comm");
        assert_eq!(path(Proc::this_thread()), "/proc/thread-self/comm");
        assert_eq!(path(Proc::of(Pid(7))), "/proc/7/comm");
        assert_eq!(path(Proc::of_task(Tid(8))), "/proc/8/comm");
        let thread = Proc::of_thread(Pid(7), Tid(8));
        assert_eq!(path(thread), "/proc/7/task/8/comm");
    }

    #[test]
    fn this_process_is_the_same_by_both_ways() {
        let mine = Pid(std::process::id());
        let comm = |of: Proc| of.text("comm").unwrap();
        assert_eq!(comm(Proc::this()), comm(Proc::of(mine)));
        assert!(processes().any(|pid| pid == mine));
        assert!(Proc::of(Pid(u32::MAX)).bytes("comm").is_err());
    }
}
