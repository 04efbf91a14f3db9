//! The system calls that a tracer asks for, and their numbers in the machine's own
//! convention.

use libc::c_long;

/// A system call that a tracer asks for, whatever its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// accept(2)
    Accept,
    /// accept4(2)
    Accept4,
    /// clone(2)
    Clone,
    /// close(2)
    Close,
    /// connect(2)
    Connect,
    /// `exit_group(2)`
    ExitGroup,
    /// getsockopt(2)
    GetSockOpt,
    /// `io_uring_setup(2)`
    IoUringSetup,
    /// listen(2)
    Listen,
    /// `pidfd_getfd(2)`
    PidfdGetFd,
    /// prctl(2)
    Prctl,
    /// ptrace(2)
    Ptrace,
    /// read(2)
    Read,
    /// readv(2)
    ReadV,
    /// recvfrom(2); recv(2) is the same
    RecvFrom,
    /// recvmsg(2)
    RecvMsg,
    /// recvmmsg(2)
    RecvMMsg,
    /// seccomp(2)
    Seccomp,
    /// sendfile(2)
    SendFile,
    /// sendmsg(2)
    SendMsg,
    /// sendmmsg(2)
    SendMMsg,
    /// sendto(2); send(2) is the same
    SendTo,
    /// socketcall(2): its first argument says which call it is, its second where
    /// in memory that call's arguments are
    SocketCall,
    /// write(2)
    Write,
    /// writev(2)
    WriteV,
}

/// A convention in which programs make system calls.
#[derive(Debug, PartialEq, Eq)]
pub struct Convention {
    /// Its number in `linux/audit.h`. Two conventions may have the same: their
    /// calls then differ by their numbers.
    pub audit: u32,
    /// The size of a pointer of its programs, in bytes.
    pub pointer: usize,
    /// The numbers of the calls. One call may have several.
    pub calls: &'static [(Name, u32)],
}

/// The numbers of the calls in the machine's own convention.
pub const NATIVE: &[(Name, u32)] = &[
    (Name::Accept, number(libc::SYS_accept)),
    (Name::Accept4, number(libc::SYS_accept4)),
    (Name::Clone, number(libc::SYS_clone)),
    (Name::Close, number(libc::SYS_close)),
    (Name::Connect, number(libc::SYS_connect)),
    (Name::ExitGroup, number(libc::SYS_exit_group)),
    (Name::GetSockOpt, number(libc::SYS_getsockopt)),
    (Name::IoUringSetup, number(libc::SYS_io_uring_setup)),
    (Name::Listen, number(libc::SYS_listen)),
    (Name::PidfdGetFd, number(libc::SYS_pidfd_getfd)),
    (Name::Prctl, number(libc::SYS_prctl)),
    (Name::Ptrace, number(libc::SYS_ptrace)),
    (Name::Read, number(libc::SYS_read)),
    (Name::ReadV, number(libc::SYS_readv)),
    (Name::RecvFrom, number(libc::SYS_recvfrom)),
    (Name::RecvMsg, number(libc::SYS_recvmsg)),
    (Name::RecvMMsg, number(libc::SYS_recvmmsg)),
    (Name::Seccomp, number(libc::SYS_seccomp)),
    (Name::SendFile, number(libc::SYS_sendfile)),
    (Name::SendMsg, number(libc::SYS_sendmsg)),
    (Name::SendMMsg, number(libc::SYS_sendmmsg)),
    (Name::SendTo, number(libc::SYS_sendto)),
    (Name::Write, number(libc::SYS_write)),
    (Name::WriteV, number(libc::SYS_writev)),
];

/// The calls of socketcall(2), by its first argument (`linux/net.h`).
pub const SOCKET_CALLS: &[(Name, u32)] = &[
    (Name::Connect, 3),
    (Name::Listen, 4),
    (Name::Accept, 5),
    (Name::SendTo, 9),
    (Name::RecvFrom, 10),
    (Name::SendTo, 11),
    (Name::RecvFrom, 12),
    (Name::GetSockOpt, 15),
    (Name::SendMsg, 16),
    (Name::RecvMsg, 17),
    (Name::Accept4, 18),
    (Name::RecvMMsg, 19),
    (Name::SendMMsg, 20),
];

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of system calls are small and positive"
)]
const fn number(of: c_long) -> u32 {
    of as u32
}
