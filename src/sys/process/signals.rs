//! Signals as something to poll(2) for.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
pub use signal_hook::consts::{SIGABRT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::unfinished;
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
    /// Where all signals are ignored no handler holds this end, and a pipe without one
    /// would be readable at once.
    _held: Option<OwnedFd>,
}

impl StopSignal {
    /// Catches these signals from now on, except those that were ignored when
    /// this program was started: whoever started it wants that (`nohup`(1)).
    ///
    /// # Errors
    /// When no descriptor is left or a signal cannot be caught.
    pub fn on(signals: &[i32]) -> io::Result<Self> {
        let (readable, writable) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let mut caught = false;
        for &signal in signals.iter().filter(|signal| !is_ignored(**signal)) {
            signal_hook::low_level::pipe::register(signal, writable.try_clone()?)?;
            caught = true;
        }
        also_on(signals, |_| HAS_COME.store(true, Relaxed))?;
        Ok(Self {
            readable,
            _held: (!caught).then_some(writable),
        })
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

/// Whether one of the signals of any [`StopSignal`] has come.
static HAS_COME: AtomicBool = AtomicBool::new(false);

/// Whether one of the signals of any [`StopSignal`] has come.
pub fn has_come() -> bool {
    HAS_COME.load(Relaxed)
}

/// Does something more when one of these signals comes, except those that were
/// ignored when this program was started. `act` runs in a signal handler.
///
/// # Errors
/// When a signal cannot be caught.
pub fn also_on(signals: &[i32], act: fn(i32)) -> io::Result<()> {
    for &signal in signals.iter().filter(|signal| !is_ignored(**signal)) {
        // SAFETY: what is given calls async-signal-safe functions only: it is of this
        // room, as `act` is nobody else's to write.
        unsafe { signal_hook::low_level::register(signal, move || act(signal)) }?;
    }
    Ok(())
}

/// Gives a signal a handler of its own, unless it is ignored. Calls go on, and the
/// signal is not blocked in its handler.
///
/// # Errors
/// When the signal cannot be caught.
pub fn catch(signal: i32, handler: extern "C" fn(i32)) -> io::Result<()> {
    if is_ignored(signal) {
        return Ok(());
    }
    install(signal, handler, libc::SA_RESTART | libc::SA_NODEFER)
}

/// Lets one of [`INTERRUPTIONS`] end this program at once, with this exit status, and
/// leave no unfinished file. To be called when all that is to be saved is saved: whoever
/// does not read what is printed then holds nobody up.
pub fn end_at_once(status: i32) {
    EXIT_STATUS.store(status, Relaxed);
    // Where it cannot be caught, it still ends what waits.
    let _ = also_on(&INTERRUPTIONS, |_| {
        unfinished::remove_and(|| super::exit_now(EXIT_STATUS.load(Relaxed)));
    });
}

static EXIT_STATUS: AtomicI32 = AtomicI32::new(0);

/// Lets one of [`INTERRUPTIONS`] end this program as it does by itself, but leave no
/// unfinished file.
pub fn end_tidily() {
    // Where it cannot be caught, it ends this program all the same.
    let _ = also_on(&INTERRUPTIONS, |signal| {
        unfinished::remove_and(|| {
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        });
    });
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

/// The same of SIGXFSZ, which [`bear_file_limits`] ignores.
#[must_use]
pub fn sigxfsz_was_ignored() -> bool {
    SIGXFSZ_WAS_IGNORED.load(Relaxed)
}

/// Lets a file that would become larger than `ulimit -f` allows be an error of the
/// call that writes, as a full disk is, and not the end of this program (SIGXFSZ in
/// signal(7), `RLIMIT_FSIZE` in setrlimit(2)).
pub fn bear_file_limits() {
    ignore(libc::SIGXFSZ);
}

static SIGPIPE_WAS_IGNORED: AtomicBool = AtomicBool::new(false);
static SIGXFSZ_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// Run by the loader, as every function in this section is, before Rust's own
/// start (`ld.so`(8), `.init_array`).
// SAFETY: the section holds pointers to functions without arguments that matter,
// and this one makes a system call and stores a flag.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK_AT_IGNORED: extern "C" fn() = look_at_ignored;

extern "C" fn look_at_ignored() {
    SIGPIPE_WAS_IGNORED.store(is_ignored(libc::SIGPIPE), Relaxed);
    SIGXFSZ_WAS_IGNORED.store(is_ignored(libc::SIGXFSZ), Relaxed);
}

/// Lets a signal interrupt the system call that its thread waits in, and do
/// nothing else.
///
/// # Errors
/// When the signal cannot be caught.
pub fn wake_by(signal: i32) -> io::Result<()> {
    extern "C" fn nothing(_: i32) {}
    // Without SA_RESTART calls are interrupted.
    install(signal, nothing, 0)
}

fn install(signal: i32, handler: extern "C" fn(i32), flags: i32) -> io::Result<()> {
    // SAFETY: the handler calls async-signal-safe functions only: it is of this room.
    let done = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = flags;
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
