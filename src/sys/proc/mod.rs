//! proc(5): counts of threads and processes of others, now and then.
//!
//! What is read here is a sample: a thread that lives between two samples is
//! not seen. Whoever uses it marks the result so.

pub mod cgroup;
pub mod limits;
pub mod resource_usage;

use std::fs;
use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::model::{Pid, Tid};

/// The threads of a process: the link count of its task folder less 2.
#[must_use]
pub fn threads_of(pid: Pid) -> Option<u64> {
    let stat = rustix::fs::stat(format!("/proc/{pid}/task")).ok()?;
    links(&stat).checked_sub(2)
}

/// The link count, which has 32 bits on some architectures.
#[allow(clippy::useless_conversion, reason = "not useless where it has 32")]
fn links(stat: &rustix::fs::Stat) -> u64 {
    u64::from(stat.st_nlink)
}

/// A process of more threads is asked for its children otherwise: a look at
/// each thread would take longer than a look at each process of the system.
const MANY_THREADS: usize = 256;

/// The children of a process. One belongs to the thread that created it.
#[must_use]
pub fn children_of(pid: Pid) -> Vec<Pid> {
    let tasks = tasks_of(pid);
    if tasks.len() > MANY_THREADS {
        let children = |other: &Pid| matches!(process_of(Tid(other.0)), Some((_, p)) if p == pid);
        return numbers_in("/proc").map(Pid).filter(children).collect();
    }
    let children = |tid| {
        let path = format!("/proc/{pid}/task/{tid}/children");
        let text = fs::read_to_string(path).unwrap_or_default();
        let words = text.split_whitespace();
        words.filter_map(|w| w.parse().ok()).collect::<Vec<u32>>()
    };
    tasks.into_iter().flat_map(children).map(Pid).collect()
}

/// The entries of a folder that are numbers.
pub(super) fn numbers_in(folder: &str) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok())
}

/// A process's command line; its name in brackets where it has none.
#[must_use]
pub fn command_of(pid: Pid) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let words: Vec<String> = text
        .trim_end_matches('\0')
        .split('\0')
        .map(str::to_owned)
        .collect();
    match words.as_slice() {
        [only] if only.is_empty() => vec![format!("[{}]", name_of(pid).unwrap_or_default())],
        _ => words,
    }
}

/// The threads of a process, as far as they can be seen.
#[must_use]
pub fn tasks_of(pid: Pid) -> Vec<Tid> {
    numbers_in(&format!("/proc/{pid}/task")).map(Tid).collect()
}

/// A process and its descendants.
#[must_use]
pub fn tree_of(root: Pid) -> Vec<Pid> {
    let mut tree = vec![root];
    let mut at = 0;
    while let Some(&pid) = tree.get(at) {
        tree.extend(children_of(pid));
        at += 1;
    }
    tree
}

/// A file that holds a program's name, which is any bytes, and may be cut in
/// the middle of a character.
fn text_of(path: String) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The process of a task, and that process's parent.
#[must_use]
pub fn process_of(tid: Tid) -> Option<(Pid, Pid)> {
    let text = text_of(format!("/proc/{tid}/status"))?;
    let field = |name| {
        let line = text.lines().find_map(|l: &str| l.strip_prefix(name))?;
        line.trim().parse().ok().map(Pid)
    };
    Some((field("Tgid:")?, field("PPid:")?))
}

/// In which state a task is (the letters of proc(5)), and who traces it.
/// `None` when it is gone.
#[must_use]
pub fn standing_of(tid: Tid) -> Option<(char, Option<Tid>)> {
    let text = text_of(format!("/proc/{tid}/status"))?;
    let field = |name| text.lines().find_map(|l: &str| l.strip_prefix(name));
    let state = field("State:")?.trim_start().chars().next()?;
    let tracer: u32 = field("TracerPid:")?.trim().parse().ok()?;
    Some((state, (tracer != 0).then_some(Tid(tracer))))
}

/// Whether a thread has begun to end: the flag `PF_EXITING` in its `stat`
/// (proc(5), field 9; `linux/sched.h`), or its folder is gone already.
#[must_use]
pub fn is_leaving(pid: Pid, tid: Tid) -> bool {
    const PF_EXITING: u32 = 0x4;
    let Some(stat) = text_of(format!("/proc/{pid}/task/{tid}/stat")) else {
        return true;
    };
    // The name, in parentheses, may hold anything.
    let behind = stat.rsplit_once(')').map_or("", |s| s.1);
    let flags = behind.split_whitespace().nth(6);
    flags
        .and_then(|f| f.parse().ok())
        .is_some_and(|f: u32| f & PF_EXITING != 0)
}

