//! A process that starts this program anew, for one that gives up its privileges.
//!
//! Whoever conducts a comparison starts run after run, and each opens a tap of its own; to
//! read what the runs have left needs no privilege. So the starting is another process's,
//! forked before anything is given up. It knows what may be started: it is told a number
//! and a port, and nothing else.
//!
//! A run is its child, and dies with it. It ends, and ends the run, when nobody is at the
//! other end of its socket any more.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair,
};

use super::self_exec::SelfExec;
use super::{DYING, Exit, fork_and, rusage};
use crate::model::Pid;

/// What is said through the socket, a message each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// Start the run with this number, on this port.
    Start(u32, Option<u16>),
    /// Ask it to end.
    Interrupt,
    /// End it.
    Kill,
    /// It was started.
    Started(u32),
    /// The system refused it, with this error.
    Refused(i32),
    /// It has ended.
    Ended(Exit),
}

const LENGTH: usize = 12;

impl Word {
    fn bytes(self) -> [u8; LENGTH] {
        let (kind, a, b): (u32, u32, u32) = match self {
            Self::Start(number, None) => (0, number, u32::MAX),
            Self::Start(number, Some(port)) => (0, number, port.into()),
            Self::Interrupt => (1, 0, 0),
            Self::Kill => (2, 0, 0),
            Self::Started(pid) => (3, pid, 0),
            Self::Refused(errno) => (4, errno.cast_unsigned(), 0),
            Self::Ended(Exit::Code(code)) => (5, 0, code.cast_unsigned()),
            Self::Ended(Exit::Signal(signal)) => (5, 1, signal.cast_unsigned()),
        };
        let mut bytes = [0; LENGTH];
        for (part, number) in bytes.chunks_exact_mut(4).zip([kind, a, b]) {
            part.copy_from_slice(&number.to_ne_bytes());
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| {
            let part = bytes.get(at * 4..at * 4 + 4)?;
            Some(u32::from_ne_bytes(part.try_into().ok()?))
        };
        let (a, b) = (number(1)?, number(2)?);
        Some(match number(0)? {
            0 => Self::Start(a, u16::try_from(b).ok()),
            1 => Self::Interrupt,
            2 => Self::Kill,
            3 => Self::Started(a),
            4 => Self::Refused(a.cast_signed()),
            5 if a == 0 => Self::Ended(Exit::Code(b.cast_signed())),
            5 => Self::Ended(Exit::Signal(b.cast_signed())),
            _ => return None,
        })
    }
}

fn tell(socket: &OwnedFd, word: Word) -> io::Result<()> {
    // Without the flag the end of the other one would be a signal.
    send(socket, &word.bytes(), SendFlags::NOSIGNAL)?;
    Ok(())
}

/// The next word; `None` where the other one has gone.
fn hear(socket: &OwnedFd) -> io::Result<Option<Word>> {
    let mut bytes = [0; LENGTH];
    loop {
        match recv(socket, &mut bytes[..], RecvFlags::empty()) {
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::CONNRESET) => return Ok(None),
            heard => return Ok(Word::read(&bytes[..heard?.1])),
        }
    }
}

fn is_readable(fd: &impl AsFd, limit: Duration) -> bool {
    let limit = Timespec::try_from(limit).ok();
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    matches!(poll(&mut fds, limit.as_ref()), Ok(n) if n > 0)
}

/// The process that starts them.
#[derive(Debug)]
pub struct Starter {
    process: Pid,
    socket: Option<OwnedFd>,
    /// What a run says on its standard error.
    said: File,
}

impl Starter {
    /// Forks it. `arguments` are those of the run with a number, on a port. No other thread
    /// may exist yet.
    ///
    /// # Errors
    /// When the system refuses a process or a descriptor.
    pub fn ready(arguments: impl Fn(u32, Option<u16>) -> Vec<String>) -> io::Result<Self> {
        let (here, there) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        let said = File::from(memfd_create("stderr", MemfdFlags::CLOEXEC)?);
        let its_said = said.try_clone()?;
        // Its copy of this end is closed there: it could not tell that we have gone.
        let mut here = Some(here);
        let process = fork_and(|| {
            drop(here.take());
            serve(&there, &its_said, &arguments);
            0
        })?;
        drop(there);
        tracing::info!("process {process} starts the runs");
        Ok(Self {
            process,
            socket: here,
            said,
        })
    }

