//! Looking at a socket of another process: through a duplicate of its descriptor,
//! or, where the system refuses that, by its inode.
//!
//! The duplicate lives for these few system calls and no longer: while it
//! lives, the program's own close(2) would send no FIN.

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{getxattr, readlink};
use rustix::io::{Errno, ioctl_fionread};
use rustix::net::{AddressFamily, getsockname, ipproto, sockopt};
use rustix::process::{
    Pid as RawPid, PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open,
};

use crate::model::{Endpoint, Pid, SocketId, Tid};
use crate::sys::net::NetNamespace;
use crate::sys::net::asked::{info, peer_name, state, unsent};
use crate::sys::net::tcp_table::{TcpSocket, TcpState};
use crate::sys::proc::Proc;

/// A call by which a traced program is looked at, and that the system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The call's name.
    pub call: &'static str,
    /// The error number.
    pub errno: i32,
    /// Whether it is refused of every process, of this one too: it is the system
    /// that refuses then (seccomp(2), an old kernel), and not the program that may
    /// not be looked at.
    pub of_all: bool,
}

/// What is behind a descriptor of another process.
#[derive(Debug)]
pub enum Behind {
    /// A TCP socket.
    Tcp(RemoteSocket),
    /// Something else, or nothing any more.
    Other,
    /// The system refused every way to look.
    Hidden,
}

/// A TCP socket of another process, or one of Multipath TCP: that is what Go (from
/// 1.24 on) listens with, and most of its connections are plain ones on the wire.
#[derive(Debug)]
pub enum RemoteSocket {
    /// A duplicate of its descriptor.
    Duplicate(OwnedFd),
    /// One that is known by its inode alone.
    Inode {
        /// The process that has it.
        pid: Pid,
        /// The number of its inode.
        inode: u64,
    },
}

/// `PIDFD_THREAD` (Linux 6.9): a descriptor of a thread that need not be the
/// first of its process.
const PIDFD_THREAD: PidfdFlags = PidfdFlags::from_bits_retain(libc::O_EXCL.cast_unsigned());

const OPEN: &str = "pidfd_open";
const GETFD: &str = "pidfd_getfd";

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

/// `KCMP_FILES` (`linux/kcmp.h`).
const KCMP_FILES: libc::c_int = 2;

/// Whether a thread has the same descriptors as the first one of its process: nearly all
/// have, but for those that were created without `CLONE_FILES` or have called unshare(2).
/// `false` too where that cannot be asked, and where the first thread has ended.
fn shares_descriptors(pid: Pid, tid: Tid) -> bool {
    let raw = |n: u32| libc::c_long::from(n.cast_signed());
    let (none, all) = (0 as libc::c_ulong, libc::c_long::from(KCMP_FILES));
    // SAFETY: kcmp(2) takes five numbers, and touches no memory of this process.
    pid.0 == tid.0
        || unsafe { libc::syscall(libc::SYS_kcmp, raw(pid.0), raw(tid.0), all, none, none) } == 0
}

/// Looks at descriptors of tasks. The process that was looked at last is kept open: opening
/// it takes longer than all the rest of a look.
#[derive(Debug, Default)]
pub struct Looker {
    last: Option<(Pid, OwnedFd)>,
}

impl Looker {
    /// What is behind a descriptor of a task, and which call was refused if the usual
    /// way was not open. To be asked while the task is stopped.
    #[must_use]
    pub fn behind(&mut self, pid: Pid, tid: Tid, descriptor: i32) -> (Behind, Option<Refusal>) {
        let get = |task: &OwnedFd| pidfd_getfd(task, descriptor, PidfdGetfdFlags::empty());
        let refused = |call, errno| {
            let refusal = refusal(call, errno);
            (by_inode(pid, tid, descriptor), Some(refusal))
        };
        let shares = shares_descriptors(pid, tid);
        if let Some((_, process)) = self.last.as_ref().filter(|last| shares && last.0 == pid) {
            match get(process) {
                Ok(fd) => return (of_duplicate(fd), None),
                Err(Errno::BADF) => return (Behind::Other, None),
                // Its number is another process's now. Or it is told below what is wrong.
                Err(_) => self.last = None,
            }
        }
        let first = if shares { Tid(pid.0) } else { tid };
        let task = match open(pid, first) {
            Ok(task) => task,
            Err(Errno::SRCH) => return (Behind::Other, None),
            Err(errno) => return refused(OPEN, errno),
        };
        let fd = match get(&task) {
            Ok(fd) => fd,
            // It was closed meanwhile, or its process is gone.
            Err(Errno::BADF | Errno::SRCH) => return (Behind::Other, None),
            Err(errno) => return refused(GETFD, errno),
        };
        if shares {
            self.last = Some((pid, task));
        }
        (of_duplicate(fd), None)
    }
}

