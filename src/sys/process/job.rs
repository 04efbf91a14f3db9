//! Job control: each side of a run is a process group of its own, so that nothing
//! that a program does to its group (`kill(0, …)`) reaches threadtap or the other
//! side, and yet Ctrl-C, Ctrl-\, Ctrl-Z, `fg` and reading from the terminal are
//! what they are for a program that is started alone.
//!
//! threadtap stays where the shell has put it, in the job's group. What the terminal
//! sends to the job is passed on to the sides. The client's group becomes the
//! terminal's foreground group only when the client wants it: when reading stops it
//! (SIGTTIN) or changing the terminal's settings does (SIGTTOU). A job's other
//! programs, such as a pager, so keep the terminal as long as nobody else asks for
//! it. What the terminal then sends to the client's group a *witness*, a process
//! in that group, passes on to the job (termios(3), setpgid(2), credentials(7)).

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rustix::process::Pid as RawPid;
use rustix::termios::{tcgetpgrp, tcsetpgrp};

use super::signals::{self, SIGHUP, SIGINT, SIGQUIT};
use super::{Child, pid};
use crate::model::{Pid, Side};

/// The groups of the sides; 0: none. Signal handlers read them.
static CLIENT: AtomicI32 = AtomicI32::new(0);
static SERVER: AtomicI32 = AtomicI32::new(0);
/// The terminal; -1: none was needed so far.
static TERMINAL: AtomicI32 = AtomicI32::new(-1);
/// How often this process was continued (SIGCONT).
static CONTINUED: AtomicU32 = AtomicU32::new(0);

fn group_of(side: Side) -> &'static AtomicI32 {
    match side {
        Side::Client => &CLIENT,
        Side::Server => &SERVER,
    }
}

/// The job that this process is of.
#[derive(Debug)]
pub struct Job {
    terminal: Option<File>,
    witness: Option<Child>,
}

impl Job {
    /// Passes on to the sides what the terminal sends, from now on.
    ///
    /// # Errors
    /// When a signal cannot be caught.
    pub fn begin() -> io::Result<Self> {
        signals::also_on(&[SIGINT, SIGQUIT, SIGHUP], pass_on)?;
        signals::catch(libc::SIGTSTP, stop_all)?;
        signals::catch(libc::SIGCONT, continued)?;
        Ok(Self {
            terminal: None,
            witness: None,
        })
    }

    /// A side was started, in a group that bears its number.
    pub fn started(side: Side, leader: Pid) {
        group_of(side).store(leader.0.cast_signed(), Relaxed);
    }

    /// A side is over: its number may soon be somebody else's. The terminal is the
    /// job's again.
    pub fn over(&mut self, side: Side) {
        if side == Side::Client {
            self.take_back();
        }
        group_of(side).store(0, Relaxed);
    }

    /// The client is stopped because it wants the terminal: it gets it where the job
    /// has it, and else the job is stopped, as the shell expects of one that wants to
    /// read in the background.
    pub fn terminal_wanted(&mut self, interrupted: &dyn Fn() -> bool) {
        let client = CLIENT.load(Relaxed);
        let (Some(group), Some(terminal)) = (RawPid::from_raw(client), self.terminal()) else {
            return;
        };
        while !interrupted() {
            match tcgetpgrp(terminal) {
                Ok(foreground) if foreground == group => break,
                Ok(foreground) if foreground == own_group() => {
                    // From the background it may be written to and be taken back.
                    signals::ignore(libc::SIGTTOU);
                    self.send_a_witness(client);
                    if let Some(terminal) = self.terminal() {
                        let _ = tcsetpgrp(terminal, group);
                    }
                    break;
                }
                Ok(_) => {
                    let before = CONTINUED.load(Relaxed);
                    send(0, libc::SIGTTIN);
                    std::thread::sleep(Duration::from_millis(20));
                    if CONTINUED.load(Relaxed) == before {
                        // Nobody is there who could continue a stopped job (an
                        // orphaned group): the kernel tells such a one to end.
                        send(-client, SIGHUP);
                        break;
                    }
                }
                // It is gone. Whoever stopped the client, it was not the terminal.
                Err(_) => return,
            }
        }
        send(-client, libc::SIGCONT);
    }

    fn terminal(&mut self) -> Option<&File> {
        if self.terminal.is_none() {
            let opened = File::options().read(true).write(true).open("/dev/tty");
            self.terminal = opened.ok();
            if let Some(terminal) = &self.terminal {
                TERMINAL.store(terminal.as_raw_fd(), Relaxed);
            }
        }
        self.terminal.as_ref()
    }

