//! What proc(5) does not tell of TCP sockets, and the kernel does when it is asked
//! (`sock_diag`(7)): ports that are taken by a bind(2) alone, and backlogs. And what it tells
//! faster: who listens, without a line for each of thousands of other sockets.
//!
//! A socket that is neither connected nor listening stands in no table of
//! proc(5), and connect(2) passes its port over all the same. The kernel tells
//! of it from Linux 6.8 on.

use std::net::{IpAddr, SocketAddr};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

// linux/netlink.h, linux/sock_diag.h.
const BY_FAMILY: u16 = 20;
const REQUEST_DUMP: u16 = 0x301;
const HEADER_BYTES: usize = 16;
const ERROR: u16 = 2;
const DONE: u16 = 3;
const TCP: u8 = 6;
// `AF_INET`, `AF_INET6` (linux/socket.h).
const IPV4: u8 = 2;
const IPV6: u8 = 10;
const FAMILIES: [u8; 2] = [IPV4, IPV6];

/// The state of a socket that is only bound (`TCP_BOUND_INACTIVE` of Linux).
const BOUND: u32 = 13;
/// The state of one that listens (`TCP_LISTEN`).
const LISTEN: u32 = 10;

/// Where a message tells the local port: behind its header and four bytes of
/// states, in the byte order of the network.
const PORT_AT: usize = HEADER_BYTES + 4;

/// Where a message tells the send queue, of a listening socket its backlog: behind
/// the addresses (48 bytes), the timer and the receive queue (`struct inet_diag_msg`).
const BACKLOG_AT: usize = PORT_AT + 48 + 8;

/// Where a message tells the inode number: behind that, the send queue and the user.
const INODE_AT: usize = BACKLOG_AT + 8;

/// The sockets that listen in the caller's network namespace, and their inode numbers.
/// `None` where the kernel does not tell.
pub(super) fn listening() -> Option<Vec<(SocketAddr, u64)>> {
    let mut all = Vec::new();
    for family in FAMILIES {
        let mut take = |message: &[u8]| all.extend(listener_of(message));
        of(family, LISTEN, &mut take).ok()?;
    }
    Some(all)
}

/// The local ports of TCP sockets that are only bound; none where the kernel
/// does not tell of them.
#[must_use]
pub fn ports() -> Vec<u16> {
    let mut ports = Vec::new();
    of_both_families(BOUND, &mut |message| ports.extend(port_of(message)));
    ports
}

/// How many connections may wait at a socket that listens on this port, in the caller's
/// network namespace: the greatest backlog, as the kernel keeps it (listen(2)). `None`
/// where nobody listens there, and where the kernel does not tell.
#[must_use]
pub fn backlog(port: u16) -> Option<u64> {
    let mut greatest = None;
    of_both_families(LISTEN, &mut |message| {
        if port_of(message) == Some(port) {
            greatest = greatest.max(number_at(message, BACKLOG_AT));
        }
    });
    greatest.map(u64::from)
}

/// Hands on what the kernel tells of each socket in this state.
fn of_both_families(state: u32, each: &mut impl FnMut(&[u8])) {
    for family in FAMILIES {
        // What is not told is left out.
        let _ = of(family, state, each);
    }
}

/// Those of a family.
fn of(family: u8, state: u32, each: &mut impl FnMut(&[u8])) -> Result<(), Errno> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    send(&socket, &request(family, state), SendFlags::empty())?;
    let mut answer = vec![0u8; 1 << 15];
    loop {
        let (length, _) = recv(&socket, answer.as_mut_slice(), RecvFlags::empty())?;
        let there = answer.get(..length).unwrap_or_default();
        match read(there, each) {
            Part::More if length > 0 => {}
            Part::Last => return Ok(()),
            Part::More | Part::Refused => return Err(Errno::IO),
        }
    }
}

/// A header, and `inet_diag_req_v2` with no address: all sockets of this state.
fn request(family: u8, state: u32) -> [u8; 72] {
    let mut request = [0; 72];
    request[..4].copy_from_slice(&72u32.to_ne_bytes());
    request[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
    request[6..8].copy_from_slice(&REQUEST_DUMP.to_ne_bytes());
    request[16] = family;
    request[17] = TCP;
    request[20..24].copy_from_slice(&(1u32 << state).to_ne_bytes());
    request
}

/// What a part of the answer says of what comes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// More may follow.
    More,
    /// It was the last.
    Last,
    /// An error, or no message at all.
    Refused,
}

