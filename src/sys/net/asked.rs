//! What the kernel tells of a socket at hand, beyond what libraries ask for.

use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::net::{AddressFamily, sockopt};

use super::tcp_table::TcpState;
use crate::model::Endpoint;

/// An option's value, as far as it fits, and how many bytes of it there are; `None` where
/// the kernel refuses (getsockopt(2)).
fn option<const ROOM: usize>(
    fd: BorrowedFd<'_>,
    level: i32,
    name: i32,
    wanted_bytes: usize,
) -> Option<([u8; ROOM], usize)> {
    let mut bytes = [0u8; ROOM];
    let mut length = libc::socklen_t::try_from(wanted_bytes.min(ROOM)).ok()?;
    // SAFETY: the kernel writes `length` bytes at most, which the live local has, and to
    // another how many there were.
    let done = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            level,
            name,
            bytes.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let length = usize::try_from(length).ok()?;
    (done == 0).then_some((bytes, length))
}

/// Whom a socket is, or was, connected to. accept(2) tells a program that asks whom; one
/// that does not could not learn it of getpeername(2) where the peer has reset meanwhile:
/// the option of the kernel answers then, too.
pub fn peer_name(fd: BorrowedFd<'_>) -> Option<Endpoint> {
    const MOST: usize = size_of::<libc::sockaddr_in6>();
    // More than the kernel's address has is refused (EINVAL), so that it is the family's.
    let size = match sockopt::socket_domain(fd).ok()? {
        AddressFamily::INET => size_of::<libc::sockaddr_in>(),
        AddressFamily::INET6 => MOST,
        _ => return None,
    };
    let (bytes, length) = option::<MOST>(fd, libc::SOL_SOCKET, libc::SO_PEERNAME, size)?;
    parse_address(bytes.get(..length)?).filter(|peer| peer.port != 0)
}

/// What of `struct tcp_info` (`linux/tcp.h`) is asked for.
pub struct Info {
    /// The connection's state.
    pub state: TcpState,
    /// Bytes that have come in order.
    pub received: u64,
    /// Bytes that have gone out, repeated ones included.
    pub sent: u64,
}

/// What a TCP connection has carried; `None` where the kernel does not tell (Linux 4.19).
pub fn info(fd: BorrowedFd<'_>) -> Option<Info> {
    const RECEIVED: usize = 128;
    const SENT: usize = 200;
    const SIZE: usize = SENT + size_of::<u64>();
    let (bytes, length) = option::<SIZE>(fd, libc::IPPROTO_TCP, libc::TCP_INFO, SIZE)?;
    let number = |at: usize| Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    (length == SIZE).then_some(Info {
        state: TcpState(bytes[0]),
        received: number(RECEIVED)?,
        sent: number(SENT)?,
    })
}

/// The state of a TCP connection: the first byte of `struct tcp_info`.
pub fn state(fd: BorrowedFd<'_>) -> Option<TcpState> {
    let (state, length) = option::<1>(fd, libc::IPPROTO_TCP, libc::TCP_INFO, 1)?;
    (length == 1).then_some(TcpState(state[0]))
}

/// How many bytes wait to be sent or acknowledged (`SIOCOUTQ`, tcp(7)).
pub fn unsent(fd: BorrowedFd<'_>) -> Option<u64> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the kernel writes one number to a live local.
    let done = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    u64::try_from(bytes).ok().filter(|_| done == 0)
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