/// Whether a descriptor of a task is a Unix socket, with whose messages descriptors may
/// go; `true` too where that cannot be asked.
#[must_use]
pub fn may_pass_descriptors(pid: Pid, tid: Tid, descriptor: i32) -> bool {
    let Ok(task) = open(pid, tid) else {
        return true;
    };
    match pidfd_getfd(&task, descriptor, PidfdGetfdFlags::empty()) {
        Ok(fd) => sockopt::socket_domain(&fd) == Ok(AddressFamily::UNIX),
        Err(errno) => errno != Errno::BADF,
    }
}

fn of_duplicate(fd: OwnedFd) -> Behind {
    // Anything that is not a socket of the internet family has no protocol.
    match sockopt::socket_protocol(&fd) {
        Ok(Some(protocol)) if [ipproto::TCP, ipproto::MPTCP].contains(&protocol) => {
            Behind::Tcp(RemoteSocket::Duplicate(fd))
        }
        _ => Behind::Other,
    }
}

/// The same without the calls of pidfds: what proc(5) has a link to. Its name is
/// `socket:[INODE]`, and the file system of sockets tells its protocol
/// (`system.sockprotoname`, as lsof(8) reads it).
fn by_inode(pid: Pid, tid: Tid, descriptor: i32) -> Behind {
    let path = Proc::of_thread(pid, tid).path(&format!("fd/{descriptor}"));
    let link = match readlink(&path, Vec::new()) {
        Ok(link) => link,
        Err(Errno::NOENT | Errno::SRCH) => return Behind::Other,
        Err(_) => return Behind::Hidden,
    };
    let inode = link.to_str().ok().and_then(|link| {
        let number = link.strip_prefix("socket:[")?.strip_suffix(']')?;
        number.parse().ok()
    });
    let Some(inode) = inode else {
        return Behind::Other;
    };
    let mut name = [0u8; 32];
    match getxattr(&path, c"system.sockprotoname", &mut name[..]) {
        Ok(n) if is_tcp(name.get(..n).unwrap_or_default()) => {
            Behind::Tcp(RemoteSocket::Inode { pid, inode })
        }
        Ok(_) => Behind::Other,
        // Without it the table of TCP's sockets tells, of those that are in it.
        Err(_) if in_table(pid, inode).is_some() => Behind::Tcp(RemoteSocket::Inode { pid, inode }),
        Err(_) => Behind::Hidden,
    }
}

/// A protocol's name in the kernel, with the 0 behind it: `TCP`, `TCPv6`, `MPTCP`.
fn is_tcp(name: &[u8]) -> bool {
    let name = name.strip_suffix(b"\0").unwrap_or(name);
    [&b"TCP"[..], b"TCPv6", b"MPTCP", b"MPTCPv6"].contains(&name)
}

/// What the table of TCP's sockets says of one, by its inode. There may be tens of
/// thousands: this is for where there is no other way.
fn in_table(pid: Pid, inode: u64) -> Option<TcpSocket> {
    let mut all = NetNamespace::of(pid).tcp_sockets();
    all.find(|s| inode != 0 && s.inode == inode)
}

/// Tells whether it is refused of this process as well, whom it may always look at.
fn refusal(call: &'static str, errno: Errno) -> Refusal {
    let own = pidfd_open(getpid(), PidfdFlags::empty());
    let here = match (call, &own) {
        (OPEN, own) => own.as_ref().err().copied(),
        (GETFD, Ok(own)) => pidfd_getfd(own, 0, PidfdGetfdFlags::empty()).err(),
        _ => None,
    };
    Refusal {
        call,
        errno: errno.raw_os_error(),
        of_all: here == Some(errno),
    }
}

/// Above every cookie: what is known by its inode has numbers of its own.
const BY_INODE: u64 = 1 << 63;

impl RemoteSocket {
    /// Which socket it is.
    pub fn id(&self) -> Option<SocketId> {
        match self {
            Self::Duplicate(fd) => sockopt::socket_cookie(fd).ok().map(SocketId),
            Self::Inode { inode, .. } => Some(SocketId(BY_INODE | inode)),
        }
    }

    /// Its own end.
    pub fn local(&self) -> Option<Endpoint> {
        match self {
            Self::Duplicate(fd) => {
                let address = getsockname(fd).ok()?;
                SocketAddr::try_from(address).ok().map(Endpoint::from)
            }
            Self::Inode { pid, inode } => in_table(*pid, *inode).map(|s| s.local.into()),
        }
    }

    /// Whether its connection is still being made.
    pub fn is_connecting(&self) -> bool {
        match self {
            Self::Duplicate(fd) => state(fd.as_fd()) == Some(TcpState::SYN_SENT),
            Self::Inode { pid, inode } => {
                in_table(*pid, *inode).is_some_and(|s| s.state == TcpState::SYN_SENT)
            }
        }
    }