    /// Starts the run with this number.
    ///
    /// # Errors
    /// When the system refuses the process, or somebody has ended the starter.
    pub fn start(&mut self, number: u32, port: Option<u16>) -> io::Result<Started<'_>> {
        let socket = self.socket.as_ref().ok_or_else(gone)?;
        self.said.set_len(0)?;
        tell(socket, Word::Start(number, port))?;
        match hear(socket)? {
            Some(Word::Started(pid)) => Ok(Started {
                pid: Pid(pid),
                socket,
                said: &mut self.said,
                exit: None,
            }),
            Some(Word::Refused(errno)) => Err(io::Error::from_raw_os_error(errno)),
            _ => Err(gone()),
        }
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        // That is its end.
        self.socket = None;
        let _ = rusage::reap(self.process);
    }
}

fn gone() -> io::Error {
    io::Error::other("the process that starts the runs was ended")
}

/// A run at work. Dropped, it is killed.
#[derive(Debug)]
pub struct Started<'a> {
    pid: Pid,
    socket: &'a OwnedFd,
    said: &'a mut File,
    exit: Option<Exit>,
}

impl Started<'_> {
    /// Waits until it ends, until `also` is readable, or until the time is over.
    /// Returns how it ended, where it did.
    ///
    /// # Errors
    /// When somebody has ended the starter.
    pub fn wait(&mut self, also: &impl AsFd, limit: Duration) -> io::Result<Option<Exit>> {
        let limit = Timespec::try_from(limit).ok();
        let also = also.as_fd();
        let mut fds = [
            PollFd::new(self.socket, PollFlags::IN),
            PollFd::new(&also, PollFlags::IN),
        ];
        // Woken, timed out or interrupted: looked at below.
        let _ = poll(&mut fds, limit.as_ref());
        self.ended()
    }

    /// How it ended; `None` while it runs.
    ///
    /// # Errors
    /// When somebody has ended the starter.
    pub fn ended(&mut self) -> io::Result<Option<Exit>> {
        while self.exit.is_none() && is_readable(self.socket, Duration::ZERO) {
            match hear(self.socket)? {
                Some(Word::Ended(exit)) => self.exit = Some(exit),
                Some(_) => {}
                None => return Err(gone()),
            }
        }
        Ok(self.exit)
    }

    /// Asks it to end.
    pub fn interrupt(&self) {
        tracing::info!("SIGTERM to the run, pid {}", self.pid);
        // It has gone: the run's end tells it.
        let _ = tell(self.socket, Word::Interrupt);
    }

    /// What it has said on its standard error.
    ///
    /// # Errors
    /// Those of reading.
    pub fn said(&mut self) -> io::Result<String> {
        let mut bytes = Vec::new();
        self.said.rewind()?;
        self.said.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl AsFd for Started<'_> {
    /// Readable when it has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Started<'_> {
    fn drop(&mut self) {
        if matches!(self.ended(), Ok(None)) {
            let _ = tell(self.socket, Word::Kill);
            let until = Instant::now() + DYING;
            while matches!(self.ended(), Ok(None)) && Instant::now() < until {
                is_readable(self.socket, Duration::from_millis(100));
            }
        }
    }
}

/// The starter's part: one run after the other.
fn serve(socket: &OwnedFd, said: &File, arguments: &dyn Fn(u32, Option<u16>) -> Vec<String>) {
    while let Ok(Some(word)) = hear(socket) {
        let Word::Start(number, port) = word else {
            continue;
        };
        let mut said = said;
        let run = said
            .seek(SeekFrom::Start(0))
            .and_then(|_| SelfExec::start(&arguments(number, port), said));
        let answer = match &run {
            Ok(run) => Word::Started(run.pid()),
            Err(e) => Word::Refused(e.raw_os_error().unwrap_or(libc::EIO)),
        };
        if tell(socket, answer).is_err() {
            return;
        }
        if let Ok(run) = run
            && attend(run, socket).is_none()
        {
            return;
        }
    }
}

/// Until it has ended. `None` where nobody is there any more; then it is killed.
fn attend(mut run: SelfExec, socket: &OwnedFd) -> Option<()> {
    loop {
        let exit = run.wait(socket, Duration::from_hours(1)).ok()?;
        if let Some(exit) = exit {
            return tell(socket, Word::Ended(exit)).ok();
        }
        if is_readable(socket, Duration::ZERO) {
            match hear(socket).ok()?? {
                Word::Interrupt => run.interrupt(),
                Word::Kill => run.kill(),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_heard_as_it_was_said() {
        for word in [
            Word::Start(7, None),
            Word::Start(7, Some(45_000)),
            Word::Start(0, Some(0)),
            Word::Interrupt,
            Word::Kill,
            Word::Started(4242),
            Word::Refused(libc::EAGAIN),
            Word::Ended(Exit::Code(130)),
            Word::Ended(Exit::Signal(9)),
        ] {
            assert_eq!(Word::read(&word.bytes()), Some(word));
        }
        assert_eq!(Word::read(&[]), None);
        assert_eq!(Word::read(&[9; LENGTH]), None);
    }
}
