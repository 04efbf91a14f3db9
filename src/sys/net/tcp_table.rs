//! `/proc/PID/net/tcp` and `tcp6` (`proc_pid_net`(5)): the TCP sockets of a
//! network namespace.
//!
//! There may be tens of thousands, and little memory to read them into: the
//! tables are read a line at a time into one small buffer, and nothing is
//! allocated for a line.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::NetNamespace;

/// A TCP socket. An IPv4 address that the kernel tells as one of IPv6 stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpSocket {
    /// Its own address.
    pub local: SocketAddr,
    /// That of its peer; all zeros where it has none.
    pub remote: SocketAddr,
    /// Its state.
    pub state: TcpState,
    /// Its inode number; 0 if no process has a descriptor of it any more.
    pub inode: u64,
}

/// A state, as the kernel numbers them (`net/tcp_states.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpState(pub u8);

impl TcpState {
    /// It is connected.
    pub const ESTABLISHED: Self = Self(0x01);
    /// It has sent a SYN.
    pub const SYN_SENT: Self = Self(0x02);
    /// Closed, and remembered for a while.
    pub const TIME_WAIT: Self = Self(0x06);
    /// Its peer sends no more.
    pub const CLOSE_WAIT: Self = Self(0x08);
    /// It listens.
    pub const LISTEN: Self = Self(0x0a);
}

impl NetNamespace {
    /// Its TCP sockets. None where proc(5) cannot be read: see
    /// [`Self::tells_of_tcp`].
    pub fn tcp_sockets(self) -> impl Iterator<Item = TcpSocket> {
        let open = move |file| self.open(file).ok();
        let tables = ["tcp", "tcp6"].into_iter().filter_map(open);
        tables.flat_map(|file: File| TcpTable::new(BufReader::new(file)))
    }

    /// Whether there is a table to be read.
    #[must_use]
    pub fn tells_of_tcp(self) -> bool {
        self.open("tcp").is_ok()
    }
}

/// The lines of a table. What is no line of a socket is passed over.
struct TcpTable<R> {
    reader: R,
    line: Vec<u8>,
}

/// The longest line is one of `tcp6`, of some 180 bytes.
const LONGEST_LINE: usize = 512;

impl<R: BufRead> TcpTable<R> {
    fn new(reader: R) -> Self {
        let line = Vec::with_capacity(LONGEST_LINE);
        Self { reader, line }
    }

    /// Reads the next line into the buffer, or the beginning of one that is too
    /// long. `false` at the end, and where reading fails.
    fn next_line(&mut self) -> bool {
        self.line.clear();
        let mut some = false;
        loop {
            let there = match self.reader.fill_buf() {
                Ok(there) => there,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return false,
            };
            if there.is_empty() {
                return some;
            }
            some = true;
            let end = there.iter().position(|b| *b == b'\n');
            let part = there.get(..end.unwrap_or(there.len())).unwrap_or_default();
            let room = LONGEST_LINE - self.line.len();
            self.line.extend(part.iter().take(room));
            let read = part.len() + usize::from(end.is_some());
            self.reader.consume(read);
            if end.is_some() {
                return true;
            }
        }
    }
}

impl<R: BufRead> Iterator for TcpTable<R> {
    type Item = TcpSocket;

    fn next(&mut self) -> Option<TcpSocket> {
        while self.next_line() {
            let line = std::str::from_utf8(&self.line).ok();
            if let Some(socket) = line.and_then(parse) {
                return Some(socket);
            }
        }
        None
    }
}

/// A line: number, both ends, state, queues, timer, retransmissions, user,
/// timeout, inode.
fn parse(line: &str) -> Option<TcpSocket> {
    let mut fields = line.split_ascii_whitespace();
    let mut next = |skipped| fields.nth(skipped);
    Some(TcpSocket {
        local: end(next(1)?)?,
        remote: end(next(0)?)?,
        state: TcpState(hex(next(0)?)?.try_into().ok()?),
        inode: next(5)?.parse().ok()?,
    })
}

