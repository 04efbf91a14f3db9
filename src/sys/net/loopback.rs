//! Whether this network namespace's loopback interface is up.

use std::ffi::CStr;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, socket};

/// What to say where it is not.
pub const IS_DOWN: &str = "the loopback interface lo is down, so that nothing on this machine can \
                           be reached; bring it up: sudo ip link set lo up";

/// Whether the interface `lo` is up (getifaddrs(3), `IFF_UP` of netdevice(7)); `None`
/// where there is none of that name, or it cannot be asked.
#[must_use]
pub fn is_up() -> Option<bool> {
    let mut first: *mut libc::ifaddrs = ptr::null_mut();
    // SAFETY: the pointer is filled in where the answer is 0.
    if unsafe { libc::getifaddrs(&raw mut first) } != 0 {
        return None;
    }
    let mut found = None;
    let mut next = first;
    // SAFETY: the list is one of the C library's, whole until it is freed.
    while let Some(one) = unsafe { next.as_ref() } {
        // SAFETY: a name of the list, which ends with a null.
        if unsafe { CStr::from_ptr(one.ifa_name) } == c"lo" {
            let up = one.ifa_flags & libc::IFF_UP.cast_unsigned() != 0;
            found = Some(found.unwrap_or(false) || up);
        }
        next = one.ifa_next;
    }
    // SAFETY: what getifaddrs(3) gave, and nobody looks at it any more.
    unsafe { libc::freeifaddrs(first) };
    found
}

/// Brings the interface `lo` up (netdevice(7), `SIOCSIFFLAGS`).
///
/// # Errors
/// When that is not allowed, or there is none.
pub fn bring_up() -> Result<(), Errno> {
    let socket = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    // SAFETY: a structure of numbers and arrays of them, for which zeros are values.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    // SAFETY: the structure is what both calls take, and lives longer than they.
    unsafe {
        if libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut request) != 0 {
            return Err(last_error());
        }
        request.ifr_ifru.ifru_flags |= libc::c_short::try_from(libc::IFF_UP).unwrap_or_default();
        if libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) != 0 {
            return Err(last_error());
        }
    }
    Ok(())
}

fn last_error() -> Errno {
    Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_of_a_machine_that_runs_tests_is_up() {
        assert_eq!(is_up(), Some(true));
    }
}
