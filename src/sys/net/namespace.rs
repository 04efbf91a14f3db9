//! Whose sockets and ports are looked at.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use crate::model::Pid;
use crate::sys::proc::{self, Proc, sysctl};

/// A network namespace, given by a process in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetNamespace(Proc);

impl NetNamespace {
    /// The one that the calling thread is in.
    #[must_use]
    pub const fn own() -> Self {
        Self(Proc::this_thread())
    }

    /// The one that a process is in.
    #[must_use]
    pub const fn of(pid: Pid) -> Self {
        Self(Proc::of(pid))
    }

    /// The caller's, and those that these processes are in, as far as that may be seen:
    /// each once.
    pub(super) fn own_and_of(pids: &[Pid]) -> impl Iterator<Item = Self> {
        let own = Self::own();
        let mut seen = HashSet::from([own.number_of()]);
        let theirs = pids.iter().filter_map(|pid| Self::of_any_thread(*pid));
        let others = theirs.filter(move |ns| {
            let number = ns.number_of();
            number.is_some() && seen.insert(number)
        });
        std::iter::once(own).chain(others)
    }

    /// The one that a process is in; a first thread that has ended is in none.
    fn of_any_thread(pid: Pid) -> Option<Self> {
        let first = Self::of(pid);
        if first.number_of().is_some() || !proc::has_lost_its_first_thread(pid) {
            return Some(first);
        }
        let threads = proc::tasks_of(pid).into_iter();
        let mut all = threads.map(|tid| Self(Proc::of_thread(pid, tid)));
        all.find(|ns| ns.number_of().is_some())
    }

    /// Those of all processes that may be seen, but the caller's: each once, by the process
    /// of the lowest number in it.
    pub(super) fn others() -> impl Iterator<Item = Self> {
        let mut pids: Vec<Pid> = proc::processes().collect();
        pids.sort_unstable();
        let own = Self::own().number_of();
        // Without its own it could not be told apart.
        let pids = own.is_some().then_some(pids).into_iter().flatten();
        let mut seen = HashSet::from([own]);
        pids.map(Self::of).filter(move |ns| {
            let number = ns.number_of();
            number.is_some() && seen.insert(number)
        })
    }

    /// A file of `/proc/PID/net`, opened.
    pub(super) fn open(self, file: &str) -> io::Result<File> {
        File::open(self.0.path(&format!("net/{file}")))
    }

    /// A short file of `/proc/PID/net`.
    pub(super) fn text(self, file: &str) -> Option<String> {
        self.0.text(&format!("net/{file}")).ok()
    }

    /// Whether the calling thread is in it: the kernel answers some questions
    /// (`/proc/sys/net`, `sock_diag`(7)) for the namespace of who asks, only.
    pub(super) fn is_own(self) -> bool {
        let number = self.number_of();
        self == Self::own() || number.is_some() && number == Self::own().number_of()
    }

    /// What it is known by (namespaces(7)); `None` where that may not be seen.
    pub(super) fn number_of(self) -> Option<PathBuf> {
        fs::read_link(self.0.path("ns/net")).ok()
    }

    /// A number under `/proc/sys/net`; `None` for a namespace that is not the
    /// caller's.
    #[must_use]
    pub fn number(self, name: &str) -> Option<u64> {
        self.setting(name)?.trim().parse().ok()
    }

    /// The last of several numbers, as above.
    #[must_use]
    pub fn last_number(self, name: &str) -> Option<u64> {
        self.setting(name)?.split_whitespace().last()?.parse().ok()
    }

    /// The text of a setting under `/proc/sys/net`; `None` for a namespace that
    /// is not the caller's.
    pub(super) fn setting(self, name: &str) -> Option<String> {
        self.is_own()
            .then(|| sysctl::text(&format!("net/{name}")))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_those_of_the_caller_only() {
        let mine = NetNamespace::of(Pid(std::process::id()));
        for net in [NetNamespace::own(), mine] {
            assert!(net.setting("core/somaxconn").is_some());
            assert!(net.open("tcp").is_ok());
        }
        let nobodys = NetNamespace::of(Pid(u32::MAX));
        assert_eq!(nobodys.setting("core/somaxconn"), None);
        assert!(nobodys.open("tcp").is_err());
    }
}
