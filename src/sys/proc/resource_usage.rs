//! What is in use of the things that limits bound, as proc(5) tells it.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use rustix::process::{Resource, getrlimit, getuid};
use rustix::thread::{CapabilitySet, capabilities};

use crate::model::Pid;
use crate::sys::proc;
use crate::sys::proc::limits::number;

/// A resource limit: what holds, and what it may be raised to.
#[must_use]
pub fn rlimit(resource: Resource) -> (Option<u64>, Option<u64>) {
    let limit = getrlimit(resource);
    (limit.current, limit.maximum)
}

/// A number under `/proc/sys`.
#[must_use]
pub fn sysctl(path: &str) -> Option<u64> {
    number(&format!("/proc/sys/{path}"))
}

/// The last of several numbers in a file under `/proc/sys`.
#[must_use]
pub fn last_of_sysctl(path: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/sys/{path}")).ok()?;
    text.split_whitespace().last()?.parse().ok()
}

/// Tasks of the whole system, and the number given to the newest of this pid
/// namespace: both from `/proc/loadavg`.
#[must_use]
pub fn tasks_and_last_pid() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let mut fields = text.split_whitespace().skip(3);
    let tasks = fields.next()?.split_once('/')?.1.parse().ok()?;
    Some((tasks, fields.next()?.parse().ok()?))
}

/// Whether every task of the system has a number here: in the first pid
/// namespace, whose inode never changes (`PROC_PID_INIT_INO` of Linux).
#[must_use]
pub fn in_first_pid_namespace() -> bool {
    fs::read_link("/proc/self/ns/pid").is_ok_and(|link| link == Path::new("pid:[4026531836]"))
}

/// Tasks whose real user is this process's, in its user namespace: what
/// `RLIMIT_NPROC` counts. Zombies count until they are reaped.
#[must_use]
pub fn tasks_of_user() -> Option<u64> {
    let me = getuid().as_raw();
    let here = fs::read_link("/proc/self/ns/user").ok();
    // A zombie has no user namespace to show. In a namespace of one's own, those
    // that may not be looked at are of another one.
    let hidden_are_ours = in_first_user_namespace();
    let mut sum = 0;
    for pid in proc::numbers_in("/proc") {
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else {
            continue;
        };
        let field = |name| field(&status, name);
        let there = fs::read_link(format!("/proc/{pid}/ns/user")).ok();
        let ours = there.map_or(hidden_are_ours, |there| Some(there) == here);
        if ours && field("Uid:") == Some(u64::from(me)) {
            sum += field("Threads:").unwrap_or(1);
        }
    }
    (sum > 0).then_some(sum)
}

/// The first number behind a name of `/proc/PID/status`.
fn field(status: &str, name: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// How many numbers from `first` on are taken in this pid namespace: by tasks,
/// and by groups and sessions whose first process has ended.
#[must_use]
pub fn pids_taken(first: u64) -> Option<u64> {
    let mut taken = HashSet::new();
    for pid in proc::numbers_in("/proc") {
        let tasks = proc::numbers_in(&format!("/proc/{pid}/task"));
        taken.extend(tasks.map(u64::from));
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Behind the name, which may hold anything: state, parent, group, session.
        if let Some((_, rest)) = stat.rsplit_once(')') {
            let numbers = rest.split_whitespace().skip(2).take(2);
            taken.extend(numbers.filter_map(|word| word.parse::<u64>().ok()));
        }
    }
    let count = taken.iter().filter(|number| **number >= first).count();
    (!taken.is_empty()).then_some(count as u64)
}

/// Why `RLIMIT_NPROC` does not bound this process, if it does not (`copy_process`
/// of Linux: the user root of the first user namespace, by whatever number it
/// goes here, and who has one of two capabilities there).
#[must_use]
pub fn exempt_from_nproc() -> Option<&'static str> {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    if outer_user(&map, u64::from(getuid().as_raw())) == Some(0) {
        return Some("root is exempt");
    }
    let any = CapabilitySet::SYS_RESOURCE | CapabilitySet::SYS_ADMIN;
    (in_first_user_namespace() && has(any)).then_some("CAP_SYS_RESOURCE or CAP_SYS_ADMIN exempts")
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
fn in_first_user_namespace() -> bool {
    fs::read_link("/proc/self/ns/user").is_ok_and(|link| link == Path::new("user:[4026531837]"))
}

