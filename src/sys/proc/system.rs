//! How many tasks and processes the whole system has.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::handle::processes;
use super::links;

/// The fields of `/proc/loadavg` that are no averages (`proc_loadavg`(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Loadavg {
    /// All tasks of the system.
    tasks: u64,
    /// The number given to the newest task of this pid namespace; `None` where
    /// it is not told.
    last_pid: Option<u64>,
}

impl Loadavg {
    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split_whitespace().skip(3);
        let (_, tasks) = fields.next()?.split_once('/')?;
        Some(Self {
            tasks: tasks.parse().ok()?,
            last_pid: fields.next().and_then(|pid| pid.parse().ok()),
        })
    }

    /// From a file that stays open: as cheap as it gets.
    fn read(file: &File) -> Option<Self> {
        let mut buffer = [0u8; 128];
        let n = file.read_at(&mut buffer, 0).ok()?;
        Self::parse(std::str::from_utf8(buffer.get(..n)?).ok()?)
    }
}

/// Tasks of the whole system, and the number given to the newest of this pid
/// namespace.
#[must_use]
pub fn tasks_and_last_pid() -> Option<(u64, u64)> {
    let now = Loadavg::read(&File::open("/proc/loadavg").ok()?)?;
    Some((now.tasks, now.last_pid?))
}

/// Counts of the whole system, cheap enough to be read every few milliseconds.
#[derive(Debug)]
pub struct SystemCounter {
    loadavg: File,
    /// The link count of `/proc` less the processes: its other folders. `None`
    /// where the two could not be told apart.
    other_links: Option<u64>,
}

impl SystemCounter {
    /// A counter; `None` where proc(5) is not mounted.
    #[must_use]
    pub fn new() -> Option<Self> {
        let loadavg = File::open("/proc/loadavg").ok()?;
        // The kernel adds the number of processes to the link count of /proc.
        // The rest is learnt by counting once; processes come and go
        // meanwhile, so two counts in a row have to agree.
        let mut previous = None;
        for _ in 0..20 {
            let before = proc_links()?;
            let counted = count_process_folders()?;
            let other = before.checked_sub(counted);
            if other.is_some() && other == previous && proc_links() == Some(before) {
                return Some(Self {
                    loadavg,
                    other_links: other,
                });
            }
            previous = other;
        }
        Some(Self {
            loadavg,
            other_links: None,
        })
    }

    /// All tasks of the system: what `/proc/loadavg` says.
    #[must_use]
    pub fn threads(&self) -> Option<u64> {
        Loadavg::read(&self.loadavg).map(|now| now.tasks)
    }

    /// All processes of the system.
    #[must_use]
    pub fn processes(&self) -> Option<u64> {
        proc_links()?.checked_sub(self.other_links?)
    }
}

fn proc_links() -> Option<u64> {
    rustix::fs::stat("/proc").ok().map(|stat| links(&stat))
}

fn count_process_folders() -> Option<u64> {
    // Without this process in it, it is not to be read.
    let count = processes().count() as u64;
    (count > 0).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_has_tasks() {
        let counter = SystemCounter::new().unwrap();
        assert!(counter.threads().unwrap() > 1);
        let (tasks, last) = tasks_and_last_pid().unwrap();
        assert!(tasks > 1 && last >= 1);
        if let Some(processes) = counter.processes() {
            assert!(processes >= 1 && processes <= counter.threads().unwrap());
        }
    }

    #[test]
    fn a_line_is_read_as_far_as_it_goes() {
        let whole = Loadavg::parse("0.10 0.20 0.30 2/345 6789\n").unwrap();
        assert_eq!((whole.tasks, whole.last_pid), (345, Some(6789)));
        let cut = Loadavg::parse("0.10 0.20 0.30 2/345").unwrap();
        assert_eq!((cut.tasks, cut.last_pid), (345, None));
        for text in ["", "0.1 0.2 0.3", "0.1 0.2 0.3 345", "0.1 0.2 0.3 2/x 9"] {
            assert_eq!(Loadavg::parse(text), None, "{text:?}");
        }
    }
}