    /// Whether there is something to receive, the end of the stream aside. `false` too
    /// where that cannot be asked.
    pub fn has_data(&self) -> bool {
        match self {
            Self::Duplicate(fd) => ioctl_fionread(fd).is_ok_and(|bytes| bytes > 0),
            Self::Inode { .. } => false,
        }
    }

    /// Whether something can be sent on it at once. `false` too where that cannot be
    /// asked.
    pub fn takes_data(&self) -> bool {
        let Self::Duplicate(fd) = self else {
            return false;
        };
        // In every other state it is not connected, or was shut down for sending.
        let open = [Some(TcpState::ESTABLISHED), Some(TcpState::CLOSE_WAIT)];
        if !open.contains(&state(fd.as_fd())) {
            return false;
        }
        let mut asked = [PollFd::new(fd, PollFlags::OUT)];
        let now = Timespec::default();
        poll(&mut asked, Some(&now)).is_ok() && asked[0].revents() == PollFlags::OUT
    }

    /// Whether something of what came has been received by now, and whether something was
    /// sent, by whomever; `None` where that cannot be asked. Linux 4.19.
    pub fn has_talked(&self) -> Option<(bool, bool)> {
        let Self::Duplicate(fd) = self else {
            return None;
        };
        // What a connection of Multipath TCP answers is of one of its subflows.
        if sockopt::socket_protocol(fd) != Ok(Some(ipproto::TCP)) {
            return None;
        }
        let info = info(fd.as_fd())?;
        let open = info.state == TcpState::ESTABLISHED;
        let unread = ioctl_fionread(fd).ok()?;
        // The peer's FIN counts as a byte that came, and is none that can be read.
        let fin = u64::from(!open);
        let received = info.received > unread + fin;
        let waits = open || info.state == TcpState::CLOSE_WAIT;
        let sent = info.sent > 0 || waits && unsent(fd.as_fd())? > 0;
        Some((received, sent))
    }

    /// Its peer's end, also of a duplicate whose connection was reset before anybody
    /// asked; `None` when it was never connected, or is known by its inode alone and not
    /// connected any more.
    pub fn peer(&self) -> Option<Endpoint> {
        match self {
            Self::Duplicate(fd) => peer_name(fd.as_fd()),
            Self::Inode { pid, inode } => {
                let peer = in_table(*pid, *inode)?.remote;
                (peer.port() != 0).then(|| peer.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    #[test]
    fn a_socket_is_the_same_behind_every_descriptor_of_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let copy = stream.try_clone().unwrap();
        let mut looker = Looker::default();
        let mut me = |fd: i32| match looker.behind(this(), crate::sys::process::tid(), fd) {
            (Behind::Tcp(socket), None) => Some(socket),
            (Behind::Other, None) => None,
            other => panic!("{other:?}"),
        };
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

    fn this() -> Pid {
        Pid(std::process::id())
    }

    /// Also where that is not the process's, and where the one that was looked at last has
    /// ended.
    #[test]
    fn each_thread_is_looked_at_by_its_own_descriptors() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fd = listener.as_raw_fd();
        let mut looker = Looker::default();
        let mut is_there = |pid, tid| matches!(looker.behind(pid, tid, fd).0, Behind::Tcp(_));
        let tid = crate::sys::process::tid();
        assert!(shares_descriptors(this(), tid));
        assert!(is_there(this(), tid) && is_there(this(), Tid(this().0)));
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || {
            // SAFETY: from now on descriptors of this thread are its own.
            assert_eq!(unsafe { libc::unshare(libc::CLONE_FILES) }, 0);
            // SAFETY: nobody uses this one here.
            assert_eq!(unsafe { libc::close(fd) }, 0);
            tell.send(crate::sys::process::tid()).unwrap();
            let _ = ended.recv();
        });
        let own = told.recv().unwrap();
        assert!(!shares_descriptors(this(), own));
        assert!(!is_there(this(), own) && is_there(this(), tid));
        drop(end);
        other.join().unwrap();
        assert!(!is_there(Pid(u32::MAX >> 1), Tid(u32::MAX >> 1)));
        assert!(is_there(this(), tid));
    }

    /// As accept(2) gives it to a server that comes late, and does not ask whose it is.
    #[test]
    fn the_peer_is_known_after_its_reset() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(host) else {
                continue;
            };
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let peer: Endpoint = stream.local_addr().unwrap().into();
            rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
            drop(stream);
            let accepted = listener.accept().unwrap().0;
            assert!(accepted.peer_addr().is_err(), "the reset has come");
            let socket = RemoteSocket::Duplicate(accepted.into());
            assert_eq!(socket.peer(), Some(peer));
            assert_eq!(RemoteSocket::Duplicate(listener.into()).peer(), None);
        }
    }

