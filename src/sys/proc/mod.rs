//! proc(5): counts of threads and processes of others, now and then.
//!
//! What is read here is a sample: a thread that lives between two samples is
//! not seen. Whoever uses it marks the result so.

pub mod cgroup;
mod handle;
pub mod maps;
pub mod meminfo;
pub mod resource_usage;
pub mod stat;
pub mod status;
pub mod sysctl;
mod system;

pub use handle::Proc;
pub(in crate::sys) use handle::processes;
pub use system::{SystemCounter, tasks_and_last_pid};

use crate::model::{Pid, Tid};
use stat::Stat;
use status::Status;

/// The threads of a process: the link count of its task folder less 2.
#[must_use]
pub fn threads_of(pid: Pid) -> Option<u64> {
    let stat = rustix::fs::stat(Proc::of(pid).path("task")).ok()?;
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
        return processes().filter(children).collect();
    }
    let children = |tid| {
        let text = Proc::of_thread(pid, tid).text("children");
        let text = text.unwrap_or_default();
        let words = text.split_whitespace();
        words.filter_map(|w| w.parse().ok()).collect::<Vec<u32>>()
    };
    tasks.into_iter().flat_map(children).map(Pid).collect()
}

/// A process's command line; its name in brackets where it has none.
#[must_use]
pub fn command_of(pid: Pid) -> Vec<String> {
    let text = Proc::of(pid).text("cmdline").unwrap_or_default();
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

/// How many descriptors of a process are sockets, of any kind; `None` where they
/// may not be seen.
#[must_use]
pub fn sockets_of(pid: Pid) -> Option<u64> {
    Some(socket_descriptors_of(pid)?.len() as u64)
}

/// The descriptors of a process that are sockets; `None` where that is not to be seen.
#[must_use]
pub fn socket_descriptors_of(pid: Pid) -> Option<Vec<i32>> {
    let mut all = Vec::new();
    for descriptor in std::fs::read_dir(Proc::of(pid).path("fd")).ok()? {
        let descriptor = descriptor.ok()?;
        let behind = std::fs::read_link(descriptor.path()).ok()?;
        if behind.to_str().is_some_and(|b| b.starts_with("socket:")) {
            all.push(descriptor.file_name().to_str()?.parse().ok()?);
        }
    }
    Some(all)
}

/// The threads of a process, as far as they can be seen.
#[must_use]
pub fn tasks_of(pid: Pid) -> Vec<Tid> {
    let numbers = Proc::of(pid).numbers("task");
    numbers.into_iter().flatten().map(Tid).collect()
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

/// The process of a task, and that process's parent.
#[must_use]
pub fn process_of(tid: Tid) -> Option<(Pid, Pid)> {
    let status = Status::read(Proc::of_task(tid))?;
    Some((status.process()?, status.parent()?))
}

/// In which state a task is (the letters of proc(5)), and who traces it.
/// `None` when it is gone.
#[must_use]
pub fn standing_of(tid: Tid) -> Option<(char, Option<Tid>)> {
    let status = Status::read(Proc::of_task(tid))?;
    Some((status.state()?, status.tracer()?))
}

/// Whether a process goes on although its first thread has ended.
#[must_use]
pub fn has_lost_its_first_thread(pid: Pid) -> bool {
    let gone = || standing_of(Tid(pid.0)).is_some_and(|(state, _)| matches!(state, 'Z' | 'X'));
    threads_of(pid).is_some_and(|threads| threads > 1) && gone()
}

/// Whether a thread has begun to end, or is gone already.
#[must_use]
pub fn is_leaving(pid: Pid, tid: Tid) -> bool {
    Stat::read(Proc::of_thread(pid, tid)).is_none_or(|stat| stat.is_exiting())
}

/// A process's name, as the kernel keeps it (15 bytes at most).
#[must_use]
pub fn name_of(pid: Pid) -> Option<String> {
    comm(Proc::of(pid))
}

fn comm(of: Proc) -> Option<String> {
    let name = of.text("comm").ok()?;
    Some(name.trim_end_matches('\n').to_owned())
}

/// A thread's own name, as the kernel keeps it; its process's where nobody
/// gave it one.
#[must_use]
pub fn name_of_thread(pid: Pid, tid: Tid) -> Option<String> {
    comm(Proc::of_thread(pid, tid))
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
            let tid = rustix::thread::gettid().as_raw_pid().cast_unsigned();
            let (pid, tid) = (Pid(std::process::id()), Tid(tid));
            assert_eq!(process_of(tid).unwrap().0, pid);
            assert!(standing_of(tid).is_some());
            assert!(name_of_thread(pid, tid).unwrap().starts_with('\u{fffd}'));
        });
        thread.join().unwrap();
    }
}
