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

/// How long the server goes on once it is to end: what is in flight is finished
/// within it, and whoever does not read, or asks without a pause, is closed then.
pub const GRACE: Duration = Duration::from_secs(2);

/// A peer that sends without a pause is never waited for. So the stop is looked for
/// now and then: after so many rounds.
const LOOK_EVERY: u32 = 64;

impl Server {
    /// Serves a connection to its end, in the calling thread. `patience` is
    /// how long it may be silent.
    pub fn serve_connection(&self, accepted: &Accepted, patience: Duration) {
        let socket = accepted.socket.as_fd();
        let mut lines = RequestLines::default();
        let mut chunk = [0u8; CHUNK];
        let mut first = true;
        let mut answered = false;
        let mut rounds = 0;
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
                Err(Errno::AGAIN) => {
                    let last_call = if answered { Duration::ZERO } else { LAST_CALL };
                    if !self.wait_for(socket, PollFlags::IN, patience, last_call) {
                        break;
                    }
                }
                Err(Errno::INTR) => {}
                // The peer reset it: nothing to finish.
                Err(_) => break,
            }
            rounds += 1;
            if rounds % LOOK_EVERY == 0 && self.is_over() {
                break;
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
                    let patience = self.plan.idle_timeout;
                    if !self.wait_for(socket, PollFlags::OUT, patience, GRACE) {
                        return false;
                    }
                }
                Err(_) => return false,
            }
        }
        true
    }

    /// Waits until the socket is ready, `patience` at most. Once the server is to end
    /// it is waited for `last_call` at most, and in no case beyond the grace. Whether
    /// it is ready; also when a signal interrupted the wait: the next call tells.
    fn wait_for(
        &self,
        socket: BorrowedFd<'_>,
        ready: PollFlags,
        patience: Duration,
        last_call: Duration,
    ) -> bool {
        let mut fds = [
            PollFd::new(&socket, ready),
            PollFd::new(&self.stop, PollFlags::IN),
        ];
        let limit = Timespec::try_from(patience).ok();
        match poll(&mut fds, limit.as_ref()) {
            Ok(0) => return false,
            Ok(_) if fds[0].revents().is_empty() => {}
            _ => return true,
        }
        let limit = patience.min(last_call).min(self.grace_left());
        let limit = Timespec::try_from(limit).ok();
        !matches!(poll(&mut fds[..1], limit.as_ref()), Ok(0))
    }
}
