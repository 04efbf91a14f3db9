//! One request on the wire: connect, ask, read the answer, close.
//!
//! The worker notes its moments with plain stores; there is nothing else in
//! the measured path than the system calls that any such client makes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::whoami;
use crate::lab::protocol::{self, Judgement};
use crate::model::{Outcome, WorkerId};
use crate::notes::{Ending, RequestPen};
use crate::sys::clock;
use crate::sys::net::socket;

/// Whom to ask, and how long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// For the whole request.
    pub timeout: Duration,
}

/// After so many requests the next source address is used: one address has
/// 28,232 ephemeral ports for one server by default, and each is held for a
/// while after its connection has closed (TIME-WAIT, RFC 9293, 3.6.1).
const REQUESTS_AN_ADDRESS: u32 = 20_000;

/// How many further source addresses are tried when one has no port left.
const SPARE_ADDRESSES: u32 = 8;

/// The bytes of an answer that are read before it is judged.
const ANSWER_BUFFER: usize = 64;

/// Makes one request, from the calling thread, and notes everything.
pub(super) fn perform(target: Target, number: u32, worker: WorkerId, pen: RequestPen<'_>) {
    let (pid, tid) = whoami();
    let deadline = Instant::now() + target.timeout;
    pen.start(worker, pid, tid, clock::now());
    let mut buffer = [0u8; ANSWER_BUFFER];
    let mut filled = 0;
    let outcome = blocking(target, number, pen, deadline, &mut buffer, &mut filled);
    finish(pen, outcome, &buffer[..filled]);
}

/// Notes how a request ended.
pub(super) fn finish(pen: RequestPen<'_>, outcome: io::Result<Outcome>, got: &[u8]) {
    let ending = match outcome {
        Ok(Outcome::Valid) => Ending::plain(Outcome::Valid),
        Ok(outcome) => Ending {
            got,
            ..Ending::plain(outcome)
        },
        Err(e) => match outcome_of(&e) {
            // Whether connect(2) or recv(2) gave up says less than "timeout".
            Outcome::Timeout => Ending {
                got,
                ..Ending::plain(Outcome::Timeout)
            },
            outcome => Ending {
                outcome,
                errno: errno_of(&e),
                got,
            },
        },
    };
    pen.end(clock::now(), ending);
}

fn blocking(
    target: Target,
    number: u32,
    pen: RequestPen<'_>,
    deadline: Instant,
    buffer: &mut [u8; ANSWER_BUFFER],
    filled: &mut usize,
) -> io::Result<Outcome> {
    let mut stream = connect_blocking(target, number, pen)?;
    stream.write_all(protocol::REQUEST)?;
    stream.set_read_timeout(Some(left(deadline)?))?;
    loop {
        let n = match stream.read(&mut buffer[*filled..]) {
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        };
        *filled += n;
        if let Some(outcome) = judge(&buffer[..*filled], n == 0) {
            return Ok(outcome);
        }
        // Bytes came, but no answer yet: the time allowed is for the whole.
        stream.set_read_timeout(Some(left(deadline)?))?;
    }
}

/// What the bytes so far make of the request; `None`: read on.
pub(super) fn judge(bytes: &[u8], ended: bool) -> Option<Outcome> {
    match protocol::judge(bytes) {
        Judgement::Valid(_) => Some(Outcome::Valid),
        Judgement::Bad => Some(Outcome::BadAnswer),
        Judgement::Incomplete if ended && bytes.is_empty() => Some(Outcome::Closed),
        Judgement::Incomplete if ended => Some(Outcome::BadAnswer),
        Judgement::Incomplete => None,
    }
}

/// The time that is left until `deadline`.
fn left(deadline: Instant) -> io::Result<Duration> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

fn connect_blocking(target: Target, number: u32, pen: RequestPen<'_>) -> io::Result<TcpStream> {
    let address = SockAddr::from(target.address);
    with_spare_addresses(target, number, |source| {
        let socket = open(target, source)?;
        // Bounds connect(2) too (socket(7), SO_SNDTIMEO).
        socket.set_write_timeout(Some(target.timeout))?;
        pen.connecting(clock::now());
        let connected = until_connected(&socket, &address);
        note_local(pen, &socket);
        connected?;
        refuse_oneself(&socket, target)?;
        pen.connected(clock::now());
        Ok(socket.into())
    })
}

