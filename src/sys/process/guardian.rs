//! A process between threadtap and a program that nobody traces.
//!
//! Where threadtap is killed with SIGKILL the kernel ends a traced program with all that it
//! has started (`PTRACE_O_EXITKILL`). Of one that is not traced it would end the first
//! process alone. So a guardian stands above it: orphans of the program are handed to it
//! (`PR_SET_CHILD_SUBREAPER`, prctl(2)), and when threadtap has gone it kills what it has,
//! until nothing is left. It also waits for the program, whose parent it is, and passes on
//! what wait4(2) says.
//!
//! It is forked, and executes nothing: no allocation, no lock, system calls only. In the
//! process groups of the job and of the program it is not, so that what is sent to those
//! does not reach it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Mutex;
use std::time::Duration;

use libc::{c_int, c_void};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{PidfdFlags, pidfd_open};
use rustix::thread::CapabilitySet;

use super::{DYING, raw};
use crate::model::Pid;
use crate::sys::privilege::give_up::for_good;

/// What a guardian tells of the program: wait4(2)'s status, and what it has cost.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Told {
    pub(super) status: c_int,
    pub(super) usage: libc::rusage,
}

const TOLD: usize = size_of::<Told>();

/// The byte that tells a guardian that all is well: it ends, and leaves what it has.
const LET_GO: u8 = b'.';

/// Guardians that are there. What holds one is its pipe: closed, also by the end of this
/// process, it is told to act.
static THERE: Mutex<Vec<Standing>> = Mutex::new(Vec::new());

struct Standing {
    pid: Pid,
    control: File,
}

/// How a program's parent, its guardian, is asked.
#[derive(Debug)]
pub struct Guarded {
    guardian: Pid,
    there: OwnedFd,
    told: File,
    /// How the program ended, where that came while something else was asked for.
    end: Option<(c_int, libc::rusage)>,
}

impl Guarded {
    /// The guardian, while it is there.
    pub(super) fn guardian(&self) -> Option<Pid> {
        (!is_readable(&self.there, Duration::ZERO)).then_some(self.guardian)
    }

    /// How the program ended and what it has cost; to be asked when it has ended. `None`:
    /// the guardian has ended before it could say so.
    pub(super) fn ended(&mut self) -> Option<(c_int, libc::rusage)> {
        while self.end.is_none() && is_readable(&self.told, DYING) {
            self.hear()?;
        }
        self.end
    }

    /// The signal that has stopped the program since this was asked the last time.
    pub(super) fn stopped_by(&mut self) -> Option<i32> {
        let mut signal = None;
        while is_readable(&self.told, Duration::ZERO) {
            let Some(status) = self.hear() else { break };
            if libc::WIFSTOPPED(status) {
                signal = Some(libc::WSTOPSIG(status));
            }
        }
        signal
    }

    fn hear(&mut self) -> Option<c_int> {
        let mut bytes = [0; TOLD];
        self.told.read_exact(&mut bytes).ok()?;
        // SAFETY: any bytes are a valid value, for it has numbers only.
        let told: Told = unsafe { std::ptr::read_unaligned(bytes.as_ptr().cast()) };
        if !libc::WIFSTOPPED(told.status) {
            self.end = Some((told.status, told.usage));
        }
        Some(told.status)
    }
}

fn is_readable(fd: &impl AsFd, limit: Duration) -> bool {
    let limit = Timespec::try_from(limit).ok();
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    matches!(poll(&mut fds, limit.as_ref()), Ok(n) if n > 0)
}

/// The pipes of a guardian that is to be made.
#[derive(Debug)]
pub struct Posts {
    control: (OwnedFd, OwnedFd),
    told: (OwnedFd, OwnedFd),
}