/// A process's name, as the kernel keeps it (15 bytes at most).
#[must_use]
pub fn name_of(pid: Pid) -> Option<String> {
    text_of(format!("/proc/{pid}/comm")).map(|name| name.trim_end_matches('\n').to_owned())
}

/// A thread's own name, as the kernel keeps it; its process's where nobody
/// gave it one.
#[must_use]
pub fn name_of_thread(pid: Pid, tid: Tid) -> Option<String> {
    text_of(format!("/proc/{pid}/task/{tid}/comm"))
        .map(|name| name.trim_end_matches('\n').to_owned())
}

/// Threads and processes of a process and its descendants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeCount {
    /// Tasks.
    pub threads: u64,
    /// Processes.
    pub processes: u64,
}

/// Counts a process and its descendants; `None` when it has ended.
#[must_use]
pub fn count_tree(root: Pid) -> Option<TreeCount> {
    threads_of(root)?;
    count(&tree_of(root))
}

/// Counts processes; `None` when all have ended. One that has ended and that
/// nobody has waited for yet is none (proc(5), state Z; a process whose first
/// thread has ended before others has it, too).
#[must_use]
pub fn count(all: &[Pid]) -> Option<TreeCount> {
    let living = |pid: &Pid| {
        let threads = threads_of(*pid)?;
        let gone = || standing_of(Tid(pid.0)).is_none_or(|(state, _)| matches!(state, 'Z' | 'X'));
        (threads > 1 || !gone()).then_some(threads)
    };
    let threads: Vec<u64> = all.iter().filter_map(living).collect();
    (!threads.is_empty()).then(|| TreeCount {
        threads: threads.iter().sum(),
        processes: threads.len() as u64,
    })
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

    /// All tasks of the system: the number behind the slash in `/proc/loadavg`.
    #[must_use]
    pub fn threads(&self) -> Option<u64> {
        let mut buffer = [0u8; 128];
        let n = self.loadavg.read_at(&mut buffer, 0).ok()?;
        let text = std::str::from_utf8(&buffer[..n]).ok()?;
        let field = text.split_whitespace().nth(3)?;
        field.split_once('/')?.1.parse().ok()
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
    let count = numbers_in("/proc").count() as u64;
    (count > 0).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_as_many_threads_as_its_folder_lists() {
        let pid = Pid(std::process::id());
        let release = std::sync::Barrier::new(2);
        std::thread::scope(|s| {
            let before = threads_of(pid).unwrap();
            s.spawn(|| release.wait());
            // Other tests run beside this one: at least one more, while it waits.
            assert!(threads_of(pid).unwrap() >= 2, "{before}");
            release.wait();
        });
    }

    /// Tests run in threads that are not the first of their process.
    #[test]
    fn a_child_of_any_thread_belongs_to_the_tree() {
        let pid = Pid(std::process::id());
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let there = || {
            assert!(tree_of(pid).contains(&Pid(child.id())));
            assert!(count_tree(pid).unwrap().processes >= 2);
        };
        there();
        let release = std::sync::Barrier::new(MANY_THREADS + 1);
        std::thread::scope(|s| {
            for _ in 0..MANY_THREADS {
                s.spawn(|| release.wait());
            }
            there();
            release.wait();
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!tree_of(pid).contains(&Pid(child.id())));
    }

    #[test]
    fn a_name_that_is_no_text_hides_nothing() {
        let thread = std::thread::spawn(|| {
            let name = c"\xff\xe2\x80";
            rustix::thread::set_name(name).unwrap();
            let (pid, tid) = (Pid(std::process::id()), crate::sys::process::tid());
            assert_eq!(process_of(tid).unwrap().0, pid);
            assert!(standing_of(tid).is_some());
            assert!(name_of_thread(pid, tid).unwrap().starts_with('\u{fffd}'));
        });
        thread.join().unwrap();
    }

    #[test]
    fn the_system_has_tasks() {
        let counter = SystemCounter::new().unwrap();
        assert!(counter.threads().unwrap() > 1);
        if let Some(processes) = counter.processes() {
            assert!(processes >= 1 && processes <= counter.threads().unwrap());
        }
    }
}