/// Hands on the messages of a part of the answer.
fn read(mut part: &[u8], each: &mut impl FnMut(&[u8])) -> Part {
    while let Some((length, kind)) = header(part) {
        if kind == DONE {
            return Part::Last;
        }
        let message = part.get(..length).filter(|m| m.len() >= HEADER_BYTES);
        let Some(message) = message.filter(|_| kind != ERROR) else {
            return Part::Refused;
        };
        each(message);
        // Each begins at a multiple of four bytes.
        part = part.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Part::More
}

/// The socket of a message that listens: its address, and its inode number.
fn listener_of(message: &[u8]) -> Option<(SocketAddr, u64)> {
    let port = port_of(message)?;
    let at = PORT_AT + 4;
    let ip: IpAddr = match *message.get(HEADER_BYTES)? {
        IPV4 => <[u8; 4]>::try_from(message.get(at..at + 4)?).ok()?.into(),
        IPV6 => <[u8; 16]>::try_from(message.get(at..at + 16)?).ok()?.into(),
        _ => return None,
    };
    let inode = number_at(message, INODE_AT)?;
    Some((SocketAddr::new(ip, port), inode.into()))
}

/// The local port of a message.
fn port_of(message: &[u8]) -> Option<u16> {
    let bytes = message.get(PORT_AT..PORT_AT + 2)?.try_into().ok()?;
    Some(u16::from_be_bytes(bytes))
}

/// A number of a message, in the byte order of this machine.
fn number_at(message: &[u8], at: usize) -> Option<u32> {
    let bytes = message.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_ne_bytes(bytes))
}

/// The length and the type of the message that begins here.
fn header(part: &[u8]) -> Option<(usize, u16)> {
    let length = part.get(..4)?.try_into().ok()?;
    let kind = part.get(4..6)?.try_into().ok()?;
    let length = usize::try_from(u32::from_ne_bytes(length)).ok()?;
    Some((length, u16::from_ne_bytes(kind)))
}

#[cfg(test)]
mod tests {
    use socket2::{Domain, SockAddr, Socket, Type};

    use super::*;

    /// Linux tells of them from 6.8 on.
    fn is_told() -> bool {
        let uname = rustix::system::uname();
        let release = uname.release().to_string_lossy().into_owned();
        let mut numbers = release.split('.').map_while(|n| n.parse::<u32>().ok());
        numbers.next().zip(numbers.next()) >= Some((6, 8))
    }

    #[test]
    fn a_socket_that_is_only_bound_is_told() {
        let bound = |address: &str| {
            let address: std::net::SocketAddr = address.parse().unwrap();
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
            socket.bind(&SockAddr::from(address)).unwrap();
            let port = socket.local_addr().unwrap().as_socket().unwrap().port();
            (socket, port)
        };
        let (_socket, port) = bound("127.0.0.1:0");
        assert_eq!(ports().contains(&port), is_told());
    }

    #[test]
    fn a_backlog_is_what_listen_was_given() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let address: std::net::SocketAddr = address.parse().unwrap();
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
            socket.bind(&SockAddr::from(address)).unwrap();
            let port = socket.local_addr().unwrap().as_socket().unwrap().port();
            assert_eq!(backlog(port), None, "not yet");
            socket.listen(7).unwrap();
            assert_eq!(backlog(port), Some(7));
        }
    }

    /// The same as in the tables of proc(5), which tell of every socket.
    #[test]
    fn who_listens_is_what_proc_tells() {
        let hosts = ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"];
        let bound = hosts.map(|host| std::net::TcpListener::bind(host).unwrap());
        let ours = bound.map(|listener| (listener.local_addr().unwrap(), listener));
        let told = listening().unwrap();
        let tables: Vec<_> = crate::sys::net::NetNamespace::own().tcp_sockets().collect();
        for (address, _listener) in &ours {
            let by_diag = told.iter().find(|(there, _)| there == address);
            let by_table = tables.iter().find(|socket| socket.local == *address);
            let by_table = by_table.map(|socket| (socket.local, socket.inode));
            assert!(by_diag.is_some(), "{address}");
            assert_eq!(by_diag.copied(), by_table);
        }
    }

    #[test]
    fn what_is_no_message_of_a_listener_is_none() {
        assert_eq!(listener_of(&[]), None);
        assert_eq!(listener_of(&[0; 88]), None, "of no family");
        let mut message = [0u8; 88];
        message[HEADER_BYTES] = IPV6;
        message[PORT_AT + 1] = 80;
        message[PORT_AT + 4 + 15] = 1;
        message[INODE_AT..INODE_AT + 4].copy_from_slice(&7u32.to_ne_bytes());
        let expected = ("[::1]:80".parse().unwrap(), 7);
        assert_eq!(listener_of(&message), Some(expected));
        assert_eq!(listener_of(&message[..70]), None, "cut off");
    }

    #[test]
    fn an_answer_is_read_to_its_end() {
        let message = |kind: u16, port: u16| {
            let mut bytes = vec![0u8; 88];
            bytes[..4].copy_from_slice(&86u32.to_ne_bytes());
            bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
            bytes[20..22].copy_from_slice(&port.to_be_bytes());
            bytes
        };
        let mut ports = Vec::new();
        let mut take = |part: &[u8]| read(part, &mut |message| ports.extend(port_of(message)));
        let two = [message(BY_FAMILY, 80), message(BY_FAMILY, 443)].concat();
        assert_eq!(take(&two), Part::More);
        assert_eq!(take(&message(DONE, 0)), Part::Last);
        assert_eq!(take(&message(ERROR, 0)), Part::Refused);
        // What is cut off, or says that it has no length, ends it.
        assert_eq!(take(&two[..40]), Part::Refused);
        assert_eq!(take(&[0; 20]), Part::Refused);
        assert_eq!(ports, [80, 443]);
    }
}
