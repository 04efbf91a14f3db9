//! A task that is made to make a call of its tracer's: one more filter is installed in a
//! program that runs.
//!
//! Only a task itself can install a filter (seccomp(2)). So its registers are set for that
//! call, it runs until the call's end, and gets back all that it had: registers, the memory
//! that the filter lay in, the signals that it blocks. No other task of its memory may run
//! meanwhile.

use super::filter::Filter;
use super::tracee::{Report, Stopped};

/// What became of it.
#[derive(Debug)]
pub enum Installed {
    /// It has the filter. A call that it stood at the beginning of begins anew.
    Done(Stopped),
    /// It is as it was: the system refused, or how it makes its calls is not known here.
    Refused(Stopped),
    /// This came in between: it was killed. `None`: it is gone, and its end is told next.
    Lost(Option<Report>),
}

/// How a task came to the call that created another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creates {
    /// A process with memory, files and life of its own.
    Apart,
    /// The same, but the creator waits for its exec or end (vfork(2)).
    Vfork,
    /// What shares files with it, as threads do; or it is not known.
    Sharing,
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use libc::user_regs_struct;

    use super::super::tracee::{self, Call, Gone, Stop, Until};
    use super::{Creates, Filter, Installed, Report, Stopped};

    /// The code segment of 64-bit programs (`__USER_CS`).
    const SEGMENT: u64 = 0x33;
    /// What is below the stack pointer and belongs to the program all the same (the
    /// "red zone" of the System V ABI), in bytes.
    const RED_ZONE: u64 = 128;
    const SYSCALL: [u8; 2] = [0x0f, 0x05];
    const SECCOMP: u64 = libc::SYS_seccomp.cast_unsigned();
    const NONE: u64 = u64::MAX;

    /// Makes a stopped task install a filter; `all`: in every thread of its process.
    pub fn install(task: Stopped, filter: &Filter, all: bool) -> Installed {
        let entry = matches!(task.call(), Ok((Call::Entry { .. }, _)));
        match prepare(&task, filter, entry, all) {
            Ok(Some(before)) => run(task, &before),
            Ok(None) => Installed::Refused(task),
            Err(Gone) => Installed::Lost(None),
        }
    }

    /// What the task had before.
    struct Before {
        registers: user_regs_struct,
        entry: bool,
        at: u64,
        memory: Vec<u8>,
        blocked: u64,
    }

    fn prepare(
        task: &Stopped,
        filter: &Filter,
        entry: bool,
        all: bool,
    ) -> Result<Option<Before>, Gone> {
        let registers = task.registers()?;
        let mut instruction = [0u8; 2];
        let behind = registers.rip.wrapping_sub(2);
        let read = task.memory(behind, &mut instruction).map_err(|_| Gone)?;
        if registers.cs != SEGMENT || read != 2 || instruction != SYSCALL {
            return Ok(None);
        }
        let length = filter.as_laid_at(0).len();
        let at = registers.rsp.wrapping_sub(RED_ZONE + length as u64) & !15;
        let mut memory = vec![0; length];
        if task.memory(at, &mut memory).map_err(|_| Gone)? != length {
            return Ok(None);
        }
        if task.put(at, &filter.as_laid_at(at)).is_err() {
            let _ = task.put(at, &memory);
            return Ok(None);
        }
        let blocked = task.block_signals(u64::MAX)?;
        let mut call = registers;
        if entry {
            // Made instead of the one that it stands at.
            call.orig_rax = SECCOMP;
        } else {
            call.rip = behind;
            call.rax = SECCOMP;
            call.orig_rax = NONE;
        }
        let flags = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW
            | if all {
                libc::SECCOMP_FILTER_FLAG_TSYNC
            } else {
                0
            };
        call.rdi = libc::SECCOMP_SET_MODE_FILTER.into();
        call.rsi = flags;
        call.rdx = at;
        task.set_registers(&call)?;
        Ok(Some(Before {
            registers,
            entry,
            at,
            memory,
            blocked,
        }))
    }

    /// Lets it make the call, and gives back what it had.
    fn run(task: Stopped, before: &Before) -> Installed {
        let tid = task.tid();
        let mut task = task;
        let mut signal = 0;
        let mut group = false;
        let result = loop {
            if task.resume(Until::Call, signal).is_err() {
                return Installed::Lost(None);
            }
            signal = 0;
            match tracee::wait_for_one(tid) {
                Ok(Report::Stopped(stopped, stop)) => {
                    task = stopped;
                    match stop {
                        Stop::Call => {
                            if let Ok((Call::Exit(result), _)) = task.call() {
                                break result;
                            }
                        }
                        Stop::Signal(number) => signal = number,
                        Stop::Group(_) => group = true,
                        Stop::Filtered | Stop::Interrupted => {}
                        other => return Installed::Lost(Some(Report::Stopped(task, other))),
                    }
                }
                Ok(ended) => return Installed::Lost(Some(ended)),
                Err(_) => return Installed::Lost(None),
            }
        };
        if give_back(&task, before).is_err() {
            return Installed::Lost(None);
        }
        if group {
            // It stops once more with its group.
            tracee::interrupt(tid);
        }
        if result == 0 {
            Installed::Done(task)
        } else {
            Installed::Refused(task)
        }
    }

    fn give_back(task: &Stopped, before: &Before) -> Result<(), Gone> {
        task.put(before.at, &before.memory).map_err(|_| Gone)?;
        let mut registers = before.registers;
        if before.entry {
            registers.rip = registers.rip.wrapping_sub(2);
            registers.rax = registers.orig_rax;
            registers.orig_rax = NONE;
        }
        task.set_registers(&registers)?;
        task.block_signals(before.blocked).map(drop)
    }

    /// Lets a task run to the end of the call that it is in.
    pub fn to_the_end_of_its_call(task: Stopped) -> Result<Stopped, Option<Report>> {
        let tid = task.tid();
        task.resume(Until::Call, 0).map_err(|_| None)?;
        match tracee::wait_for_one(tid) {
            Ok(Report::Stopped(task, Stop::Call)) => Ok(task),
            Ok(other) => Err(Some(other)),
            Err(_) => Err(None),
        }
    }

    /// What a task that has just created another one shares with it (clone(2)).
    pub fn creates(task: &Stopped) -> Creates {
        const SHARES: u64 = (libc::CLONE_THREAD | libc::CLONE_FILES) as u64;
        const VFORK: u64 = libc::CLONE_VFORK as u64;
        let Ok(registers) = task.registers() else {
            return Creates::Sharing;
        };
        if registers.cs != SEGMENT {
            return Creates::Sharing;
        }
        // The bit of x32 aside.
        let flags = match (registers.orig_rax & !0x4000_0000).cast_signed() {
            libc::SYS_fork => 0,
            libc::SYS_vfork => VFORK,
            libc::SYS_clone => registers.rdi,
            libc::SYS_clone3 => {
                let mut flags = [0u8; 8];
                match task.memory(registers.rdi, &mut flags) {
                    Ok(8) => u64::from_ne_bytes(flags),
                    _ => return Creates::Sharing,
                }
            }
            _ => return Creates::Sharing,
        };
        if flags & SHARES != 0 {
            Creates::Sharing
        } else if flags & VFORK != 0 {
            Creates::Vfork
        } else {
            Creates::Apart
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub use x86_64::{creates, install, to_the_end_of_its_call};

/// Whether a task can be made to.
pub const POSSIBLE: bool = cfg!(target_arch = "x86_64");

#[cfg(not(target_arch = "x86_64"))]
mod unknown {
    use super::{Creates, Filter, Installed, Report, Stopped};

    /// Not known on this processor.
    pub fn install(task: Stopped, _filter: &Filter, _all: bool) -> Installed {
        Installed::Refused(task)
    }

    /// It stays where it is.
    pub fn to_the_end_of_its_call(task: Stopped) -> Result<Stopped, Option<Report>> {
        Ok(task)
    }

    /// Not known on this processor.
    pub fn creates(_task: &Stopped) -> Creates {
        Creates::Sharing
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub use unknown::{creates, install, to_the_end_of_its_call};