impl Posts {
    /// # Errors
    /// When no descriptor is left.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            control: pipe_with(PipeFlags::CLOEXEC)?,
            told: pipe_with(PipeFlags::CLOEXEC)?,
        })
    }

    /// In a process that has just been forked: it becomes the guardian, and `program` is
    /// called in the process that it forks.
    ///
    /// # Safety
    /// To be called in a process that has just been forked, and no more. `program` calls
    /// async-signal-safe functions only.
    pub unsafe fn guard(&self, program: impl FnMut() -> c_int) -> ! {
        let (control, told) = (self.control.0.as_raw_fd(), self.told.1.as_raw_fd());
        // SAFETY: as the caller says.
        unsafe { stand(control, told, program) }
    }

    /// In the process that has forked the guardian: the program, and how it is asked for.
    ///
    /// # Errors
    /// When the program's process could not be had.
    pub fn taken_up(self, guardian: Pid) -> io::Result<(Pid, Guarded)> {
        let (control, told) = (File::from(self.control.1), self.told.0);
        // So that the pipe ends with the guardian.
        drop((self.told.1, self.control.0));
        let mut told = File::from(told);
        let mut number = [0; 4];
        let heard = told.read_exact(&mut number);
        let number = i32::from_ne_bytes(number);
        let program = match heard {
            Ok(()) if number > 0 => Pid(number.cast_unsigned()),
            Ok(()) => return Err(reaped(guardian, io::Error::from_raw_os_error(-number))),
            Err(e) => return Err(reaped(guardian, e)),
        };
        let there = raw(guardian)
            .ok_or(rustix::io::Errno::SRCH)
            .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()));
        // Where it is not kept its pipe is closed here, and it ends the program.
        let there = there.map_err(|e| reaped(guardian, e.into()))?;
        tracing::info!(
            "process {guardian} guards process {program}: if threadtap is killed it ends what the program has started"
        );
        lock().push(Standing {
            pid: guardian,
            control,
        });
        let end = None;
        Ok((
            program,
            Guarded {
                guardian,
                there,
                told,
                end,
            },
        ))
    }
}

fn reaped(guardian: Pid, error: io::Error) -> io::Error {
    let _ = super::rusage::reap(guardian);
    error
}

fn lock() -> std::sync::MutexGuard<'static, Vec<Standing>> {
    THERE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Those that are there: they are children of this process, and nobody's leftovers.
pub(super) fn all() -> Vec<Pid> {
    lock().iter().map(|guardian| guardian.pid).collect()
}

/// All of them end; what they still have becomes this process's.
pub(super) fn let_go() {
    for Standing { pid, mut control } in lock().drain(..) {
        let _ = control.write_all(&[LET_GO]);
        let _ = super::rusage::reap(pid);
    }
}

/// The guardian's part.
///
/// # Safety
/// As [`Posts::guard`].
unsafe fn stand(control: RawFd, told: RawFd, mut program: impl FnMut() -> c_int) -> ! {
    // SAFETY: every function called is async-signal-safe (signal-safety(7)) or a system
    // call, and all pointers are to live locals.
    unsafe {
        libc::setpgid(0, 0);
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        // Not fork(3): its handlers are for processes of whose locks somebody knows.
        let child = libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0);
        if child == 0 {
            libc::_exit(program());
        }
        let number = match i32::try_from(child) {
            Ok(child) if child > 0 => child,
            _ => -*libc::__errno_location(),
        };
        // Above whatever stands in for a closed standard stream.
        let control = libc::fcntl(control, libc::F_DUPFD, 16);
        let told = libc::fcntl(told, libc::F_DUPFD, 16);
        libc::dup2(control, CONTROL);
        libc::dup2(told, TELL);
        close_from(TELL + 1);
        write(TELL, (&raw const number).cast(), size_of::<c_int>());
        if number < 0 {
            libc::_exit(1);
        }
        let mut signals: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut signals);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const signals, std::ptr::null_mut());
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        libc::sigemptyset(&raw mut signals);
        libc::sigaddset(&raw mut signals, libc::SIGCHLD);
        let news = libc::signalfd(-1, &raw const signals, libc::SFD_CLOEXEC);
        libc::prctl(libc::PR_SET_NAME, c"tap-guardian".as_ptr(), 0, 0, 0);
        // Programs of root's may have become somebody else's.
        for_good(CapabilitySet::KILL);
        watch(number, news)
    }
}

