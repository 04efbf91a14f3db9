//! A crowd's process: it creates as many as it can and may, holds them for the
//! moment in which the coordinator looks, and ends with all of them.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::crowd_control::{self, CrowdControl};
use crate::lab::protocol;
use crate::lab::server::ServerPlan;
use crate::limits::{Call, Refusal};
use crate::model::Pid;
use crate::sys::net::NetNamespace;
use crate::sys::net::socket::choose_port_from;
use crate::sys::process;
use crate::sys::process::crowd;

/// What a process of the search is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum CrowdWork {
    /// Have threads.
    Threads {
        /// The size of a stack; `None` is the C library's default.
        stack_bytes: Option<u64>,
    },
    /// Have child processes.
    Processes,
    /// Have connections to this server.
    Connections {
        /// The server.
        server: SocketAddr,
    },
    /// Be that server.
    Serve {
        /// How.
        plan: ServerPlan,
    },
}

/// The plan of a process of the search.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CrowdPlan {
    /// The coordinator, with which it lives and dies.
    pub parent: u32,
    /// What to do.
    pub work: CrowdWork,
}

/// How long a connection may take until it is answered. On a machine under
/// load the server needs a while; one that never answers is told by its ledger.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a client that waits looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(20);

/// Threads, until the process ends.
///
/// # Errors
/// When the stack size is not possible.
pub fn threads(control: &'static CrowdControl, stack_bytes: Option<u64>) -> io::Result<()> {
    let maker = crowd::ThreadMaker::new(stack_bytes)?;
    let stack = maker.stack_bytes();
    let most = control.wait_to_begin(stack);
    let refusal = climb(control, most, || {
        maker.make(control.arrivals()).map_err(|e| {
            // pthread_create(3) says EAGAIN for everything. If a stack cannot be
            // mapped now, then it could not be a moment ago.
            match crowd::mapping_refused(stack) {
                Some(e) => (Call::Mmap, e),
                None => (Call::Clone, e),
            }
        })
    });
    control.hold(refusal);
    // All threads end with the process, and no destructor is to be run.
    crowd_control::leave()
}

/// Child processes; they are killed and reaped before this returns.
pub fn processes(control: &CrowdControl) {
    let most = control.wait_to_begin(0);
    let mut children: Vec<Pid> = Vec::new();
    let refusal = climb(control, most, || {
        let child = process::fork_and(|| crowd::rest(control.arrivals()));
        let child = child.map_err(|e| (Call::Fork, e))?;
        children.push(child);
        Ok(())
    });
    control.hold(refusal);
    for child in children {
        process::signal(child, Signal::KILL);
    }
    while process::reap_any(true).is_ok() {}
}

/// Connections, each of which has been answered; they are reset at the end.
pub fn connections(control: &CrowdControl, server: SocketAddr) {
    let most = control.wait_to_begin(0);
    let mut held: Vec<Socket> = Vec::new();
    let mut ports = Ports::new(NetNamespace::own().port_range());
    let refusal = climb(control, most, || {
        // Without a place to keep it there is no use in having it.
        held.try_reserve(1)
            .map_err(|_| (Call::Mmap, io::Error::from_raw_os_error(libc::ENOMEM)))?;
        let socket = ports.connect(server)?;
        converse(&socket, control).map_err(|e| (Call::Answer, e))?;
        control.arrivals().fetch_add(1, Relaxed);
        held.push(socket);
        Ok(())
    });
    control.hold(refusal);
    drop(held);
}

/// Creates one after the other. Ends where one is refused (the refusal), at
/// `most` or when it is told to stop (`None`).
fn climb(
    control: &CrowdControl,
    most: u64,
    mut one_more: impl FnMut() -> Result<(), (Call, io::Error)>,
) -> Option<Refusal> {
    for reached in 1..=most {
        if !control.may(reached) {
            return None;
        }
        if let Err((call, error)) = one_more() {
            let errno = error.raw_os_error().unwrap_or(libc::ETIMEDOUT);
            return (!control.stopped()).then_some(Refusal { call, errno });
        }
        control.count(reached);
    }
    None
}

/// The ports that are chosen from: a small part of the range at a time. Left to
/// itself, connect(2) tries every port of half the range before it turns to the
/// other half, and once the first half is used up each call takes milliseconds.
struct Ports {
    /// The part that is used now; `None` leaves the choice to the kernel.
    part: Option<(u16, u16)>,
    highest: u16,
}

impl Ports {
    /// How many ports make a part.
    const PART: u16 = 256;

    fn new(range: Option<(u16, u16)>) -> Self {
        let highest = range.map_or(0, |(_, high)| high);
        Self {
            part: range.and_then(|(low, _)| Self::part_from(low, highest)),
            highest,
        }
    }

    fn part_from(low: u16, highest: u16) -> Option<(u16, u16)> {
        (low <= highest).then(|| (low, low.saturating_add(Self::PART - 1).min(highest)))
    }

    /// A connection from a port of the present part, or of a later one. When all
    /// parts are used up, the kernel chooses from the whole range: what it says
    /// then is the answer.
    fn connect(&mut self, server: SocketAddr) -> Result<Socket, (Call, io::Error)> {
        loop {
            let connected = connect(server, self.part);
            let used_up = matches!(&connected, Err((Call::Connect, e))
                if e.raw_os_error() == Some(libc::EADDRNOTAVAIL));
            let Some((_, high)) = self.part.filter(|_| used_up) else {
                return connected;
            };
            let next = high.checked_add(1);
            self.part = next.and_then(|low| Self::part_from(low, self.highest));
        }
    }
}

fn connect(server: SocketAddr, part: Option<(u16, u16)>) -> Result<Socket, (Call, io::Error)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))
        .map_err(|e| (Call::Socket, e))?;
    let attempt = || {
        if let Some((low, high)) = part {
            // An older kernel chooses from the whole range: slower, no less right.
            let _ = choose_port_from(socket.as_fd(), low, high);
        }
        // Closing resets the connection (socket(7), SO_LINGER of 0), also when
        // this process is killed: the port is free at once, where an orderly
        // close would hold thousands of them in TIME-WAIT for a minute.
        socket.set_linger(Some(Duration::ZERO))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.connect(&SockAddr::from(server))?;
        socket.set_nonblocking(true)
    };
    attempt().map_err(|e| (Call::Connect, e))?;
    Ok(socket)
}

/// One request and its answer: only then the server holds the connection, too.
fn converse(socket: &Socket, control: &CrowdControl) -> io::Result<()> {
    let fd = socket.as_fd();
    send(fd, protocol::REQUEST, SendFlags::NOSIGNAL)?;
    let until = Instant::now() + PATIENCE;
    let mut answer = [0u8; protocol::ANSWER_BYTES];
    let mut got = 0;
    while got < answer.len() {
        match recv(fd, &mut answer[got..], RecvFlags::empty()) {
            Ok((0, _)) => return Err(io::Error::from_raw_os_error(libc::ECONNRESET)),
            Ok((n, _)) => got += n,
            Err(rustix::io::Errno::AGAIN) => {
                let limit = Timespec::try_from(LOOK).ok();
                let _ = poll(&mut [PollFd::new(&fd, PollFlags::IN)], limit.as_ref());
                if control.stopped() || Instant::now() > until {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}
