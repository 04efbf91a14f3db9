//! Signals as something to poll(2) for.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
pub use signal_hook::consts::{SIGABRT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::model::Tid;

/// What ends a run, a comparison or a search early, with all that it has until then
/// reported and saved: Ctrl-C and Ctrl-\\, kill(1), and the end of the terminal
/// (signal(7)).
pub const INTERRUPTIONS: [i32; 4] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];

/// A descriptor that becomes readable, for good, when one of the signals comes.
///
/// Threads and forked processes that share it all see it. No thread is started.
#[derive(Debug)]
pub struct StopSignal {
    readable: OwnedFd,
}

impl StopSignal {
    /// Catches these signals from now on, except those that were ignored when
    /// this program was started: whoever started it wants that (`nohup`(1)).
    ///
    /// # Errors
    /// When no descriptor is left or a signal cannot be caught.
    pub fn on(signals: &[i32]) -> io::Result<Self> {
        let (readable, writable) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        for &signal in signals.iter().filter(|signal| !is_ignored(**signal)) {
            signal_hook::low_level::pipe::register(signal, writable.try_clone()?)?;
        }
        Ok(Self { readable })
    }

    /// Whether one has come.
    #[must_use]
    pub fn raised(&self) -> bool {
        let mut fds = [PollFd::new(&self.readable, PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        matches!(poll(&mut fds, Some(&now)), Ok(n) if n > 0)
    }
}

impl AsFd for StopSignal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.readable.as_fd()
    }
}

/// Lets a signal that comes once more end this program, whatever it waits for. To be
/// called before the first is caught.
///
/// # Errors
/// When the signal cannot be caught.
pub fn end_at_the_second(signal: i32) -> io::Result<()> {
    if !is_ignored(signal) {
        let once = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&once))?;
        signal_hook::flag::register(signal, once)?;
    }
    Ok(())
}

/// Whether a signal is ignored.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    // SAFETY: a `sigaction` of zeros is a valid one; with no new action given,
    // the call only fills in the present one.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut now) == 0
            && now.sa_sigaction == libc::SIG_IGN
    }
}

/// Ignores a signal, in this process and in what it executes.
pub fn ignore(signal: i32) {
    // SAFETY: SIG_IGN installs no handler.
    unsafe {
        libc::signal(signal, libc::SIG_IGN);
    }
}

/// Gives a signal its default action back, in this process and in what it
/// executes.
pub fn restore_default(signal: i32) {
    // SAFETY: SIG_DFL installs no handler.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
    }
}

/// Whether SIGPIPE was ignored when this program was started. Rust ignores it
/// before `main` begins, so it is looked at before that.
#[must_use]
pub fn sigpipe_was_ignored() -> bool {
    SIGPIPE_WAS_IGNORED.load(Relaxed)
}

static SIGPIPE_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// Run by the loader, as every function in this section is, before Rust's own
/// start (`ld.so`(8), `.init_array`).
// SAFETY: the section holds pointers to functions without arguments that matter,
// and this one makes a system call and stores a flag.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK_AT_SIGPIPE: extern "C" fn() = look_at_sigpipe;

extern "C" fn look_at_sigpipe() {
    SIGPIPE_WAS_IGNORED.store(is_ignored(libc::SIGPIPE), Relaxed);
}

/// Lets a signal interrupt the system call that its thread waits in, and do
/// nothing else.
///
/// # Errors
/// When the signal cannot be caught.
pub fn wake_by(signal: i32) -> io::Result<()> {
    extern "C" fn nothing(_: i32) {}
    let handler: extern "C" fn(i32) = nothing;
    // SAFETY: the handler does nothing; without SA_RESTART calls are interrupted.
    let done = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as libc::sighandler_t;
        libc::sigaction(signal, &raw const action, std::ptr::null_mut())
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Sends a signal to one thread of this process; it may be gone.
pub fn send_to_thread(tid: Tid, signal: i32) {
    // SAFETY: tgkill(2) names thread and process, so that no other is met.
    unsafe {
        libc::syscall(
            libc::SYS_tgkill,
            std::process::id().cast_signed(),
            tid.0.cast_signed(),
            signal,
        );
    }
}
