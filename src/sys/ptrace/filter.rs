//! The seccomp filter: some instructions of classic BPF that stop a traced
//! program at the calls of interest and let every other one pass untouched
//! (seccomp(2)).
//!
//! Written by hand, because the libraries for it kill a process that makes
//! calls in another convention (32-bit on a 64-bit machine): a program must
//! run here as it runs alone.

use std::io;

use libc::{sock_filter, sock_fprog};

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const CONVENTION: u32 = 4;
/// Of the first argument. Each has eight bytes, of which the lower four come
/// first, on the processors that are known here.
const ARGUMENTS: u32 = 16;

const LOAD_WORD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
const JUMP_IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_IF_ANY_BIT: u16 = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

/// The size of `struct sock_fprog` of 64-bit programs: a count and a pointer.
#[cfg(target_arch = "x86_64")]
const HEAD: usize = 16;

/// A condition on the lower 32 bits of an argument of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// The argument with this number, from 0, has this value.
    Equals(u8, u32),
    /// The argument with this number, from 0, has one of these bits set.
    HasAnyOf(u8, u32),
}

impl Test {
    /// Whether it holds for these arguments.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the lower 32 bits are meant"
    )]
    pub fn holds(self, arguments: &[u64; 6]) -> bool {
        let word = |argument: u8| {
            arguments
                .get(usize::from(argument))
                .map_or(0, |a| *a as u32)
        };
        match self {
            Self::Equals(argument, value) => word(argument) == value,
            Self::HasAnyOf(argument, bits) => word(argument) & bits != 0,
        }
    }
}

/// A call to stop at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// In which convention (a number of `linux/audit.h`).
    pub convention: u32,
    /// Its number there.
    pub number: u32,
    /// Stops only where all of these hold.
    pub tests: Vec<Test>,
}

/// A filter, ready to be installed after fork(2), where nothing may allocate.
#[derive(Debug)]
pub struct Filter {
    program: Vec<sock_filter>,
}

