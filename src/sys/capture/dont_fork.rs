//! The capture's ring, kept out of the processes that are started beside it.
//!
//! A forked process is given every page of the ring, and Linux counts the most
//! memory that a process ever held over its exec(2), too (getrusage(2),
//! `ru_maxrss`): each client would seem to have needed the ring's 32 MiB, and
//! its start would take the time to copy the ring's page table.

use std::ffi::c_void;
use std::fs;

use rustix::mm::{Advice, madvise};

/// Keeps what packet sockets have mapped here from processes forked later. Where
/// that fails the figures of memory are too high, and nothing else is wrong.
pub fn keep_from_children() {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for (start, end) in maps.lines().filter_map(of_socket) {
        let at = std::ptr::with_exposed_provenance_mut::<c_void>(start);
        // SAFETY: the kernel has just told that this is mapped, and the advice
        // changes nothing in this process.
        let _ = unsafe { madvise(at, end - start, Advice::LinuxDontFork) };
    }
}

/// The range of a line of `proc_pid_maps(5)`, where a socket is what is mapped.
fn of_socket(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    words.nth(4)?.starts_with("socket:[").then_some(())?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    address(start).zip(address(end)).filter(|(s, e)| s < e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_mapped_socket_is_one() {
        let line = "7f36c4000000-7f36c6000000 rw-s 00000000 00:08 40213      socket:[40213]";
        assert_eq!(of_socket(line), Some((0x7f36_c400_0000, 0x7f36_c600_0000)));
        for other in [
            "7f36c4000000-7f36c6000000 rw-p 00000000 00:00 0 ",
            "7f36c4000000-7f36c6000000 r-xp 00000000 08:01 40213      /tmp/socket:[1]",
            "",
        ] {
            assert_eq!(of_socket(other), None, "{other}");
        }
    }
}
