//! The seccomp filter: a few instructions of classic BPF that stop a traced
//! program at the calls of interest and let every other one pass untouched
//! (seccomp(2)).
//!
//! Written by hand, because the libraries for it kill a process that makes
//! calls in another convention (32-bit on a 64-bit machine): a program must
//! run here as it runs alone.

use std::io;

use libc::{c_long, sock_filter, sock_fprog};

use super::arch;

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const CONVENTION: u32 = 4;

const LOAD_WORD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP_IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

/// A filter, ready to be installed after fork(2), where nothing may allocate.
#[derive(Debug)]
pub struct Filter {
    program: Vec<sock_filter>,
}

impl Filter {
    /// A filter that stops at these calls.
    pub fn stopping_at(calls: impl ExactSizeIterator<Item = c_long>) -> Self {
        let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
        let count = u8::try_from(calls.len()).unwrap_or(u8::MAX);
        // Behind the comparisons stand two returns: allow, then stop.
        let mut program = vec![
            step(LOAD_WORD, 0, 0, CONVENTION),
            step(JUMP_IF_EQUAL, 0, count + 1, arch::AUDIT_ARCH),
            step(LOAD_WORD, 0, 0, NUMBER),
        ];
        for (at, number) in (0u8..).zip(calls) {
            let to_stop = count - at;
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            program.push(step(JUMP_IF_EQUAL, to_stop, 0, number));
        }
        program.push(step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
        program.push(step(RETURN, 0, 0, libc::SECCOMP_RET_TRACE));
        Self { program }
    }

    /// Installs it in the calling thread. Async-signal-safe.
    ///
    /// # Errors
    /// When the kernel has no seccomp or does not allow it.
    pub fn install(&self) -> io::Result<()> {
        let program = sock_fprog {
            len: u16::try_from(self.program.len()).unwrap_or(u16::MAX),
            filter: self.program.as_ptr().cast_mut(),
        };
        // Without the flag, kernels before 5.16 make the program slower than
        // it is alone: they switch off speculation (seccomp(2)).
        let flags = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
        // SAFETY: the program outlives the call, and the kernel copies it.
        let done = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                flags,
                &raw const program,
            )
        };
        if done == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would answer to a call, by the rules of bpf(4).
    fn answer(filter: &Filter, convention: u32, number: u32) -> u32 {
        let mut at = 0;
        let mut word = 0;
        loop {
            let step = &filter.program[at];
            at += 1;
            match step.code {
                LOAD_WORD if step.k == CONVENTION => word = convention,
                LOAD_WORD => word = number,
                JUMP_IF_EQUAL if word == step.k => at += usize::from(step.jt),
                JUMP_IF_EQUAL => at += usize::from(step.jf),
                _ => return step.k,
            }
        }
    }

    #[test]
    fn it_stops_at_its_calls_and_at_no_other() {
        let calls: [c_long; 3] = [libc::SYS_connect, libc::SYS_accept, libc::SYS_accept4];
        let filter = Filter::stopping_at(calls.iter().copied());
        for number in 0..600u32 {
            let wanted = calls.contains(&c_long::from(number));
            let got = answer(&filter, arch::AUDIT_ARCH, number);
            assert_eq!(got != libc::SECCOMP_RET_ALLOW, wanted, "{number}");
            let foreign = answer(&filter, 0x4000_0003, number);
            assert_eq!(foreign, libc::SECCOMP_RET_ALLOW);
        }
    }
}
