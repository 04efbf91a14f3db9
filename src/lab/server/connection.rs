//! Serving one connection, from a thread or process that may block.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::Server;
use super::acceptor::Accepted;
use crate::lab::protocol::{self, RequestLines};
use crate::sys::{clock, process};

/// Once the server is to end, a connection without an answered request gets so
/// long for its first one: it was accepted, and its request may be on its way.
pub const LAST_CALL: Duration = Duration::from_millis(200);

/// Bytes read at once.
const CHUNK: usize = 1024;

/// Why waiting ended.
enum Woken {
    Readable,
    Stop,
    TimedOut,
}

impl Server {
    /// Serves a connection to its end, in the calling thread. `patience` is
    /// how long it may be silent.
    pub fn serve_connection(&self, accepted: &Accepted, patience: Duration) {
        let socket = accepted.socket.as_fd();
        let mut lines = RequestLines::default();
        let mut chunk = [0u8; CHUNK];
        let mut first = true;
        let mut answered = false;
        loop {
            let received = recv(socket, &mut chunk[..], RecvFlags::empty());
            if first && received.is_ok() {
                first = false;
                accepted
                    .pen
                    .served(process::pid(), process::tid(), clock::now());
            }
            match received {
                Ok((0, _)) => break,
                Ok((n, _)) => {
                    let todo = lines.feed(&chunk[..n]);
                    let sent = todo.answers == 0 || self.send_answers(socket, todo.answers);
                    answered |= sent && todo.answers > 0;
                    if todo.close || !sent {
                        break;
                    }
                }
                Err(Errno::AGAIN) => match self.wait_readable(socket, patience, answered) {
                    Woken::Readable => {}
                    Woken::Stop | Woken::TimedOut => break,
                },
                Err(Errno::INTR) => {}
                // The peer reset it: nothing to finish.
                Err(_) => break,
            }
        }
        accepted.pen.closed(clock::now());
    }

    /// The bytes of so many answers.
    pub fn answers(&self, count: usize) -> Vec<u8> {
        protocol::answer(self.clockface.read(clock::now())).repeat(count)
    }

    fn send_answers(&self, socket: BorrowedFd<'_>, count: usize) -> bool {
        let bytes = self.answers(count);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match send(socket, rest, SendFlags::NOSIGNAL) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::INTR) => {}
                // The peer asks and asks and does not read.
                Err(Errno::AGAIN) => {
                    let mut fds = [PollFd::new(&socket, PollFlags::OUT)];
                    let limit = Timespec::try_from(self.plan.idle_timeout).ok();
                    if !matches!(poll(&mut fds, limit.as_ref()), Ok(n) if n > 0) {
                        return false;
                    }
                }
                Err(_) => return false,
            }
        }
        true
    }

    fn wait_readable(&self, socket: BorrowedFd<'_>, patience: Duration, answered: bool) -> Woken {
        let wait = |stop: bool, patience: Duration| {
            let mut fds = [
                PollFd::new(&socket, PollFlags::IN),
                PollFd::new(&self.stop, PollFlags::IN),
            ];
            let limit = Timespec::try_from(patience).ok();
            let watched = if stop { &mut fds[..] } else { &mut fds[..1] };
            match poll(watched, limit.as_ref()) {
                Ok(0) => Woken::TimedOut,
                Ok(_) if fds[0].revents().is_empty() && !fds[1].revents().is_empty() => Woken::Stop,
                // Also when a signal interrupted it: the receive tells.
                _ => Woken::Readable,
            }
        };
        match wait(true, patience) {
            Woken::Stop if !answered => wait(false, patience.min(LAST_CALL)),
            other => other,
        }
    }
}