    fn send_a_witness(&mut self, client: i32) {
        let ended = |w: &mut Child| w.wait(Duration::ZERO).is_some();
        if self.witness.as_mut().is_none_or(ended) {
            // Without one the client alone is told of Ctrl-C.
            self.witness = witness(client).ok();
        }
    }

    fn take_back(&mut self) {
        // Dropped, it is killed and reaped.
        self.witness = None;
        if client_has_terminal()
            && let Some(terminal) = &self.terminal
        {
            let _ = tcsetpgrp(terminal, own_group());
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.over(Side::Client);
        self.over(Side::Server);
        TERMINAL.store(-1, Relaxed);
    }
}

fn own_group() -> RawPid {
    rustix::process::getpgrp()
}

/// kill(2): a negative number is a group's, 0 the own group.
fn send(to: i32, signal: i32) {
    // SAFETY: it writes no memory, and is async-signal-safe.
    unsafe {
        libc::kill(to, signal);
    }
}

/// Whether the client's group is the terminal's foreground group.
fn client_has_terminal() -> bool {
    let (terminal, client) = (TERMINAL.load(Relaxed), CLIENT.load(Relaxed));
    // SAFETY: it writes no memory of ours, and is async-signal-safe.
    terminal != -1 && client != 0 && unsafe { libc::tcgetpgrp(terminal) } == client
}

/// To the sides that have a group.
fn to_sides(signal: i32) {
    for group in [&CLIENT, &SERVER] {
        match group.load(Relaxed) {
            0 => {}
            group => send(-group, signal),
        }
    }
}

/// A handler: the client is told what this process is told. Where it has the
/// terminal, the terminal has told it.
fn pass_on(signal: i32) {
    let client = CLIENT.load(Relaxed);
    if client != 0 && !client_has_terminal() {
        send(-client, signal);
    }
}

/// A handler: Ctrl-Z stops the sides, and this process with them. Whoever continues
/// it continues them.
extern "C" fn stop_all(signal: i32) {
    // SAFETY: every function called is async-signal-safe (signal-safety(7)), and all
    // pointers are to live locals.
    unsafe {
        let errno = *libc::__errno_location();
        to_sides(signal);
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        let mut own: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, &raw const default, &raw mut own);
        // The kernel knows whether anybody is there to continue it: where nobody is,
        // this does nothing.
        libc::raise(signal);
        libc::sigaction(signal, &raw const own, std::ptr::null_mut());
        to_sides(libc::SIGCONT);
        *libc::__errno_location() = errno;
    }
}

extern "C" fn continued(_: i32) {
    CONTINUED.fetch_add(1, Relaxed);
}

/// A process in the group of the client. What the terminal sends to that group it
/// passes on to the job.
fn witness(client: i32) -> io::Result<Child> {
    let (parent, job) = (pid(), own_group().as_raw_nonzero().get());
    // SAFETY: the child calls async-signal-safe functions only, and never returns.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: this is the child.
        0 => unsafe { be_witness(parent, job, client) },
        child => Child::adopt(Pid(child.cast_unsigned())),
    }
}

/// # Safety
/// To be called in a process that has just been forked, and no more.
unsafe fn be_witness(parent: Pid, job: i32, client: i32) -> ! {
    // SAFETY: every function called is async-signal-safe (signal-safety(7)), and all
    // pointers are to live locals.
    unsafe {
        let mut wanted: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut wanted);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const wanted, std::ptr::null_mut());
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
        let alone = libc::getppid() != parent.0.cast_signed();
        if alone || libc::setpgid(0, client) == -1 {
            libc::_exit(0);
        }
        // Nobody's pipe is kept open by it. Linux 5.9; before, it does no harm
        // that outlives the client.
        libc::syscall(libc::SYS_close_range, 0, u32::MAX, 0);
        libc::sigemptyset(&raw mut wanted);
        for signal in [SIGINT, SIGQUIT, SIGHUP, libc::SIGTSTP] {
            libc::sigaddset(&raw mut wanted, signal);
        }
        loop {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let signal = libc::sigwaitinfo(&raw const wanted, &raw mut info);
            // What a process sends to the group is the group's own affair.
            if signal > 0 && info.si_code == libc::SI_KERNEL {
                libc::kill(-job, signal);
            }
        }
    }
}