/// A connect(2) that SIGCONT has interrupted goes on: called again, it waits for the same
/// connection (connect(2), EINTR; with a time allowed, a call is not begun anew by itself,
/// signal(7)).
fn until_connected(socket: &Socket, address: &SockAddr) -> io::Result<()> {
    loop {
        match socket.connect(address) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Tries `connect` from the request's source address, and from spare ones
/// while there is no port left.
pub(super) fn with_spare_addresses<T>(
    target: Target,
    number: u32,
    mut connect: impl FnMut(Option<Ipv4Addr>) -> io::Result<T>,
) -> io::Result<T> {
    let group = number / REQUESTS_AN_ADDRESS;
    let mut result = connect(source(target.address, group));
    for spare in 1..=SPARE_ADDRESSES {
        match &result {
            Err(e) if outcome_of(e) == Outcome::NoPort => {
                let Some(address) = source(target.address, group + spare) else {
                    break;
                };
                result = connect(Some(address));
            }
            _ => break,
        }
    }
    result
}

/// The source address of a group of requests; `None` leaves it to the kernel.
/// Only the IPv4 loopback network has many addresses to give.
fn source(target: SocketAddr, group: u32) -> Option<Ipv4Addr> {
    match target {
        SocketAddr::V4(v4) if v4.ip().is_loopback() && group > 0 => {
            Some(Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + group))
        }
        _ => None,
    }
}

/// A new socket, bound to its source address where it has one.
pub(super) fn open(target: Target, source: Option<Ipv4Addr>) -> io::Result<Socket> {
    let domain = Domain::for_address(target.address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    // The lab's port is in the range of ephemeral ports. Without this, a closed
    // connection that had it as its own end would keep every server off it for
    // a minute (TIME-WAIT; socket(7), SO_REUSEADDR).
    socket.set_reuse_address(true)?;
    if let Some(ip) = source {
        socket::bind_address_only(socket.as_fd())?;
        socket.bind(&SockAddr::from(SocketAddr::from((ip, 0))))?;
    }
    Ok(socket)
}

/// Notes the client's end, which is known also after a refused connect(2).
pub(super) fn note_local(pen: RequestPen<'_>, socket: &Socket) {
    if let Some(address) = socket.local_addr().ok().and_then(|a| a.as_socket()) {
        pen.local(address);
    }
}

/// Where nobody listens on a port of the ephemeral range, a connect(2) to it
/// may be given that very port and meet itself (RFC 9293, 3.5, simultaneous
/// open). Nobody was there: it counts as refused.
pub(super) fn refuse_oneself(socket: &Socket, target: Target) -> io::Result<()> {
    let local = socket.local_addr()?.as_socket();
    if local == Some(target.address) {
        return Err(io::Error::from_raw_os_error(libc::ECONNREFUSED));
    }
    Ok(())
}

/// The system's error number; 0 where the error is not the system's.
pub(super) fn errno_of(e: &io::Error) -> u16 {
    e.raw_os_error()
        .and_then(|n| u16::try_from(n).ok())
        .unwrap_or(0)
}

/// The outcome that an error of connect(2), send(2) or recv(2) makes.
pub(super) fn outcome_of(e: &io::Error) -> Outcome {
    match e.raw_os_error() {
        Some(libc::ECONNREFUSED) => Outcome::Refused,
        Some(libc::ECONNRESET | libc::EPIPE | libc::ECONNABORTED) => Outcome::Reset,
        // EINPROGRESS: SO_SNDTIMEO ran out in connect(2); EAGAIN: a timeout in recv(2).
        Some(libc::ETIMEDOUT | libc::EINPROGRESS | libc::EAGAIN) => Outcome::Timeout,
        Some(libc::EMFILE | libc::ENFILE) => Outcome::NoDescriptor,
        Some(libc::EADDRNOTAVAIL) => Outcome::NoPort,
        Some(libc::ENETUNREACH | libc::EHOSTUNREACH | libc::ENETDOWN) => Outcome::Unreachable,
        _ if e.kind() == ErrorKind::TimedOut => Outcome::Timeout,
        _ => Outcome::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_source_addresses_are_loopback_ones() {
        let target: SocketAddr = "127.0.0.1:45000".parse().unwrap();
        assert_eq!(source(target, 0), None);
        assert_eq!(source(target, 1), Some(Ipv4Addr::new(127, 0, 0, 2)));
        assert_eq!(source("[::1]:45000".parse().unwrap(), 3), None);
        assert_eq!(source("192.0.2.1:45000".parse().unwrap(), 3), None);
    }

    #[test]
    fn spare_addresses_are_tried_while_there_is_no_port() {
        let target = Target {
            address: "127.0.0.1:45000".parse().unwrap(),
            timeout: Duration::from_secs(1),
        };
        let mut tried = Vec::new();
        let answer = with_spare_addresses(target, 5, |source| {
            tried.push(source);
            if tried.len() < 3 {
                Err(io::Error::from_raw_os_error(libc::EADDRNOTAVAIL))
            } else {
                Ok(7)
            }
        });
        assert_eq!(answer.unwrap(), 7);
        assert_eq!(
            tried,
            [
                None,
                Some([127, 0, 0, 2].into()),
                Some([127, 0, 0, 3].into())
            ]
        );
    }

    #[test]
    fn what_came_before_the_end_tells_closed_from_bad() {
        assert_eq!(judge(b"", true), Some(Outcome::Closed));
        assert_eq!(judge(b"JAM 12:", true), Some(Outcome::BadAnswer));
        assert_eq!(judge(b"JAM 12:", false), None);
        assert_eq!(judge(b"ERR", false), Some(Outcome::BadAnswer));
        assert_eq!(judge(b"JAM 12:34:56\r\n", false), Some(Outcome::Valid));
    }
}
