//! The records of the programs in the kernel, as they are laid out in `observe.bpf.c`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::model::{Endpoint, Exit, Pid, SocketId, Tid};

/// One record, and when by `CLOCK_MONOTONIC`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Nanoseconds of `CLOCK_MONOTONIC`.
    pub ns: u64,
    /// Whose process it was: one of [`CLIENT`] and [`SERVER`].
    pub side: u8,
    /// The process of the task that did it.
    pub pid: Pid,
    /// The task.
    pub tid: Tid,
    /// What it did.
    pub what: What,
}

/// Whose a process is.
pub const CLIENT: u32 = 1;
/// Whose a process is.
pub const SERVER: u32 = 2;

/// What a task did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It created a task.
    Created {
        /// The task.
        tid: Tid,
        /// Its process.
        pid: Pid,
        /// Whether no tracer follows it (`CLONE_UNTRACED`, clone(2)).
        untraced: bool,
    },
    /// Its process executed a program.
    Executed {
        /// The task's id until then.
        former: Tid,
        /// The program's name.
        name: Box<str>,
        /// The sockets that it has kept; `None` where they were too many to look at.
        sockets: Option<u32>,
    },
    /// It ends.
    Ended {
        /// How; of its whole process where that is being ended.
        exit: Exit,
        /// Its name.
        name: Box<str>,
        /// How it came to that.
        how: How,
    },
    /// It made a socket listen.
    Listens(Endpoint),
    /// It begins a connection.
    Connects {
        /// The socket.
        socket: SocketId,
        /// Where to.
        target: Endpoint,
        /// Whether it is in connect(2), whose end is told as well.
        in_call: bool,
    },
    /// A connection that was begun elsewhere than in connect(2) is made, or has failed.
    Settled {
        /// The socket.
        socket: SocketId,
        /// The socket's own end, if it has one.
        local: Option<Endpoint>,
        /// 0, or the error.
        errno: i32,
    },
    /// Its connect(2) has returned.
    Connected {
        /// The socket.
        socket: SocketId,
        /// Where to it was to connect; `None`: it was to dissolve its connection.
        target: Option<Endpoint>,
        /// The socket's own end, if it has one.
        local: Option<Endpoint>,
        /// What the call returned: 0, or a negative error.
        result: i32,
        /// Whether its SYN has not been answered yet, or not been sent.
        connecting: bool,
        /// Whether it has no connection, and none is being made.
        closed: bool,
    },
    /// Its accept(2) has returned.
    Accepted {
        /// The new socket.
        socket: SocketId,
        /// The peer.
        peer: Endpoint,
        /// The socket's own end, if it has one.
        local: Option<Endpoint>,
    },
    /// It received from a socket, as another one than the last.
    Received {
        /// The socket.
        socket: SocketId,
        /// Bytes, or a negative error.
        result: i32,
        /// The place of the first of these bytes in the stream, where it is known.
        byte: Option<u64>,
        /// Who it was is not watched.
        by_another: bool,
        /// The socket's ends, the peer's first.
        ends: (Endpoint, Option<Endpoint>),
    },
    /// It sent on a socket, as another one than the last.
    Sent {
        /// The socket.
        socket: SocketId,
        /// The socket's ends, the peer's first.
        ends: (Endpoint, Option<Endpoint>),
    },
    /// It set up a ring.
    SetUpRing,
}

/// How a task came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "as the kernel tells them")]
pub struct How {
    /// Its whole process is being ended.
    pub with_all: bool,
    /// No other task of its process is left.
    pub last: bool,
    /// By `exit_group(2)`.
    pub by_exit_group: bool,
    /// By exit(2): it alone.
    pub by_exit: bool,
}

/// `TCP_SYN_SENT` (`net/tcp_states.h`).
const SYN_SENT: u32 = 2;
/// `TCP_CLOSE` of the same.
const CLOSE: u32 = 7;
/// `UNKNOWN` of `observe.bpf.c`.
const UNKNOWN: u32 = u32::MAX;
/// `NO_PLACE` of the same.
const NO_PLACE: u64 = u64::MAX;