/// A figure of `/proc/meminfo`, in bytes.
#[must_use]
pub fn meminfo(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    kibibytes(&text, name)
}

/// A figure in kB of a text of lines like `Name:  12 kB`, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?
        .trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

/// Bytes of all mappings of a process, and of its private writable ones.
#[must_use]
pub fn mapped_bytes(pid: Pid) -> (Option<u64>, Option<u64>) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    (kibibytes(&text, "VmSize"), kibibytes(&text, "VmData"))
}

/// Bytes of the mappings of a process that the kernel has promised it, and
/// promises a copy of it once more (`VM_ACCOUNT` of Linux; `ac` in proc(5)).
#[must_use]
pub fn promised_bytes(pid: Pid) -> Option<u64> {
    promised_in(&fs::read_to_string(format!("/proc/{pid}/smaps")).ok()?)
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
pub fn maps(pid: Pid) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let counted = text.lines().filter(|line| !line.ends_with("[vsyscall]"));
    Some(counted.count() as u64)
}

/// Descriptors of a process below `limit`: `RLIMIT_NOFILE` bounds the numbers,
/// not how many there are, and an inherited one may have a higher number.
#[must_use]
pub fn descriptors(pid: Pid, limit: Option<u64>) -> Option<u64> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let numbers = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse::<u64>().ok());
    let bounded = numbers.filter(|number| limit.is_none_or(|limit| *number < limit));
    Some(bounded.count() as u64)
}

/// Descriptors of this process below `limit` that a program which it executes
/// would have, too.
#[must_use]
pub fn inheritable_descriptors(limit: Option<u64>) -> Option<u64> {
    let entries = fs::read_dir("/proc/self/fdinfo").ok()?;
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
    let text = fs::read_to_string("/proc/sys/fs/file-nr").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// The ports that connect(2) chooses from: the first and the last.
#[must_use]
pub fn port_range() -> Option<(u16, u16)> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut ends = text.split_whitespace().map(str::parse);
    Some((ends.next()?.ok()?, ends.next()?.ok()?))
}

/// Those of the range that a connection to `server` cannot have: set aside by
/// the administrator, listened on or bound by somebody, or in a connection to it.
#[must_use]
pub fn ports_taken((low, high): (u16, u16), server: Option<SocketAddr>) -> u64 {
    let mut taken: HashSet<u16> = set_aside().into_iter().collect();
    taken.extend(crate::sys::net::sock_diag::ports());
    for row in tcp_sockets() {
        let to_server = server.is_some_and(|server| row.remote_is(server));
        if row.state == LISTEN || to_server {
            taken.insert(row.local_port);
        }
    }
    let inside = taken.iter().filter(|port| (low..=high).contains(*port));
    inside.count() as u64
}

/// How many ports of the range the administrator has set aside.
#[must_use]
pub fn reserved_ports((low, high): (u16, u16)) -> u64 {
    let inside = |port: &u16| (low..=high).contains(port);
    set_aside().into_iter().filter(inside).count() as u64
}

/// `ip_local_reserved_ports`: numbers and ranges with commas between.
fn set_aside() -> Vec<u16> {
    let path = "/proc/sys/net/ipv4/ip_local_reserved_ports";
    let text = fs::read_to_string(path).unwrap_or_default();
    let ranges = text.trim().split(',').filter_map(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(from.parse().ok()?..=to.parse().ok()?)
    });
    ranges.flatten().collect()
}