const fn step(code: u16, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// How far a jump goes over these instructions: every part of the filter is short.
fn over(steps: usize) -> u8 {
    u8::try_from(steps).unwrap_or(u8::MAX)
}

impl Filter {
    /// A filter that stops at these calls.
    #[must_use]
    pub fn stopping_at(stops: &[Stop]) -> Self {
        let mut conventions: Vec<u32> = stops.iter().map(|s| s.convention).collect();
        conventions.sort_unstable();
        conventions.dedup();
        let mut program = vec![step(LOAD_WORD, 0, 0, CONVENTION)];
        for convention in conventions {
            let mut part = vec![step(LOAD_WORD, 0, 0, NUMBER)];
            for stop in stops.iter().filter(|s| s.convention == convention) {
                part.extend(part_of(stop));
            }
            part.push(step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
            // A jump on a condition goes 255 instructions at most.
            program.push(step(JUMP_IF_EQUAL, 1, 0, convention));
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            program.push(step(JUMP, 0, 0, length));
            program.extend(part);
        }
        program.push(step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
        Self { program }
    }

    /// What seccomp(2) is given when a task is made to install it that has its copy at
    /// this address: `struct sock_fprog`, and the instructions behind it.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn as_laid_at(&self, address: u64) -> Vec<u8> {
        let count = u16::try_from(self.program.len()).unwrap_or(u16::MAX);
        let mut bytes = vec![0; HEAD];
        bytes[..2].copy_from_slice(&count.to_ne_bytes());
        bytes[8..].copy_from_slice(&(address + HEAD as u64).to_ne_bytes());
        for step in &self.program {
            bytes.extend(step.code.to_ne_bytes());
            bytes.extend([step.jt, step.jf]);
            bytes.extend(step.k.to_ne_bytes());
        }
        bytes
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

/// Stops at one call, and goes on with the next instruction where it is another
/// one, or where a test does not hold.
fn part_of(stop: &Stop) -> Vec<sock_filter> {
    let mut tests = Vec::new();
    for (at, test) in stop.tests.iter().enumerate() {
        // Over the tests that follow, and the return.
        let away = over((stop.tests.len() - at - 1) * 2 + 1);
        let (argument, code, k) = match *test {
            Test::Equals(argument, value) => (argument, JUMP_IF_EQUAL, value),
            Test::HasAnyOf(argument, bits) => (argument, JUMP_IF_ANY_BIT, bits),
        };
        tests.push(step(LOAD_WORD, 0, 0, ARGUMENTS + 8 * u32::from(argument)));
        tests.push(step(code, 0, away, k));
    }
    let tested = !tests.is_empty();
    let mut part = tests;
    part.push(step(RETURN, 0, 0, libc::SECCOMP_RET_TRACE));
    if tested {
        // What follows compares the number again.
        part.push(step(LOAD_WORD, 0, 0, NUMBER));
    }
    part.insert(0, step(JUMP_IF_EQUAL, 0, over(part.len()), stop.number));
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::ptrace::arch::CONVENTIONS;

    /// What the kernel would answer to a call, by the rules of bpf(4).
    fn answer(filter: &Filter, convention: u32, number: u32, arguments: &[u64; 6]) -> u32 {
        let low = |argument: u32| {
            let argument = arguments[usize::try_from(argument).unwrap()];
            u32::try_from(argument & u64::from(u32::MAX)).unwrap()
        };
        let mut at = 0;
        let mut word = 0;
        loop {
            let step = &filter.program[at];
            at += 1;
            let holds = match step.code {
                LOAD_WORD => {
                    word = match step.k {
                        NUMBER => number,
                        CONVENTION => convention,
                        at => low((at - ARGUMENTS) / 8),
                    };
                    continue;
                }
                JUMP => {
                    at += usize::try_from(step.k).unwrap();
                    continue;
                }
                JUMP_IF_EQUAL => word == step.k,
                JUMP_IF_ANY_BIT => word & step.k != 0,
                _ => return step.k,
            };
            at += usize::from(if holds { step.jt } else { step.jf });
        }
    }

    fn stop(convention: u32, number: u32, tests: &[Test]) -> Stop {
        Stop {
            convention,
            number,
            tests: tests.to_vec(),
        }
    }

    #[test]
    fn it_stops_at_its_calls_and_at_no_other() {
        let calls = [(7, 42), (7, 43), (7, 0x4000_002a), (9, 102), (9, 42)];
        let stops: Vec<Stop> = calls.iter().map(|&(c, n)| stop(c, n, &[])).collect();
        let filter = Filter::stopping_at(&stops);
        let numbers = (0..600u32).chain(0x4000_0000..0x4000_0258);
        for number in numbers {
            for convention in [7, 8, 9] {
                let got = answer(&filter, convention, number, &[0; 6]);
                let wanted = calls.contains(&(convention, number));
                assert_eq!(
                    got != libc::SECCOMP_RET_ALLOW,
                    wanted,
                    "{convention} {number}"
                );
            }
        }
    }

    #[test]
    fn it_stops_only_where_all_tests_of_a_call_hold() {
        let filter = Filter::stopping_at(&[
            stop(7, 44, &[Test::HasAnyOf(3, 0x2000_0000)]),
            stop(7, 157, &[Test::Equals(0, 22), Test::Equals(1, 1)]),
            stop(7, 157, &[Test::Equals(0, 23)]),
            stop(7, 42, &[]),
        ]);
        let stops = |number, arguments: [u64; 6]| {
            let got = answer(&filter, 7, number, &arguments);
            got != libc::SECCOMP_RET_ALLOW
        };
        assert!(stops(44, [0, 0, 0, 0x2000_4000, 0, 0]));
        assert!(!stops(44, [0x2000_0000, 0, 0, 0x4000, 0, 0]));
        assert!(stops(157, [22, 1, 0, 0, 0, 0]));
        assert!(!stops(157, [22, 2, 0, 0, 0, 0]));
        assert!(!stops(157, [21, 1, 0, 0, 0, 0]));
        assert!(stops(157, [23, 9, 0, 0, 0, 0]));
        assert!(stops(42, [0; 6]));
        assert!(!stops(43, [0; 6]));
    }

    /// The kernel's answer and the tracer's own look agree.
    #[test]
    fn a_test_says_the_same_outside_the_filter() {
        for test in [Test::Equals(2, 5), Test::HasAnyOf(2, 5)] {
            let filter = Filter::stopping_at(&[stop(7, 1, &[test])]);
            for word in [0, 1, 2, 4, 5, 7, 1 << 32, (1 << 32) + 5] {
                let arguments = [5, 5, word, 5, 5, 5];
                let stops = answer(&filter, 7, 1, &arguments) != libc::SECCOMP_RET_ALLOW;
                assert_eq!(test.holds(&arguments), stops, "{test:?} {word}");
            }
        }
    }

    /// A jump over a whole convention is never cut.
    #[test]
    fn a_long_list_is_no_matter() {
        let all: Vec<Stop> = (0..400)
            .map(|n| stop(7, n, &[Test::Equals(0, 1)]))
            .collect();
        let filter = Filter::stopping_at(&all);
        for number in 0..400 {
            let got = answer(&filter, 7, number, &[1, 0, 0, 0, 0, 0]);
            assert_eq!(got, libc::SECCOMP_RET_TRACE);
            let got = answer(&filter, 8, number, &[1, 0, 0, 0, 0, 0]);
            assert_eq!(got, libc::SECCOMP_RET_ALLOW);
        }
    }

    /// As the kernel's own structures lie in memory.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn it_lies_in_memory_as_the_kernel_reads_it() {
        let filter = Filter::stopping_at(&[stop(7, 42, &[Test::Equals(1, 9)])]);
        let bytes = filter.as_laid_at(0x7000);
        assert_eq!(size_of::<sock_fprog>(), HEAD);
        assert_eq!(
            bytes.len(),
            HEAD + size_of::<sock_filter>() * filter.program.len()
        );
        assert_eq!(
            bytes[..2],
            u16::to_ne_bytes(filter.program.len().try_into().unwrap())
        );
        assert_eq!(bytes[8..16], u64::to_ne_bytes(0x7010));
        for (step, bytes) in filter.program.iter().zip(bytes[16..].chunks_exact(8)) {
            assert_eq!(bytes[..2], step.code.to_ne_bytes());
            assert_eq!(bytes[2..4], [step.jt, step.jf]);
            assert_eq!(bytes[4..], step.k.to_ne_bytes());
        }
    }

    /// Two calls of one convention never share a number.
    #[test]
    fn numbers_are_told_apart() {
        let mut all: Vec<(u32, u32)> = CONVENTIONS
            .iter()
            .flat_map(|c| c.calls.iter().map(|call| (c.audit, call.1)))
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
