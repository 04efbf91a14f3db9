//! Looking at a socket of another process through a duplicate of its descriptor.
//!
//! The duplicate lives for these few system calls and no longer: while it
//! lives, the program's own close(2) would send no FIN.

use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{getpeername, getsockname, ipproto, sockopt};
use rustix::process::{Pid as RawPid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use crate::model::{Endpoint, Pid, SocketId, Tid};

/// A duplicate of another process's TCP socket, or of one of Multipath TCP:
/// that is what Go (from 1.24 on) listens with, and most of its connections
/// are plain ones on the wire.
#[derive(Debug)]
pub struct Borrowed {
    fd: OwnedFd,
}

/// `PIDFD_THREAD` (Linux 6.9): a descriptor of a thread that need not be the
/// first of its process.
const PIDFD_THREAD: PidfdFlags = PidfdFlags::from_bits_retain(libc::O_EXCL.cast_unsigned());

/// Opens a thread, or the first thread of its process on an older kernel,
/// which has the same descriptors as long as it lives.
fn open(pid: Pid, tid: Tid) -> Result<OwnedFd, Errno> {
    let raw = |n: u32| RawPid::from_raw(n.cast_signed()).ok_or(Errno::SRCH);
    if pid.0 == tid.0 {
        return pidfd_open(raw(pid.0)?, PidfdFlags::empty());
    }
    match pidfd_open(raw(tid.0)?, PIDFD_THREAD) {
        Err(Errno::INVAL) => pidfd_open(raw(pid.0)?, PidfdFlags::empty()),
        opened => opened,
    }
}

/// A task whose descriptors can be looked at. Holding it holds none of them.
#[derive(Debug)]
pub struct Holder {
    task: OwnedFd,
}

impl Holder {
    /// A task; `None` where it has ended, or may not be seen.
    #[must_use]
    pub fn of(pid: Pid, tid: Tid) -> Option<Self> {
        let task = open(pid, tid).ok()?;
        Some(Self { task })
    }

    /// The TCP socket behind a descriptor; `None` where it is none.
    #[must_use]
    pub fn tcp(&self, descriptor: i32) -> Option<Borrowed> {
        let fd = pidfd_getfd(&self.task, descriptor, PidfdGetfdFlags::empty()).ok()?;
        // Anything that is not a socket of the internet family has no protocol.
        let protocol = sockopt::socket_protocol(&fd).ok()??;
        [ipproto::TCP, ipproto::MPTCP]
            .contains(&protocol)
            .then_some(Borrowed { fd })
    }
}

impl Borrowed {
    /// Which socket it is.
    pub fn id(&self) -> Option<SocketId> {
        sockopt::socket_cookie(&self.fd).ok().map(SocketId)
    }

    /// Its own end.
    pub fn local(&self) -> Option<Endpoint> {
        let address = getsockname(&self.fd).ok()?;
        SocketAddr::try_from(address).ok().map(Endpoint::from)
    }

    /// Whether its connection is still being made.
    pub fn is_connecting(&self) -> bool {
        // The first byte of `struct tcp_info` (`linux/tcp.h`), and `TCP_SYN_SENT`.
        const SYN_SENT: u8 = 2;
        let mut state = 0u8;
        let mut length: libc::socklen_t = 1;
        // SAFETY: the kernel writes one byte at most to a live local, and the
        // length to another.
        let done = unsafe {
            libc::getsockopt(
                self.fd.as_raw_fd(),
                libc::IPPROTO_TCP,
                libc::TCP_INFO,
                (&raw mut state).cast(),
                &raw mut length,
            )
        };
        done == 0 && length == 1 && state == SYN_SENT
    }

    /// Its peer's end; `None` when it is not connected, or not any more.
    pub fn peer(&self) -> Option<Endpoint> {
        let address = getpeername(&self.fd).ok()??;
        SocketAddr::try_from(address).ok().map(Endpoint::from)
    }
}

/// An address as programs hand it to the kernel: `sockaddr_in` or
/// `sockaddr_in6` (ip(7), ipv6(7)); `None` for any other family.
#[must_use]
pub fn parse_address(bytes: &[u8]) -> Option<Endpoint> {
    let family = u16::from_ne_bytes(bytes.first_chunk::<2>().copied()?);
    let port = u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?);
    let ip: std::net::IpAddr = match i32::from(family) {
        libc::AF_INET => <[u8; 4]>::try_from(bytes.get(4..8)?).ok()?.into(),
        libc::AF_INET6 => <[u8; 16]>::try_from(bytes.get(8..24)?).ok()?.into(),
        _ => return None,
    };
    Some(Endpoint::from(SocketAddr::new(ip, port)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream, UdpSocket};

    #[test]
    fn a_socket_is_the_same_behind_every_descriptor_of_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let copy = stream.try_clone().unwrap();
        let this = Holder::of(Pid(std::process::id()), crate::sys::process::tid()).unwrap();
        let me = |fd: i32| this.tcp(fd);
        let one = me(stream.as_raw_fd()).unwrap();
        let two = me(copy.as_raw_fd()).unwrap();
        assert_eq!(one.id(), two.id());
        assert_ne!(one.id(), me(listener.as_raw_fd()).unwrap().id());
        assert_eq!(one.local(), Some(stream.local_addr().unwrap().into()));
        assert_eq!(one.peer(), Some(stream.peer_addr().unwrap().into()));
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(me(udp.as_raw_fd()).is_none());
        assert!(me(0).is_none_or(|s| s.peer().is_none()));
    }

    #[test]
    fn addresses_are_read_and_mapped_ones_are_ipv4() {
        let mut v4 = vec![0u8; 16];
        v4[..2].copy_from_slice(&2u16.to_ne_bytes());
        v4[2..8].copy_from_slice(&[0xaf, 0xc8, 127, 0, 0, 1]);
        assert_eq!(parse_address(&v4).unwrap().to_string(), "127.0.0.1:45000");
        let mut v6 = vec![0u8; 28];
        v6[..2].copy_from_slice(&10u16.to_ne_bytes());
        v6[2..4].copy_from_slice(&[0xaf, 0xc8]);
        v6[18..24].copy_from_slice(&[0xff, 0xff, 127, 0, 0, 1]);
        assert_eq!(parse_address(&v6).unwrap().to_string(), "127.0.0.1:45000");
        assert_eq!(parse_address(&[1, 0, 47]), None);
        assert_eq!(parse_address(&[]), None);
    }
}