/// The fields of a record, in their order.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn u64(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_ne_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_ne_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.bytes().map(u16::from_ne_bytes)
    }

    fn u8(&mut self) -> Option<u8> {
        self.bytes().map(u8::from_ne_bytes)
    }
}

/// `AF_INET6`, which the field of one byte holds.
const INET6: u32 = libc::AF_INET6.cast_unsigned();

fn endpoint(bytes: [u8; 16], port: u16, family: u32) -> Endpoint {
    let address = if family == INET6 {
        SocketAddr::new(Ipv6Addr::from(bytes).into(), port)
    } else {
        let [a, b, c, d, ..] = bytes;
        SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port)
    };
    address.into()
}

/// A status of wait(2).
fn exit(status: u32) -> Exit {
    match status & 0x7f {
        0 => Exit::Code((status >> 8 & 0xff).cast_signed()),
        signal => Exit::Signal(signal.cast_signed()),
    }
}

impl Record {
    /// Reads one; `None` for one of another layout, which no object of this version
    /// makes.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let ns = fields.u64()?;
        let socket = SocketId(fields.u64()?);
        let (pid, tid) = (Pid(fields.u32()?), Tid(fields.u32()?));
        let (a, b) = (fields.u32()?, fields.u32()?);
        let result = fields.u32()?.cast_signed();
        let (own_port, peer_port) = (fields.u16()?, fields.u16()?);
        let (kind, side) = (fields.u8()?, fields.u8()?);
        let (family, _) = (u32::from(fields.u8()?), fields.u8()?);
        let (own, peer): ([u8; 16], [u8; 16]) = (fields.bytes()?, fields.bytes()?);
        fields.u32()?;
        let mut last = Fields(fields.0);
        let name: [u8; 16] = fields.bytes()?;
        let place = last.u64()?;
        let byte = (place != NO_PLACE).then_some(place);
        let name = || {
            let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
            String::from_utf8_lossy(&name[..end]).into()
        };
        let local = || (own_port != 0).then(|| endpoint(own, own_port, family));
        let ends = || (endpoint(peer, peer_port, family), local());
        let what = match kind {
            1 => What::Created {
                tid: Tid(a),
                pid: Pid(b),
                untraced: result != 0,
            },
            2 => What::Executed {
                former: Tid(a),
                name: name(),
                sockets: (b != UNKNOWN).then_some(b),
            },
            3 => What::Ended {
                exit: exit(a),
                name: name(),
                how: How {
                    with_all: b & 1 != 0,
                    last: b & 2 != 0,
                    by_exit_group: b & 4 != 0,
                    by_exit: b & 8 != 0,
                },
            },
            4 => What::Listens(endpoint(own, own_port, family)),
            5 => What::Connects {
                socket,
                target: endpoint(peer, peer_port, family),
                in_call: b != 0,
            },
            6 => What::Settled {
                socket,
                local: local(),
                errno: result,
            },
            7 => What::Connected {
                socket,
                target: asked(a).map(|family| endpoint(peer, peer_port, family)),
                local: local(),
                result,
                connecting: b == SYN_SENT,
                closed: b == CLOSE,
            },
            8 => What::Accepted {
                socket,
                peer: endpoint(peer, peer_port, family),
                local: local(),
            },
            9 => What::Received {
                socket,
                result,
                byte,
                by_another: a != 0,
                ends: ends(),
            },
            10 => What::Sent {
                socket,
                ends: ends(),
            },
            11 => What::SetUpRing,
            _ => return None,
        };
        Some(Self {
            ns,
            side,
            pid,
            tid,
            what,
        })
    }
}