    /// What is asked before a call is what the call would answer.
    #[test]
    fn what_a_socket_would_give_and_take_is_asked() {
        use std::io::{Read, Write};
        use std::net::Shutdown;
        let look = |s: &TcpStream| RemoteSocket::Duplicate(s.try_clone().unwrap().into());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut two = listener.accept().unwrap().0;
        assert!(!look(&two).has_data() && look(&two).takes_data());
        one.write_all(b"TIME").unwrap();
        two.peek(&mut [0; 4]).unwrap();
        assert!(look(&two).has_data());
        two.read_exact(&mut [0; 4]).unwrap();
        assert!(!look(&two).has_data());
        one.shutdown(Shutdown::Write).unwrap();
        assert_eq!(two.peek(&mut [0]).unwrap(), 0);
        assert!(!look(&two).has_data(), "the end is no data");
        assert!(!look(&one).takes_data() && look(&two).takes_data());
        two.set_nonblocking(true).unwrap();
        while two.write(&vec![0; 65_536]).is_ok() {}
        assert!(!look(&two).takes_data(), "it is full");
        drop((one, listener));
        assert!(!look(&two).takes_data(), "the peer is gone");
    }

    /// Without reading or writing it.
    #[test]
    fn whether_a_socket_has_talked_is_asked() {
        use std::io::{Read, Write};
        let look = |s: &TcpStream| {
            let copy = RemoteSocket::Duplicate(s.try_clone().unwrap().into());
            copy.has_talked().unwrap()
        };
        let until = |s: &TcpStream, wanted| {
            while look(s) != wanted {
                std::thread::yield_now();
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut two = listener.accept().unwrap().0;
        assert_eq!((look(&one), look(&two)), ((false, false), (false, false)));
        one.write_all(b"TIME").unwrap();
        until(&one, (false, true));
        two.peek(&mut [0; 4]).unwrap();
        assert_eq!(look(&two), (false, false), "it is there, and nobody has it");
        two.read_exact(&mut [0]).unwrap();
        assert_eq!(look(&two), (true, false));
        drop(one);
        // The end of the stream is none of it either.
        two.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(look(&two), (true, false));
        let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut two = listener.accept().unwrap().0;
        drop(one);
        assert_eq!(two.read(&mut [0]).unwrap(), 0);
        assert_eq!(look(&two), (false, false), "nothing but its end came");
        two.write_all(b"x").unwrap();
        assert!(look(&two).1);
    }

    #[test]
    fn a_socket_is_known_by_its_inode_too() {
        let tid = crate::sys::process::tid();
        let me = |fd: i32| match by_inode(this(), tid, fd) {
            Behind::Tcp(socket) => Some(socket),
            Behind::Other => None,
            Behind::Hidden => panic!("it is ours"),
        };
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).unwrap();
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let copy = stream.try_clone().unwrap();
            let one = me(stream.as_raw_fd()).unwrap();
            assert_eq!(one.id(), me(copy.as_raw_fd()).unwrap().id());
            assert_ne!(one.id(), me(listener.as_raw_fd()).unwrap().id());
            assert!(one.id().unwrap().0 >= BY_INODE);
            assert_eq!(one.local(), Some(stream.local_addr().unwrap().into()));
            assert_eq!(one.peer(), Some(stream.peer_addr().unwrap().into()));
            let listener = me(listener.as_raw_fd()).unwrap();
            assert_eq!(listener.peer(), None, "it has none");
        }
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.connect("127.0.0.1:9").unwrap();
        assert!(me(udp.as_raw_fd()).is_none());
        let pair = std::os::unix::net::UnixStream::pair().unwrap();
        assert!(me(pair.0.as_raw_fd()).is_none());
        assert!(me(1_000_000).is_none(), "there is no such descriptor");
        let nobody = by_inode(Pid(u32::MAX), Tid(u32::MAX), 0);
        assert!(matches!(nobody, Behind::Other));
    }

    #[test]
    fn a_refusal_that_this_process_does_not_meet_is_of_the_program() {
        let refused = refusal(GETFD, Errno::PERM);
        let expected = Refusal {
            call: "pidfd_getfd",
            errno: libc::EPERM,
            of_all: false,
        };
        assert_eq!(refused, expected);
    }

    #[test]
    fn protocols_are_told_by_name() {
        for name in [&b"TCP\0"[..], b"TCPv6\0", b"MPTCP", b"MPTCPv6\0"] {
            assert!(is_tcp(name));
        }
        for name in [&b"UDP\0"[..], b"UNIX-STREAM\0", b"SMC-TCP\0", b""] {
            assert!(!is_tcp(name));
        }
    }
}
