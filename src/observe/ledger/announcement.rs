//! How a built-in server tells where it listens: one line on a pipe.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::super::Listening;

/// What a server tells its coordinator first, on its standard output: a line
/// that begins with one of these.
pub const LISTENING: &str = "listening ";
/// See [`LISTENING`].
pub const FAILED: &str = "failed ";

/// No line of ours is longer.
const LONGEST: usize = 4096;

/// The line, as far as it has come.
#[derive(Debug)]
pub struct Announcement {
    pipe: File,
    line: Vec<u8>,
}

impl Announcement {
    /// What will come through this pipe.
    #[must_use]
    pub fn new(pipe: File) -> Self {
        Self {
            pipe,
            line: Vec::new(),
        }
    }

    /// Listens to it for so long at most. [`Listening::Failed`] without a text:
    /// the pipe was closed, and nothing was said.
    pub fn hear(&mut self, limit: Duration) -> Listening {
        let until = Instant::now() + limit;
        let mut byte = [0u8; 1];
        while !self.line.ends_with(b"\n") && self.line.len() < LONGEST {
            let left = until.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).ok();
            let fd = self.pipe.as_fd();
            // Interrupted by a signal is "not yet", too: the caller looks at it.
            if !matches!(
                poll(&mut [PollFd::new(&fd, PollFlags::IN)], left.as_ref()),
                Ok(1..)
            ) {
                return Listening::NotYet;
            }
            match self.pipe.read(&mut byte) {
                Ok(1) => self.line.push(byte[0]),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                _ => return Listening::Failed(String::new()),
            }
        }
        self.parse()
    }

    fn parse(&self) -> Listening {
        let text = String::from_utf8_lossy(&self.line);
        let text = text.trim_end();
        if let Some(Ok(at)) = text.strip_prefix(LISTENING).map(str::parse) {
            Listening::At(at)
        } else {
            Listening::Failed(text.strip_prefix(FAILED).unwrap_or(text).to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn pipe() -> (Announcement, File) {
        let (out, into) = rustix::pipe::pipe().unwrap();
        (Announcement::new(File::from(out)), File::from(into))
    }

    #[test]
    fn a_line_is_heard_when_it_is_whole() {
        let (mut said, mut server) = pipe();
        assert_eq!(said.hear(Duration::ZERO), Listening::NotYet);
        server.write_all(b"listening 127.0.").unwrap();
        assert_eq!(said.hear(Duration::ZERO), Listening::NotYet);
        server.write_all(b"0.1:45000\n").unwrap();
        let at = "127.0.0.1:45000".parse().unwrap();
        assert_eq!(said.hear(Duration::ZERO), Listening::At(at));
    }

    #[test]
    fn a_failure_is_told_in_its_own_words() {
        let (mut said, mut server) = pipe();
        server.write_all(b"failed port 45000 is in use\n").unwrap();
        let failed = Listening::Failed("port 45000 is in use".to_owned());
        assert_eq!(said.hear(Duration::ZERO), failed);
        let (mut said, server) = pipe();
        drop(server);
        assert_eq!(said.hear(Duration::ZERO), Listening::Failed(String::new()));
    }
}