/// The family of an address that connect(2) was given; `None` for `AF_UNSPEC`.
fn asked(family: u32) -> Option<u32> {
    (family != libc::AF_UNSPEC.cast_unsigned()).then_some(family)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record as the kernel lays it out.
    fn bytes(kind: u8, a: u32, b: u32, result: i32) -> Vec<u8> {
        let mut all = Vec::new();
        all.extend(1_000u64.to_ne_bytes());
        all.extend(77u64.to_ne_bytes());
        for n in [10u32, 11, a, b] {
            all.extend(n.to_ne_bytes());
        }
        all.extend(result.to_ne_bytes());
        all.extend(40_000u16.to_ne_bytes());
        all.extend(45_000u16.to_ne_bytes());
        all.extend([kind, 1, 2, 0]);
        let mut end = [0u8; 16];
        end[..4].copy_from_slice(&[127, 0, 0, 1]);
        all.extend(end);
        all.extend(end);
        all.extend([0; 4]);
        all.extend(*b"python3\0\0\0\0\0\0\0\0\0");
        all
    }

    fn what(kind: u8, a: u32, b: u32, result: i32) -> What {
        Record::parse(&bytes(kind, a, b, result)).unwrap().what
    }

    fn at(port: u16) -> Endpoint {
        Endpoint::new(Ipv4Addr::LOCALHOST.into(), port)
    }

    #[test]
    fn who_and_when() {
        let record = Record::parse(&bytes(11, 0, 0, 0)).unwrap();
        assert_eq!(
            (record.ns, record.pid, record.tid),
            (1000, Pid(10), Tid(11))
        );
        assert_eq!(u32::from(record.side), CLIENT);
    }

    #[test]
    fn statuses_are_those_of_wait() {
        let ended = |status, how| match what(3, status, how, 0) {
            What::Ended { exit, how, .. } => (exit, how.with_all, how.last),
            other => panic!("{other:?}"),
        };
        assert_eq!(ended(3 << 8, 0), (Exit::Code(3), false, false));
        assert_eq!(ended(9, 1), (Exit::Signal(9), true, false));
        // With a core dump.
        assert_eq!(ended(0x8b, 3), (Exit::Signal(11), true, true));
    }

    #[test]
    fn both_ends_of_a_connection() {
        let connected = what(7, 2, 1, 0);
        let expected = What::Connected {
            socket: SocketId(77),
            target: Some(at(45_000)),
            local: Some(at(40_000)),
            result: 0,
            connecting: false,
            closed: false,
        };
        assert_eq!(connected, expected);
        assert!(matches!(
            what(7, 0, 1, 0),
            What::Connected { target: None, .. }
        ));
        let state = |state| match what(7, 2, state, 0) {
            What::Connected {
                connecting, closed, ..
            } => (connecting, closed),
            other => panic!("{other:?}"),
        };
        assert_eq!(state(2), (true, false));
        assert_eq!(state(7), (false, true));
        assert_eq!(what(4, 0, 0, 0), What::Listens(at(40_000)));
    }

    #[test]
    fn a_use_of_a_connection_has_a_place_where_one_is_known() {
        let with = |place: u64, a: u32| {
            let mut bytes = bytes(9, a, 0, 14);
            bytes[80..88].copy_from_slice(&place.to_ne_bytes());
            match Record::parse(&bytes).unwrap().what {
                What::Received {
                    byte,
                    by_another,
                    ends,
                    result,
                    ..
                } => (byte, by_another, ends, result),
                other => panic!("{other:?}"),
            }
        };
        let ends = (at(45_000), Some(at(40_000)));
        assert_eq!(with(6, 0), (Some(6), false, ends, 14));
        assert_eq!(with(0, 1), (Some(0), true, ends, 14));
        assert_eq!(with(u64::MAX, 0).0, None);
    }

    #[test]
    fn an_address_of_ipv4_in_ipv6_is_one_of_ipv4() {
        let mut mapped = [0u8; 16];
        mapped[10..].copy_from_slice(&[0xff, 0xff, 127, 0, 0, 1]);
        assert_eq!(endpoint(mapped, 80, INET6), at(80));
    }

    #[test]
    fn what_was_not_seen_is_not_zero() {
        let sockets = |b| match what(2, 11, b, 0) {
            What::Executed { sockets, name, .. } => (sockets, name),
            other => panic!("{other:?}"),
        };
        assert_eq!(sockets(0), (Some(0), "python3".into()));
        assert_eq!(sockets(u32::MAX).0, None);
    }

    #[test]
    fn nothing_is_made_of_less_or_of_others() {
        let whole = bytes(1, 2, 3, 0);
        for length in 0..whole.len() {
            assert_eq!(Record::parse(&whole[..length]), None, "{length}");
        }
        assert_eq!(Record::parse(&bytes(12, 0, 0, 0)), None);
    }
}