/// An address and a port, both in hexadecimal.
fn end(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    Some(SocketAddr::new(address(ip)?, hex(port)?.try_into().ok()?))
}

/// Digits alone: `from_str_radix` would take a sign, too.
fn hex(digits: &str) -> Option<u32> {
    let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// An address stands as one or four 32-bit words in the host's byte order.
fn address(text: &str) -> Option<IpAddr> {
    let word = |i: usize| {
        let digits = text.get(i * 8..i * 8 + 8)?;
        Some(hex(digits)?.to_ne_bytes())
    };
    match text.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0u8; 16];
            for (i, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(i)?);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when \
        retrnsmt   uid  timeout inode\n";
    const LISTENS: &str = "   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 \
        00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0\n";

    fn read(bytes: &[u8]) -> Vec<TcpSocket> {
        // A buffer that is smaller than a line.
        TcpTable::new(BufReader::with_capacity(7, bytes)).collect()
    }

    /// The words of the samples are those of such a host.
    fn little_endian() -> bool {
        cfg!(target_endian = "little")
    }

    #[test]
    fn a_line_is_a_socket() {
        let all = read([HEAD, LISTENS].concat().as_bytes());
        let [socket] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert_eq!((socket.state, socket.inode), (TcpState::LISTEN, 4711));
        assert_eq!(socket.local.port(), 80);
        assert_eq!(socket.remote, "0.0.0.0:0".parse().unwrap());
        if little_endian() {
            assert_eq!(socket.local, "127.0.0.1:80".parse().unwrap());
        }
    }

    #[test]
    fn addresses_of_both_families_are_read() {
        let any = address(&"0".repeat(32)).unwrap();
        assert_eq!(any, IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        if little_endian() {
            let one = address("00000000000000000000000001000000").unwrap();
            assert_eq!(one, IpAddr::V6(Ipv6Addr::LOCALHOST));
            let mapped = address("0000000000000000FFFF00000100007F").unwrap();
            assert_eq!(mapped.to_canonical(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        for wrong in [
            "",
            "0100007",
            "0100007F0",
            "0100007G",
            "+100007F",
            "é00007F",
        ] {
            assert_eq!(address(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn what_is_no_line_of_a_socket_is_passed_over() {
        let hostile = [
            HEAD.as_bytes(),
            b"\n\xff\xfe: 0100007F:0050 00000000:0000 0A\n",
            b"   0: 0100007F:0050 00000000:0000 0A 00000000:00000000\n",
            b"   0: 0100007F:10000 00000000:0000 0A 0:0 0:0 0 0 0 1\n",
            LISTENS.as_bytes(),
            // Cut off in the middle of the inode's neighbours.
            b"   0: 0100007F:0050 0000",
        ]
        .concat();
        assert_eq!(read(&hostile).len(), 1);
        assert!(read(b"").is_empty());
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let mut table = [vec![b'x'; 1 << 20], b"\n".to_vec()].concat();
        table.extend(LISTENS.as_bytes());
        let mut reader = TcpTable::new(table.as_slice());
        assert!(reader.next().is_some());
        assert_eq!(reader.line.capacity(), LONGEST_LINE);
        assert!(reader.next().is_none());
    }

    #[test]
    fn both_ends_of_a_connection_are_told() {
        let listener = std::net::TcpListener::bind("[::1]:0").unwrap();
        let server = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(server).unwrap();
        let client = client.local_addr().unwrap();
        let all: Vec<TcpSocket> = NetNamespace::own().tcp_sockets().collect();
        let there = |from, to| all.iter().any(|s| (s.local, s.remote) == (from, to));
        assert!(there(client, server) && there(server, client));
        let listens = |s: &TcpSocket| s.local == server && s.state == TcpState::LISTEN;
        assert!(all.iter().any(listens));
    }
}
