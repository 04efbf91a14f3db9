//! What a program prints: taken from it, saved in its log up to a bound, and shown.
//!
//! A program writes into a pipe, so that a full disk or a bound is threadtap's affair
//! and nothing that the program notices. A thread for each side takes it from there,
//! whatever becomes of the log, for a pipe that nobody empties would hold the
//! program up.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

use crate::model::Side;
use crate::sys::privilege::give_up::{NOTHING, for_good};
use crate::sys::process::stderr;
use crate::text::exceptions::LOG_ENDS;
use crate::text::screen::{Pending, Screen};
use crate::text::units::bytes;

/// Where what a program prints is to go.
#[derive(Debug)]
pub struct Output {
    /// Its log; `None` where that could not be made.
    pub log: Option<File>,
    /// The most bytes that it may hold.
    pub limit: u64,
    /// Where it is shown, if it is.
    pub screen: Option<Arc<Mutex<Screen>>>,
}

/// The log of a side while its program runs.
#[derive(Debug)]
pub struct SideLog {
    side: Side,
    state: Arc<Mutex<LogEnd>>,
    over: Receiver<()>,
}

/// What has become of a log.
#[derive(Debug, Default)]
pub struct LogEnd {
    /// Bytes that the program has printed.
    pub printed: u64,
    /// Bytes of them that are in the log.
    pub saved: u64,
    /// Bytes of them that it may hold.
    pub limit: u64,
    /// Why it does not hold what it may.
    pub error: Option<io::Error>,
}

/// How much a pipe may hold, so that a program seldom waits for us.
const PIPE: usize = 1 << 20;

/// How long what was printed may lie in the pipe: a program that prints line by line
/// wakes nobody at each of them.
const PAUSE: Duration = Duration::from_millis(5);

/// The same of a pipe that holds less, which a program has soon filled.
const SHORT_PAUSE: Duration = Duration::from_millis(1);

/// How long standard error may take nothing until it is taken for one that nobody
/// reads.
const NOBODY_READS: Duration = Duration::from_secs(1);

impl SideLog {
    /// Begins to take what comes; returns what the program is to write into.
    ///
    /// # Errors
    /// When the system refuses a pipe or a thread.
    pub fn begin(side: Side, output: Output) -> io::Result<(OwnedFd, Self)> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        let pause = match fcntl_setpipe_size(&write, PIPE) {
            Ok(held) if held >= PIPE => PAUSE,
            _ => SHORT_PAUSE,
        };
        let state = Arc::new(Mutex::new(LogEnd {
            limit: output.limit,
            ..LogEnd::default()
        }));
        let (tell, over) = sync_channel(1);
        let copy = Copy {
            side,
            output,
            state: Arc::clone(&state),
            not_shown: 0,
            pause,
        };
        let thread = std::thread::Builder::new().name(format!("{side}-log"));
        thread.spawn(move || {
            for_good(NOTHING);
            copy.until_the_end(File::from(read));
            let _ = tell.send(());
        })?;
        Ok((write, Self { side, state, over }))
    }

    /// Waits until all is in the log, but no longer than `patience`: somebody who
    /// could not be ended may still hold the other end.
    pub fn end(self, patience: Duration) -> (Side, LogEnd) {
        let _ = self.over.recv_timeout(patience);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // The thread may go on: its counts and its limit stay with it.
        let error = state.error.take();
        (self.side, LogEnd { error, ..*state })
    }
}

/// The thread's part.
struct Copy {
    side: Side,
    output: Output,
    state: Arc<Mutex<LogEnd>>,
    /// Bytes of the shown text that nobody took, since the last that somebody took.
    not_shown: u64,
    /// Between two looks at a pipe that was found to hold little.
    pause: Duration,
}

impl Copy {
    fn until_the_end(mut self, mut from: File) {
        let mut buffer = vec![0u8; 1 << 16];
        let mut pending = Pending::default();
        loop {
            let piece = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => &buffer[..n],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            self.save(piece);
            self.show(|screen, side| screen.show(side, &mut pending, piece));
            if piece.len() < buffer.len() {
                std::thread::sleep(self.pause);
            }
        }
        self.show(|screen, side| screen.end(side, &mut pending));
    }

