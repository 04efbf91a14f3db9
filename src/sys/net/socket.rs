//! Socket options that no library wraps.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The size of an int, in the type in which setsockopt(2) wants it.
const INT_BYTES: libc::socklen_t = 4;

/// Sets one integer option.
fn set(fd: BorrowedFd<'_>, level: i32, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: the option's value is an int, and its length is an int's.
    let answer = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            INT_BYTES,
        )
    };
    if answer == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Lets bind(2) fix the source address only: the port is chosen at connect(2),
/// where one port may serve many destinations (ip(7), `IP_BIND_ADDRESS_NO_PORT`).
///
/// # Errors
/// When the kernel is older than 4.2.
pub fn bind_address_only(fd: BorrowedFd<'_>) -> io::Result<()> {
    set(fd, libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1)
}

/// Lets connect(2) choose a port from these only, both ends included (ip(7),
/// `IP_LOCAL_PORT_RANGE`, Linux 6.3).
///
/// # Errors
/// When the kernel does not know the option.
pub fn choose_port_from(fd: BorrowedFd<'_>, low: u16, high: u16) -> io::Result<()> {
    const IP_LOCAL_PORT_RANGE: i32 = 51;
    let range = u32::from(high) << 16 | u32::from(low);
    set(
        fd,
        libc::IPPROTO_IP,
        IP_LOCAL_PORT_RANGE,
        range.cast_signed(),
    )
}

/// Keeps outgoing frames out of a packet socket's ring (packet(7),
/// `PACKET_IGNORE_OUTGOING`, Linux 4.20). On the loopback interface each frame
/// comes twice, and libpcap would throw the outgoing copy away only after it
/// has used up room in the ring.
///
/// # Errors
/// When the kernel does not know the option.
pub fn ignore_outgoing(fd: BorrowedFd<'_>) -> io::Result<()> {
    const PACKET_IGNORE_OUTGOING: i32 = 23;
    set(fd, libc::SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
}

/// Fixes the filter that a socket has: nobody who gets hold of the descriptor can
/// take it off or put another in its place (socket(7), `SO_LOCK_FILTER`, Linux 3.9).
///
/// # Errors
/// When the kernel does not know the option.
pub fn lock_filter(fd: BorrowedFd<'_>) -> io::Result<()> {
    set(fd, libc::SOL_SOCKET, libc::SO_LOCK_FILTER, 1)
}

/// Whether the interface of this name is up (`IFF_UP` of netdevice(7), asked with any
/// socket); `None` where there is none, or it cannot be asked.
#[must_use]
pub fn interface_is_up(socket: BorrowedFd<'_>, name: &str) -> Option<bool> {
    // SAFETY: a structure of numbers and arrays of them, for which zeros are values.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays the zero that ends the name.
    if name.len() >= request.ifr_name.len() {
        return None;
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    // SAFETY: the structure is what the call takes, and the flags are what it fills in.
    let flags = unsafe {
        if libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut request) != 0 {
            return None;
        }
        request.ifr_ifru.ifru_flags
    };
    Some(libc::c_int::from(flags) & libc::IFF_UP != 0)
}