/// Sockets that are connected with `server`, or remembered as having been: of
/// either end while it `listens`, and then nobody else can have its port. Of one
/// that does not any more, the client's ends only: its port may be somebody's.
#[must_use]
pub fn sockets_of(server: SocketAddr, listens: bool) -> Option<u64> {
    let connected = tcp_sockets().filter(|row| {
        let its_own = listens && row.local_port == server.port();
        row.state != LISTEN && (row.remote_is(server) || its_own)
    });
    // The table holds at least the server itself while it listens; without
    // proc(5) it cannot be read at all.
    Path::new("/proc/net/tcp")
        .exists()
        .then(|| connected.count() as u64)
}

/// The state LISTEN in `/proc/net/tcp`.
const LISTEN: u8 = 0x0a;

/// A line of `/proc/net/tcp`.
struct TcpSocket {
    local_port: u16,
    remote: (String, u16),
    state: u8,
}

impl TcpSocket {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_whitespace().skip(1);
        let (_, local_port) = end(fields.next()?)?;
        let (ip, port) = end(fields.next()?)?;
        Some(Self {
            local_port,
            remote: (ip.to_owned(), port),
            state: u8::from_str_radix(fields.next()?, 16).ok()?,
        })
    }

    /// Only an IPv4 server is asked about.
    fn remote_is(&self, server: SocketAddr) -> bool {
        let SocketAddr::V4(server) = server else {
            return false;
        };
        let (ip, port) = &self.remote;
        let word = u32::from_str_radix(ip, 16).ok();
        *port == server.port()
            && word.is_some_and(|w| Ipv4Addr::from(w.to_ne_bytes()) == *server.ip())
    }
}

fn end(text: &str) -> Option<(&str, u16)> {
    let (ip, port) = text.split_once(':')?;
    Some((ip, u16::from_str_radix(port, 16).ok()?))
}

/// The sockets of both tables, a line at a time: there may be tens of thousands,
/// and little memory to read them into.
fn tcp_sockets() -> impl Iterator<Item = TcpSocket> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|path| fs::File::open(path).ok())
        .flat_map(|table| BufReader::new(table).lines().skip(1).map_while(Result::ok))
        .filter_map(|line| TcpSocket::parse(&line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something_of_everything() {
        let me = Pid(std::process::id());
        assert!(maps(me).unwrap() > 10);
        assert!(descriptors(me, None).unwrap() >= 3);
        assert_eq!(descriptors(me, Some(0)), Some(0));
        let (all, data) = mapped_bytes(me);
        assert!(all.unwrap() > data.unwrap());
        assert!(tasks_of_user().unwrap() >= 1);
        let (tasks, last) = tasks_and_last_pid().unwrap();
        assert!(tasks >= 1 && last >= 1);
        assert!(pids_taken(1).unwrap() >= 1);
        assert!(open_files().unwrap() >= 3);
    }

    #[test]
    fn a_listener_and_a_connection_take_a_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let of = |port| ports_taken((port, port), Some(server));
        assert_eq!(of(server.port()), 1);
        let client = std::net::TcpStream::connect(server).unwrap();
        assert_eq!(of(client.local_addr().unwrap().port()), 1);
        assert!(sockets_of(server, true).unwrap() >= 1);
        // The client's port is no server's that has ended, though it looks so.
        let other = client.local_addr().unwrap();
        assert_eq!(sockets_of(other, true), Some(2));
        assert_eq!(sockets_of(other, false), Some(1));
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
        let me = Pid(std::process::id());
        let (all, _) = mapped_bytes(me);
        assert!((1..all.unwrap()).contains(&promised_bytes(me).unwrap()));
    }

    #[test]
    fn figures_are_found_by_their_whole_name() {
        let text = "MemTotal:  24 kB\nMem:  1 kB\n";
        assert_eq!(kibibytes(text, "Mem"), Some(1024));
        assert_eq!(kibibytes(text, "MemTotal"), Some(24 << 10));
        assert_eq!(kibibytes(text, "Total"), None);
        assert_eq!(field("Uid:\t7\t8\n", "Uid:"), Some(7));
    }
}
