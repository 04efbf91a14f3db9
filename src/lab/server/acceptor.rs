//! Taking connections from the listening socket.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SocketFlags, acceptfrom_with};

use super::Server;
use crate::notes::ConnectionPen;
use crate::sys::{clock, process};

/// A connection that was accepted, with the pen that tells its story.
#[derive(Debug)]
pub struct Accepted {
    /// The socket, non-blocking.
    pub socket: OwnedFd,
    /// The pen.
    pub pen: ConnectionPen<'static>,
}

/// What came of looking for a connection.
#[derive(Debug)]
pub enum Next {
    /// One was there.
    Connection(Accepted),
    /// None came within the time.
    Nothing,
    /// The server is to end, and no connection waits any more or its grace has passed.
    Stop,
}

/// How long the acceptor rests when the system has no descriptor for it.
pub const REST: Duration = Duration::from_millis(10);

impl Server {
    /// The next connection. With `limit`, waits no longer than that.
    ///
    /// After the stop signal it still gives out what the accept queue holds:
    /// those clients have been told that they are connected. Where new ones come
    /// as fast as they are taken, the grace ends that.
    pub fn next(&self, limit: Option<Duration>) -> Next {
        loop {
            // Before the queue is looked at: after the signal, one that came
            // before it may just have joined a queue that was seen empty.
            let stopping = self.stop.raised();
            if stopping && self.grace_left().is_zero() {
                return Next::Stop;
            }
            match self.accept() {
                Ok(accepted) => return Next::Connection(accepted),
                Err(Errno::AGAIN) => {
                    if stopping {
                        return Next::Stop;
                    }
                    if !self.wait(limit) {
                        return Next::Nothing;
                    }
                }
                Err(e) if is_exhaustion(&e.into()) => {
                    self.refused_descriptor(&e.into());
                    if stopping {
                        return Next::Stop;
                    }
                    std::thread::sleep(REST);
                }
                // The peer was gone before it was accepted (accept(2), "Error
                // handling"), or a signal came.
                Err(_) => {}
            }
        }
    }

    /// One accept(2), without waiting.
    pub fn accept(&self) -> Result<Accepted, Errno> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (socket, peer) = acceptfrom_with(&self.listener, flags)?;
        let peer = peer.and_then(|p| SocketAddr::try_from(p).ok());
        let pen = peer.map_or(ConnectionPen(None), |peer| self.pen_for(peer));
        Ok(Accepted { socket, pen })
    }

    /// The pen for a connection that the calling thread has just accepted.
    pub fn pen_for(&self, peer: SocketAddr) -> ConnectionPen<'static> {
        let pen = ConnectionPen(self.ledger.and_then(|l| l.new_entry()));
        pen.accepted(peer, process::pid(), process::tid(), clock::now());
        pen
    }

    /// Waits for a connection or the stop; `false` when the time is over.
    fn wait(&self, limit: Option<Duration>) -> bool {
        let mut fds = [
            PollFd::new(&self.listener, PollFlags::IN),
            PollFd::new(&self.stop, PollFlags::IN),
        ];
        let limit = limit.and_then(|l| Timespec::try_from(l).ok());
        !matches!(poll(&mut fds, limit.as_ref()), Ok(0))
    }
}

/// Whether the system is out of descriptors or memory for one more connection.
pub fn is_exhaustion(e: &io::Error) -> bool {
    matches!(
        e.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)
    )
}
