//! Rings that are mapped here, kept out of the processes that are started beside them:
//! that of a capture, and that of programs in the kernel.
//!
//! A forked process is given every page of a ring, and Linux counts the most
//! memory that a process ever held over its exec(2), too (getrusage(2),
//! `ru_maxrss`): each client would seem to have needed the ring's 32 MiB, and
//! its start would take the time to copy the ring's page table.

use std::ffi::c_void;

use rustix::mm::{Advice, madvise};

use crate::sys::proc::Proc;
use crate::sys::proc::maps::{Mapping, Maps};

/// Keeps the rings that are mapped here from processes forked later. Where that fails
/// the figures of memory are too high, and nothing else is wrong.
pub fn keep_from_children() {
    let Some(maps) = Maps::read(Proc::this()) else {
        return;
    };
    for Mapping { start, end, .. } in maps.all().filter(is_ring) {
        let at = std::ptr::with_exposed_provenance_mut::<c_void>(start);
        // SAFETY: the kernel has just told that this is mapped, and the advice
        // changes nothing in this process.
        let _ = unsafe { madvise(at, end - start, Advice::LinuxDontFork) };
    }
}

/// Of a packet socket, or of a map of bpf(2). A file's path begins with a slash.
fn is_ring(mapping: &Mapping<'_>) -> bool {
    mapping.what.starts_with("socket:[") || mapping.what == "anon_inode:bpf-map"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_mapped_socket_or_map_is_one() {
        let of = |what| Mapping {
            start: 1,
            end: 2,
            what,
        };
        assert!(is_ring(&of("socket:[40213]")));
        assert!(is_ring(&of("anon_inode:bpf-map")));
        for other in ["", "/tmp/socket:[1]", "[heap]", "/tmp/anon_inode:bpf-map"] {
            assert!(!is_ring(&of(other)), "{other}");
        }
    }
}
