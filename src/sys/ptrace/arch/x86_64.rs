//! x86-64: in which conventions programs make their calls (`linux/audit.h`), and
//! how a call that was interrupted begins anew.

use std::mem::offset_of;

use libc::{c_long, user_regs_struct};

use super::calls::{Convention, NATIVE, Name};
use crate::sys::ptrace::tracee::{Gone, Stopped};

/// `AUDIT_ARCH_X86_64`: `EM_X86_64`, 64 bits, little-endian.
const X86_64: u32 = 0xc000_003e;
/// `AUDIT_ARCH_I386`: `EM_386`, little-endian.
const I386: u32 = 0x4000_0003;
/// `__X32_SYSCALL_BIT`: programs with 64-bit registers and 32-bit pointers.
const X32: u32 = 0x4000_0000;

/// The conventions of this processor whose calls are known. A process may make
/// calls in several of them.
pub const CONVENTIONS: &[Convention] = &[
    Convention {
        audit: X86_64,
        pointer: 8,
        calls: NATIVE,
    },
    Convention {
        audit: X86_64,
        pointer: 4,
        calls: X32_CALLS,
    },
    Convention {
        audit: I386,
        pointer: 4,
        calls: I386_CALLS,
    },
];

/// `arch/x86/entry/syscalls/syscall_32.tbl` of Linux.
const I386_CALLS: &[(Name, u32)] = &[
    (Name::Accept4, 364),
    (Name::Clone, 120),
    (Name::Close, 6),
    (Name::Connect, 362),
    (Name::ExitGroup, 252),
    (Name::GetSockOpt, 365),
    (Name::IoUringSetup, 425),
    (Name::Listen, 363),
    (Name::PidfdGetFd, 438),
    (Name::Prctl, 172),
    (Name::Ptrace, 26),
    (Name::Read, 3),
    (Name::ReadV, 145),
    (Name::RecvFrom, 371),
    (Name::RecvMsg, 372),
    (Name::RecvMMsg, 337),
    (Name::RecvMMsg, 417),
    (Name::Seccomp, 354),
    (Name::SendFile, 187),
    (Name::SendFile, 239),
    (Name::SendMsg, 370),
    (Name::SendMMsg, 345),
    (Name::SendTo, 369),
    (Name::SocketCall, 102),
    (Name::Write, 4),
    (Name::WriteV, 146),
];

/// `arch/x86/entry/syscalls/syscall_64.tbl` of Linux: those that are not
/// "64" there, with the bit set.
const X32_CALLS: &[(Name, u32)] = &[
    (Name::Accept, X32 + 43),
    (Name::Accept4, X32 + 288),
    (Name::Clone, X32 + 56),
    (Name::Close, X32 + 3),
    (Name::Connect, X32 + 42),
    (Name::ExitGroup, X32 + 231),
    (Name::GetSockOpt, X32 + 542),
    (Name::IoUringSetup, X32 + 425),
    (Name::Listen, X32 + 50),
    (Name::PidfdGetFd, X32 + 438),
    (Name::Prctl, X32 + 157),
    (Name::Ptrace, X32 + 521),
    (Name::Read, X32),
    (Name::ReadV, X32 + 515),
    (Name::RecvFrom, X32 + 517),
    (Name::RecvMsg, X32 + 519),
    (Name::RecvMMsg, X32 + 537),
    (Name::Seccomp, X32 + 317),
    (Name::SendFile, X32 + 40),
    (Name::SendMsg, X32 + 518),
    (Name::SendMMsg, X32 + 538),
    (Name::SendTo, X32 + 44),
    (Name::Write, X32 + 1),
    (Name::WriteV, X32 + 516),
];

/// The calls that wait and that the kernel does not restart by itself when the
/// task was stopped, but ends with EINTR (signal(7), "Interruption of system calls
/// and library functions by stop signals"). None of them has done anything then.
/// Calls of 32-bit programs are not among them.
const NOT_RESTARTED: [c_long; 24] = [
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_epoll_wait,
    libc::SYS_futex,
    libc::SYS_io_getevents,
    333, // io_pgetevents
    libc::SYS_io_uring_enter,
    libc::SYS_msgrcv,
    libc::SYS_msgsnd,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmmsg,
    libc::SYS_recvmsg,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_write,
    libc::SYS_writev,
];

/// The size of the instruction that makes a call (`syscall`), in bytes.
const INSTRUCTION: c_long = 2;

/// Makes a task's call that has just ended with EINTR begin anew when the task goes
/// on, as the kernel does with most calls: its number goes back to where the result
/// stands, and the instruction is executed once more. Whether it `may` is asked last.
pub fn interrupted_call_begins_anew(task: &Stopped, may: impl FnOnce() -> bool) {
    // One that is gone waits for nothing any more.
    let _ = begin_anew(task, may);
}

fn begin_anew(task: &Stopped, may: impl FnOnce() -> bool) -> Result<(), Gone> {
    const RESULT: usize = offset_of!(user_regs_struct, rax);
    const NUMBER: usize = offset_of!(user_regs_struct, orig_rax);
    const AT: usize = offset_of!(user_regs_struct, rip);
    if task.register(RESULT)? != -c_long::from(libc::EINTR) {
        return Ok(());
    }
    // Negative where it is in no call.
    let number = task.register(NUMBER)?;
    if !NOT_RESTARTED.contains(&number) || !may() {
        return Ok(());
    }
    let at = task.register(AT)?;
    task.set_register(RESULT, number)?;
    task.set_register(AT, at.wrapping_sub(INSTRUCTION))
}
