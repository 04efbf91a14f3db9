//! Whether this process may load anything at all: asked with the smallest map that is
//! needed, before the kernel's types are read, which takes a run of everybody who may not
//! tens of milliseconds.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use rustix::param::page_size;

/// `BPF_MAP_CREATE` and `BPF_MAP_TYPE_RINGBUF` (`linux/bpf.h`).
const MAP_CREATE: libc::c_long = 0;
const RINGBUF: u32 = 27;

/// The first fields of `union bpf_attr` for that call; the others are zero.
#[repr(C)]
struct MapCreate {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
}

/// Makes a ring, and lets it go.
///
/// # Errors
/// The system's, where it may not be made or is not known.
pub fn make_a_ring() -> io::Result<()> {
    let ring = MapCreate {
        map_type: RINGBUF,
        key_size: 0,
        value_size: 0,
        max_entries: u32::try_from(page_size()).unwrap_or(4096),
    };
    // SAFETY: the structure lives over the call, and its length is told.
    let made = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            MAP_CREATE,
            &raw const ring,
            size_of_val(&ring),
        )
    };
    let descriptor = i32::try_from(made).unwrap_or(-1);
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just returned it, and nobody else has it.
    drop(unsafe { OwnedFd::from_raw_fd(descriptor) });
    Ok(())
}
