//! The system calls that a tracer stops at, and what each of them does.

use libc::c_long;

/// What a call does, as far as a tracer asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// connect(2).
    Connect,
    /// listen(2).
    Listen,
    /// accept(2), accept4(2).
    Accept,
    /// A call that receives from its first argument.
    Receive,
    /// A call that sends on its first argument.
    Send,
    /// `exit_group(2)`: the whole process ends.
    ExitGroup,
    /// ptrace(2) by the program itself.
    Ptrace,
}

/// What is asked about a program's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Its connections to this TCP port.
    Client {
        /// The server's port.
        port: u16,
    },
    /// The connections that it accepts, and who receives and sends first.
    Server {
        /// Whether to look at read(2) and write(2) too, which stops the
        /// program at every read and write of a file as well.
        read_write: bool,
    },
}

const ALWAYS: [(c_long, Kind); 2] = [
    (libc::SYS_exit_group, Kind::ExitGroup),
    (libc::SYS_ptrace, Kind::Ptrace),
];

const CLIENT: [(c_long, Kind); 1] = [(libc::SYS_connect, Kind::Connect)];

const SERVER: [(c_long, Kind); 9] = [
    (libc::SYS_listen, Kind::Listen),
    (libc::SYS_accept, Kind::Accept),
    (libc::SYS_accept4, Kind::Accept),
    (libc::SYS_recvfrom, Kind::Receive),
    (libc::SYS_recvmsg, Kind::Receive),
    (libc::SYS_recvmmsg, Kind::Receive),
    (libc::SYS_sendto, Kind::Send),
    (libc::SYS_sendmsg, Kind::Send),
    (libc::SYS_sendmmsg, Kind::Send),
];

const READ_WRITE: [(c_long, Kind); 5] = [
    (libc::SYS_read, Kind::Receive),
    (libc::SYS_readv, Kind::Receive),
    (libc::SYS_write, Kind::Send),
    (libc::SYS_writev, Kind::Send),
    (libc::SYS_sendfile, Kind::Send),
];

impl Interest {
    /// The calls to stop at.
    #[must_use]
    pub fn calls(self) -> Vec<(c_long, Kind)> {
        let mut calls = ALWAYS.to_vec();
        match self {
            Self::Client { .. } => calls.extend(CLIENT),
            Self::Server { read_write } => {
                calls.extend(SERVER);
                if read_write {
                    calls.extend(READ_WRITE);
                }
            }
        }
        calls
    }
}
