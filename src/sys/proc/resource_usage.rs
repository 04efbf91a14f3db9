//! What is in use of the things that limits bound, as proc(5) tells it.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use rustix::process::{Resource, getrlimit, getuid};
use rustix::thread::{CapabilitySet, capabilities};

use super::maps::Maps;
use super::meminfo::kibibytes;
use super::stat::Stat;
use super::status::Status;
use super::{Proc, processes, sysctl};

/// A resource limit: what holds, and what it may be raised to.
#[must_use]
pub fn rlimit(resource: Resource) -> (Option<u64>, Option<u64>) {
    let limit = getrlimit(resource);
    (limit.current, limit.maximum)
}

/// Whether every task of the system has a number here: in the first pid
/// namespace, whose inode never changes (`PROC_PID_INIT_INO` of Linux).
#[must_use]
pub fn in_first_pid_namespace() -> bool {
    fs::read_link(Proc::this().path("ns/pid"))
        .is_ok_and(|link| link == Path::new("pid:[4026531836]"))
}

/// Tasks whose real user is this process's, in its user namespace: what
/// `RLIMIT_NPROC` counts. Zombies count until they are reaped.
#[must_use]
pub fn tasks_of_user() -> Option<u64> {
    let me = getuid().as_raw();
    let here = fs::read_link(Proc::this().path("ns/user")).ok();
    // A zombie has no user namespace to show. In a namespace of one's own, those
    // that may not be looked at are of another one.
    let hidden_are_ours = in_first_user_namespace();
    let mut sum = 0;
    for pid in processes() {
        let of = Proc::of(pid);
        let Some(status) = Status::read(of) else {
            continue;
        };
        let there = fs::read_link(of.path("ns/user")).ok();
        let ours = there.map_or(hidden_are_ours, |there| Some(there) == here);
        if ours && status.user() == Some(me) {
            sum += status.threads().unwrap_or(1);
        }
    }
    (sum > 0).then_some(sum)
}

/// How many numbers from `first` on are taken in this pid namespace: by tasks,
/// and by groups and sessions whose first process has ended.
#[must_use]
pub fn pids_taken(first: u64) -> Option<u64> {
    let mut taken = HashSet::new();
    for pid in processes() {
        let of = Proc::of(pid);
        taken.extend(of.numbers("task").into_iter().flatten());
        if let Some(stat) = Stat::read(of) {
            taken.extend(stat.group());
            taken.extend(stat.session());
        }
    }
    let count = taken
        .iter()
        .filter(|number| u64::from(**number) >= first)
        .count();
    (!taken.is_empty()).then_some(count as u64)
}

/// The lowest number that the kernel can still give to a task of this pid namespace,
/// whose newest has the number `last`. After the numbers have gone round, those below
/// 300 are not given any more (`RESERVED_PIDS` of Linux).
#[must_use]
pub fn first_pid(last: Option<u64>) -> u64 {
    const RESERVED_PIDS: u64 = 300;
    last.map_or(RESERVED_PIDS, |last| (last + 1).min(RESERVED_PIDS))
}

/// Why `RLIMIT_NPROC` does not bound this process, if it does not (`copy_process`
/// of Linux: the user root of the first user namespace, by whatever number it
/// goes here, and who has one of two capabilities there).
#[must_use]
pub fn exempt_from_nproc() -> Option<&'static str> {
    let map = Proc::this().text("uid_map").unwrap_or_default();
    if outer_user(&map, u64::from(getuid().as_raw())) == Some(0) {
        return Some("root is exempt from this limit");
    }
    let any = CapabilitySet::SYS_RESOURCE | CapabilitySet::SYS_ADMIN;
    (in_first_user_namespace() && has(any))
        .then_some("processes with CAP_SYS_RESOURCE or CAP_SYS_ADMIN are exempt from this limit")
}

/// Who a user is in the enclosing user namespace, from the text of `uid_map`:
/// lines of first number inside, first number outside, count
/// (`user_namespaces`(7)).
fn outer_user(map: &str, user: u64) -> Option<u64> {
    map.lines().find_map(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let mut next = || numbers.next()?.ok();
        let (inside, outside, count) = (next()?, next()?, next()?);
        let offset = user.checked_sub(inside).filter(|n| *n < count)?;
        Some(outside + offset)
    })
}

/// Why `fs.file-max` does not bound this process, if it does not.
#[must_use]
pub fn exempt_from_file_max() -> Option<&'static str> {
    (in_first_user_namespace() && has(CapabilitySet::SYS_ADMIN)).then_some("CAP_SYS_ADMIN exempts")
}

/// Whether this process may use the memory that is kept for root.
#[must_use]
pub fn may_use_admin_reserve() -> bool {
    in_first_user_namespace() && has(CapabilitySet::SYS_ADMIN)
}

