//! A seccomp filter that refuses the calls that make a socket or execute a program
//! (seccomp(2)). To a refused call the kernel says EACCES.
//!
//! Landlock refuses TCP and files to execute; it knows no UDP before its tenth version,
//! and a program in memory (`memfd_create(2)`) is no file of a folder.

use std::io;
use std::mem::offset_of;

use libc::{c_long, seccomp_data, sock_filter, sock_fprog};
use rustix::thread::set_no_new_privs;

/// Calls that make, connect or bind a socket, execute a program, act in another process,
/// or make any call without being seen here (`io_uring`).
const REFUSED: [c_long; 11] = [
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_io_uring_setup,
    libc::SYS_bpf,
];

/// The convention in which this program makes its calls (`linux/audit.h`).
#[cfg(target_arch = "x86_64")]
const OWN: Option<u32> = Some(0xc000_003e);
#[cfg(target_arch = "aarch64")]
const OWN: Option<u32> = Some(0xc000_00b7);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const OWN: Option<u32> = None;

/// From here on they are the calls of x32, which have other numbers (`asm/unistd.h`).
const X32: u32 = 0x4000_0000;

const LOAD_WORD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP_IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_IF_AT_LEAST: u16 = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

const fn step(code: u16, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// Refuses them to the calling thread and to all that it creates from now on, for good.
///
/// # Errors
/// When the kernel has no seccomp, or this processor's calls are not known here.
pub(super) fn refuse() -> io::Result<()> {
    let Some(own) = OWN else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    // Without it a filter needs a privilege (seccomp(2)).
    set_no_new_privs(true)?;
    let program = program(own);
    let program = sock_fprog {
        len: u16::try_from(program.len()).unwrap_or(u16::MAX),
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the program outlives the call, and the kernel copies it.
    let done = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            // Without it kernels before 5.16 make the program slower (seccomp(2)).
            libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW,
            &raw const program,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// A call in another convention is refused whatever it is: this program makes none.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]
fn program(own: u32) -> Vec<sock_filter> {
    let load = |field: usize| step(LOAD_WORD, 0, 0, field as u32);
    // To the end of what follows, where the refusal stands.
    let to_refusal = |left: usize| left as u8;
    let calls = REFUSED.len();
    let mut program = vec![
        load(offset_of!(seccomp_data, arch)),
        step(JUMP_IF_EQUAL, 0, to_refusal(calls + 3), own),
        load(offset_of!(seccomp_data, nr)),
        step(JUMP_IF_AT_LEAST, to_refusal(calls + 1), 0, X32),
    ];
    for (at, call) in REFUSED.iter().enumerate() {
        program.push(step(JUMP_IF_EQUAL, to_refusal(calls - at), 0, *call as u32));
    }
    program.push(step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
    program.push(step(
        RETURN,
        0,
        0,
        libc::SECCOMP_RET_ERRNO | libc::EACCES as u32,
    ));
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a filter answers, played by hand.
    fn answer(program: &[sock_filter], arch: u32, number: u32) -> u32 {
        let (mut at, mut word) = (0, 0);
        loop {
            let step = program[at];
            at += 1;
            let jump = |holds| usize::from(if holds { step.jt } else { step.jf });
            match step.code {
                LOAD_WORD if step.k == 0 => word = number,
                LOAD_WORD => word = arch,
                JUMP_IF_EQUAL => at += jump(word == step.k),
                JUMP_IF_AT_LEAST => at += jump(word >= step.k),
                _ => return step.k,
            }
        }
    }

    #[test]
    fn these_calls_are_refused_and_no_others() {
        let own = 0xc000_003e;
        let program = program(own);
        let refused = libc::SECCOMP_RET_ERRNO | libc::EACCES.cast_unsigned();
        let known: Vec<u32> = REFUSED.iter().map(|c| u32::try_from(*c).unwrap()).collect();
        for number in 0..1000 {
            let expected = if known.contains(&number) {
                refused
            } else {
                libc::SECCOMP_RET_ALLOW
            };
            assert_eq!(answer(&program, own, number), expected, "{number}");
            // In the conventions of i386 and of x32.
            assert_eq!(answer(&program, 0x4000_0003, number), refused);
            assert_eq!(answer(&program, own, X32 | number), refused);
        }
    }
}