const CONTROL: RawFd = 0;
const TELL: RawFd = 1;

/// Waits for the program, and for threadtap's word or end.
///
/// # Safety
/// As [`stand`].
unsafe fn watch(program: c_int, news: RawFd) -> ! {
    // SAFETY: as in `stand`.
    unsafe {
        loop {
            reap(program);
            let mut fds = [CONTROL, news].map(|fd| libc::pollfd {
                fd,
                events: libc::POLLIN,
                revents: 0,
            });
            if libc::poll(fds.as_mut_ptr(), 2, -1) < 0 {
                continue;
            }
            if fds[1].revents != 0 {
                let mut info = [0u8; size_of::<libc::signalfd_siginfo>()];
                libc::read(news, info.as_mut_ptr().cast(), info.len());
            }
            if fds[0].revents != 0 {
                let mut word = 0u8;
                match libc::read(CONTROL, (&raw mut word).cast(), 1) {
                    1 if word == LET_GO => libc::_exit(0),
                    -1 if *libc::__errno_location() == libc::EINTR => {}
                    _ => end_all(program),
                }
            }
        }
    }
}

/// Takes what has ended. False where there is nothing to wait for any more.
///
/// # Safety
/// As [`stand`].
unsafe fn reap(program: c_int) -> bool {
    // SAFETY: as in `stand`.
    unsafe {
        loop {
            let mut told: Told = std::mem::zeroed();
            let options = libc::WNOHANG | libc::WUNTRACED;
            match libc::wait4(-1, &raw mut told.status, options, &raw mut told.usage) {
                0 => return true,
                -1 => return false,
                ended if ended == program => write(TELL, (&raw const told).cast(), TOLD),
                _ => {}
            }
        }
    }
}

/// Ends what is there, and what it leaves, until nothing is left. Each child is killed;
/// its own become the guardian's with that, and come next.
///
/// # Safety
/// As [`stand`].
unsafe fn end_all(program: c_int) -> ! {
    // SAFETY: as in `stand`.
    unsafe {
        let mut pause = 1;
        // A minute, at most: what is held in the kernel never ends.
        for _ in 0..6_000 {
            if !reap(program) {
                libc::_exit(0);
            }
            let path = c"/proc/thread-self/children";
            let list = libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            if list < 0 {
                // Without proc(5) nothing can be listed: the program and its group.
                libc::kill(-program, libc::SIGKILL);
                libc::kill(program, libc::SIGKILL);
            }
            let mut text = [0u8; 4096];
            let length = libc::read(list, text.as_mut_ptr().cast::<c_void>(), text.len());
            libc::close(list);
            let mut number: i32 = 0;
            for byte in &text[..usize::try_from(length).unwrap_or(0)] {
                if byte.is_ascii_digit() {
                    number = number.wrapping_mul(10).wrapping_add(i32::from(byte - b'0'));
                } else {
                    if number > 1 {
                        libc::kill(number, libc::SIGKILL);
                    }
                    number = 0;
                }
            }
            libc::poll(std::ptr::null_mut(), 0, pause);
            pause = (pause + 1).min(10);
        }
        libc::_exit(1)
    }
}

/// # Safety
/// As [`stand`]; `length` bytes can be read.
unsafe fn write(to: RawFd, bytes: *const c_void, length: usize) {
    // SAFETY: as the caller says. What is written is less than a pipe takes in one piece
    // (`PIPE_BUF`).
    unsafe {
        while libc::write(to, bytes, length) < 0 && *libc::__errno_location() == libc::EINTR {}
    }
}

/// # Safety
/// As [`stand`].
unsafe fn close_from(first: RawFd) {
    // SAFETY: as in `stand`.
    unsafe {
        // Linux 5.9; before, one by one, as far as there can be any.
        if libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) != 0 {
            for fd in first..65_536 {
                libc::close(fd);
            }
        }
    }
}