fn has(any: CapabilitySet) -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.intersects(any))
}

/// Capabilities count against the system's limits only in the first user
/// namespace, whose inode never changes (`PROC_USER_INIT_INO` of Linux).
#[must_use]
pub fn in_first_user_namespace() -> bool {
    fs::read_link(Proc::this().path("ns/user"))
        .is_ok_and(|link| link == Path::new("user:[4026531837]"))
}

/// Bytes of the mappings of a process that the kernel has promised it, and
/// promises a copy of it once more (`VM_ACCOUNT` of Linux; `ac` in proc(5)).
#[must_use]
pub fn promised_bytes(of: Proc) -> Option<u64> {
    promised_in(&of.text("smaps").ok()?)
}

/// As above, from the text: of each mapping its size and, further down, its flags.
fn promised_in(smaps: &str) -> Option<u64> {
    let mut size = None;
    let mut sum = None;
    for line in smaps.lines() {
        if line.starts_with("Size:") {
            size = kibibytes(line, "Size");
        } else if let Some(flags) = line.strip_prefix("VmFlags:") {
            let counts = flags.split_whitespace().any(|flag| flag == "ac");
            let bytes = size.take().filter(|_| counts).unwrap_or(0);
            sum = Some(sum.unwrap_or(0) + bytes);
        }
    }
    sum
}

/// Mappings of a process. The one that the kernel shows to all and counts for
/// none (`[vsyscall]`) is left out.
#[must_use]
pub fn maps(of: Proc) -> Option<u64> {
    let maps = Maps::read(of)?;
    let counted = maps.all().filter(|mapping| mapping.what != "[vsyscall]");
    Some(counted.count() as u64)
}

/// Descriptors of a process below `limit`: `RLIMIT_NOFILE` bounds the numbers,
/// not how many there are, and an inherited one may have a higher number.
#[must_use]
pub fn descriptors(of: Proc, limit: Option<u64>) -> Option<u64> {
    let numbers = of.numbers("fd")?.map(u64::from);
    let bounded = numbers.filter(|number| limit.is_none_or(|limit| *number < limit));
    Some(bounded.count() as u64)
}

/// Descriptors of this process below `limit` that a program which it executes
/// would have, too.
#[must_use]
pub fn inheritable_descriptors(limit: Option<u64>) -> Option<u64> {
    let entries = fs::read_dir(Proc::this().path("fdinfo")).ok()?;
    let inherited = entries.filter_map(Result::ok).filter(|entry| {
        let number = entry
            .file_name()
            .to_str()
            .and_then(|n| n.parse::<u64>().ok());
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|f| i32::from_str_radix(f.trim(), 8).ok());
        number.is_some_and(|n| limit.is_none_or(|limit| n < limit))
            && flags.is_some_and(|flags| flags & libc::O_CLOEXEC == 0)
    });
    Some(inherited.count() as u64)
}

/// Open files of the system.
#[must_use]
pub fn open_files() -> Option<u64> {
    sysctl::first("fs/file-nr")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something_of_everything() {
        let me = Proc::of(crate::model::Pid(std::process::id()));
        assert!(maps(me).unwrap() > 10);
        assert!(descriptors(me, None).unwrap() >= 3);
        assert_eq!(descriptors(me, Some(0)), Some(0));
        assert_eq!(maps(Proc::of(crate::model::Pid(u32::MAX))), None);
        assert!(tasks_of_user().unwrap() >= 1);
        assert!(pids_taken(1).unwrap() >= 1);
        assert!(open_files().unwrap() >= 3);
    }

    #[test]
    fn a_user_is_somebody_else_outside() {
        assert_eq!(outer_user("0 0 4294967295\n", 0), Some(0));
        assert_eq!(outer_user("0 1000 1\n1 100000 65536\n", 0), Some(1000));
        assert_eq!(outer_user("0 1000 1\n1 100000 65536\n", 5), Some(100_004));
        assert_eq!(outer_user("0 1000 1\n", 1), None);
    }

    #[test]
    fn what_is_promised_is_flagged() {
        let of =
            |size, flags| format!("7f-8f rw-p\nSize: {size} kB\nRss: 9 kB\nVmFlags: {flags}\n");
        let text = [of(8, "rd wr ac"), of(16, "rd mr"), of(4, "rd ac sd")].concat();
        assert_eq!(promised_in(&text), Some(12 << 10));
        assert_eq!(promised_in(""), None, "not readable");
        let me = Proc::this();
        let all = Status::read(me).unwrap().mapped_bytes();
        assert!((1..all.unwrap()).contains(&promised_bytes(me).unwrap()));
    }
}
