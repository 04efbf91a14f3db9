//! Standard error, which somebody may have stopped reading, closed, or filled.
//!
//! What is told there is no part of a run: where nobody takes it, it is lost, and
//! holds nobody up for ever.

use std::fmt::Display;
use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::signals;

/// A pipe that is ready takes so much at once (`PIPE_BUF` in pipe(7)).
const AT_ONCE: usize = 4096;

/// How often it is looked whether a signal has come.
const MOMENT: Duration = Duration::from_millis(50);

/// Tells a line. Where nobody takes it, it is waited for until the program is asked
/// to end ([`signals::StopSignal`]).
pub fn tell(line: impl Display) {
    write(&format!("{line}\n"), None);
}

/// Writes as long as somebody takes some of it every `patience` (`None`: until the
/// program is asked to end); returns how many bytes nobody took.
pub fn write(text: &str, patience: Option<Duration>) -> usize {
    let mut rest = text.as_bytes();
    let mut since = Instant::now();
    while !rest.is_empty() {
        match at_once(rest) {
            Ok(taken @ 1..) => {
                rest = &rest[taken..];
                since = Instant::now();
            }
            Err(Errno::AGAIN) => {
                let left = patience.map(|p| p.saturating_sub(since.elapsed()));
                if left.is_some_and(|left| left.is_zero()) || !is_ready_within(left) {
                    break;
                }
            }
            // It is closed, or full: nobody is there to be told.
            _ => break,
        }
    }
    rest.len()
}

/// What can be written without waiting. Its lock is held meanwhile, so that nobody
/// else of this process takes the room that was there.
fn at_once(text: &[u8]) -> Result<usize, Errno> {
    let err = io::stderr().lock();
    loop {
        let ready = poll(
            &mut [PollFd::new(&err, PollFlags::OUT)],
            Some(&Timespec::default()),
        );
        let written = match ready {
            Ok(0) => Err(Errno::AGAIN),
            Ok(_) => rustix::io::write(&err, &text[..text.len().min(AT_ONCE)]),
            Err(e) => Err(e),
        };
        if written != Err(Errno::INTR) {
            return written;
        }
    }
}

/// Waits for room; false when there is none and the program is asked to end.
fn is_ready_within(left: Option<Duration>) -> bool {
    let moment = left.map_or(MOMENT, |left| left.min(MOMENT));
    let moment = Timespec::try_from(moment).unwrap_or_default();
    match poll(
        &mut [PollFd::new(&io::stderr(), PollFlags::OUT)],
        Some(&moment),
    ) {
        Ok(0) | Err(Errno::INTR) => !signals::has_come(),
        _ => true,
    }
}
