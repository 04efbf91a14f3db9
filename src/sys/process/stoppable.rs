//! An input that a signal ends.
//!
//! Who watches a pipe stops it with Ctrl-C, which reaches the program at its other
//! end too: what that one still writes is read to its end. A file is left where it is.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::signals::StopSignal;

/// After the signal: how long a pipe may be silent before that is its end, and how
/// long it may go on in all.
const SILENCE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(10);

/// An input that ends when a signal comes.
pub struct Stoppable {
    input: File,
    /// Whether it waits for somebody else's bytes.
    live: bool,
    stop: Arc<StopSignal>,
    until: Option<Instant>,
    cut: Arc<AtomicBool>,
}

impl Stoppable {
    /// Around an open file, pipe or device.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn new(input: File, stop: Arc<StopSignal>) -> io::Result<Self> {
        let live = !input.metadata()?.is_file();
        Ok(Self {
            input,
            live,
            stop,
            until: None,
            cut: Arc::default(),
        })
    }

    /// Around standard input.
    ///
    /// # Errors
    /// When it is closed, or no descriptor is left.
    pub fn stdin(stop: Arc<StopSignal>) -> io::Result<Self> {
        let stdin = io::stdin().as_fd().try_clone_to_owned()?;
        Self::new(File::from(stdin), stop)
    }

    /// Whether its bytes come as somebody writes them: a pipe, not a file.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Becomes true when the signal has ended it before its own end.
    #[must_use]
    pub fn was_cut(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cut)
    }

    /// The same input, which tells there that the signal has ended it.
    #[must_use]
    pub fn telling(mut self, cut: Arc<AtomicBool>) -> Self {
        self.cut = cut;
        self
    }

    /// Waits for bytes, or for the end; false when the signal is the end.
    fn wait(&mut self) -> io::Result<bool> {
        loop {
            let left = match self.until {
                None => None,
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Ok(false);
                    }
                    Some(left.min(SILENCE))
                }
            };
            let limit = left.and_then(|left| Timespec::try_from(left).ok());
            let mut fds = [
                PollFd::new(&self.input, PollFlags::IN),
                PollFd::new(&self.stop, PollFlags::IN),
            ];
            let watched = if self.until.is_none() { 2 } else { 1 };
            match poll(&mut fds[..watched], limit.as_ref()) {
                Err(Errno::INTR) => continue,
                Err(e) => return Err(e.into()),
                Ok(0) => return Ok(false),
                Ok(_) => {}
            }
            let (input, stop) = (fds[0].revents(), fds[1].revents());
            if watched == 2 && !stop.is_empty() {
                if !self.live {
                    return Ok(false);
                }
                self.until = Some(Instant::now() + PATIENCE);
            } else if !input.is_empty() {
                return Ok(true);
            }
        }
    }
}

impl Read for Stoppable {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.wait()? {
            return self.input.read(buf);
        }
        self.cut.store(true, Relaxed);
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use rustix::pipe::pipe;

    use super::*;
    use signal_hook::consts::SIGURG;

    /// One test, since the signal is the whole process's.
    #[test]
    fn a_signal_ends_a_file_at_once_and_a_pipe_when_it_is_silent() {
        let stop = Arc::new(StopSignal::on(&[SIGURG]).unwrap());
        let (reads, writes) = pipe().unwrap();
        let mut writes = File::from(writes);
        let mut piped = Stoppable::new(File::from(reads), Arc::clone(&stop)).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abc").unwrap();
        io::Seek::rewind(&mut file).unwrap();
        let mut file = Stoppable::new(file, Arc::clone(&stop)).unwrap();
        assert!(piped.is_live() && !file.is_live());
        let mut byte = [0];
        assert_eq!(file.read(&mut byte).unwrap(), 1);
        writes.write_all(b"ab").unwrap();
        assert_eq!(piped.read(&mut byte).unwrap(), 1);

        signal_hook::low_level::raise(SIGURG).unwrap();
        assert!(stop.raised());
        assert_eq!(file.read(&mut byte).unwrap(), 0);
        assert!(file.was_cut().load(Relaxed));
        // What was written before, and after, is read.
        assert_eq!(piped.read(&mut byte).unwrap(), 1);
        let late = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            writes.write_all(b"c").unwrap();
            writes
        });
        assert_eq!((piped.read(&mut byte).unwrap(), byte), (1, *b"c"));
        // Silence is the end, though the pipe is open.
        let writes = late.join().unwrap();
        assert_eq!(piped.read(&mut byte).unwrap(), 0);
        assert!(piped.was_cut().load(Relaxed));
        drop(writes);
        // The pipe's own end is one: nothing was cut.
        let (reads, writes) = pipe().unwrap();
        let mut piped = Stoppable::new(File::from(reads), stop).unwrap();
        drop(writes);
        assert_eq!(piped.read(&mut byte).unwrap(), 0);
        assert!(!piped.was_cut().load(Relaxed));
    }
}