    /// On standard error. Where nobody reads it what was printed is lost there, and
    /// only there: neither the log nor the program waits for long.
    fn show(&mut self, text: impl FnOnce(&mut Screen, Side) -> String) {
        let Some(screen) = &self.output.screen else {
            return;
        };
        // Kept until it is written: the other side's thread knows where the line is.
        let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
        let text = text(&mut screen, self.side);
        let mut patience = NOBODY_READS;
        if self.not_shown > 0 {
            patience = Duration::ZERO;
            let note = format!(
                "\nthreadtap: {} of the {}'s output were not shown, because nobody read them\n",
                bytes(self.not_shown),
                self.side
            );
            if stderr::write(&note, Some(patience)) == note.len() {
                self.not_shown += text.len() as u64;
                return;
            }
            self.not_shown = 0;
        }
        self.not_shown = stderr::write(&text, Some(patience)) as u64;
    }

    fn save(&mut self, piece: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let full = state.printed > state.limit;
        state.printed += piece.len() as u64;
        let Some(log) = self.output.log.as_mut().filter(|_| !full) else {
            return;
        };
        let room = usize::try_from(state.limit - state.saved).unwrap_or(usize::MAX);
        let mut rest = &piece[..piece.len().min(room)];
        let cut = rest.len() < piece.len();
        let mut done = Ok(());
        while !rest.is_empty() && done.is_ok() {
            match log.write(rest) {
                Ok(0) => done = Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    state.saved += n as u64;
                    rest = &rest[n..];
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => done = Err(e),
            }
        }
        if done.is_ok() && cut {
            // Nothing comes after it.
            let limit = bytes(state.limit);
            done = log.write_all(
                format!("\n{LOG_ENDS}, at its limit of {limit} (--log-limit)\n").as_bytes(),
            );
        }
        if let Err(e) = done {
            state.error = Some(e);
            self.output.log = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const PATIENCE: Duration = Duration::from_mins(1);

    fn begin(file: &str, limit: u64) -> (File, SideLog) {
        let log = File::options().create(true).append(true).open(file);
        let output = Output {
            log: Some(log.unwrap()),
            limit,
            screen: None,
        };
        let (write, log) = SideLog::begin(Side::Client, output).unwrap();
        (File::from(write), log)
    }

    #[test]
    fn a_log_holds_all_up_to_its_limit_and_says_where_it_ends() {
        let folder = TempDir::new().unwrap();
        for printed in [0, 99_999, 100_000, 100_001, 3_000_000] {
            let file = folder.path().join(printed.to_string());
            let (mut write, log) = begin(file.to_str().unwrap(), 100_000);
            write.write_all(&vec![b'x'; printed]).unwrap();
            drop(write);
            let (_, end) = log.end(PATIENCE);
            let kept = printed.min(100_000);
            assert_eq!((end.printed, end.saved), (printed as u64, kept as u64));
            assert!(end.error.is_none());
            let text = fs::read_to_string(&file).unwrap();
            let (begins, rest) = text.split_at(kept);
            assert!(begins.bytes().all(|b| b == b'x'));
            let note = "\nthreadtap: the log ends here, at its limit of 100 kB (--log-limit)\n";
            assert_eq!(rest, if printed > kept { note } else { "" }, "{printed}");
        }
    }

    /// The program goes on, and what was lost is told.
    #[test]
    fn a_log_that_cannot_be_written_holds_nobody_up() {
        let (mut write, log) = begin("/dev/full", u64::MAX);
        write.write_all(&vec![b'x'; 5_000_000]).unwrap();
        drop(write);
        let (_, end) = log.end(PATIENCE);
        assert_eq!((end.printed, end.saved), (5_000_000, 0));
        let error = end.error.unwrap();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn who_keeps_the_other_end_is_not_waited_for() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("log");
        let (mut write, log) = begin(file.to_str().unwrap(), 10);
        write.write_all(b"abc").unwrap();
        while fs::read(&file).unwrap().is_empty() {
            std::thread::sleep(PAUSE);
        }
        let (_, end) = log.end(Duration::from_millis(10));
        assert_eq!((end.printed, end.saved), (3, 3));
        // Whoever keeps it may still print: up to the limit it is saved.
        write.write_all(b"defg").unwrap();
        while fs::read(&file).unwrap().len() < 7 {
            std::thread::sleep(PAUSE);
        }
        assert_eq!(fs::read(&file).unwrap(), b"abcdefg");
        drop(write);
    }
}
