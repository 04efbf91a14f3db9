//! Standard output that fails: a closed pipe, a full disk.
//!
//! What was run is run and saved, and what is expected of it can be judged, even
//! where nothing can be printed. A reader that has seen enough (`head`) is no
//! error; anything else is told in one line, and the exit status says it.

use std::io::{self, Write};

use super::{DID_NOT_HOLD, OK};
use crate::sys::process::stderr;

/// The exit status that follows from how printing went; a failure is told on
/// standard error.
pub fn printed(result: io::Result<()>) -> u8 {
    match result {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            stderr::tell(format_args!(
                "threadtap: cannot write to standard output: {e}; redirect it to a disk with free space"
            ));
            DID_NOT_HOLD
        }
        _ => OK,
    }
}

/// An output that is written as long as that works. Where it has to be borne
/// with, a failure is kept until [`Patient::end`], so that whoever writes goes on
/// with what else there is to do.
#[derive(Debug)]
pub struct Patient<W> {
    out: W,
    bears: bool,
    failed: Option<io::Error>,
}

impl<W: Write> Patient<W> {
    /// Around an output; `bears` is whether a failure may wait.
    pub fn new(out: W, bears: bool) -> Self {
        Self {
            out,
            bears,
            failed: None,
        }
    }

    /// Flushes it.
    ///
    /// # Errors
    /// The first failure.
    pub fn end(mut self) -> io::Result<()> {
        self.flush()?;
        self.failed.map_or(Ok(()), Err)
    }

    fn bear<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(e) if self.bears => {
                self.failed = Some(e);
                Ok(instead)
            }
            other => other,
        }
    }
}

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed.is_some() {
            return Ok(bytes.len());
        }
        let written = self.out.write(bytes);
        self.bear(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.failed.is_some() {
            return Ok(());
        }
        let flushed = self.out.flush();
        self.bear(flushed, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, and no more.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let n = bytes.len().min(self.0);
            self.0 -= n;
            Ok(n)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_failure_waits_where_it_may() {
        let mut out = Patient::new(Full(3), true);
        for _ in 0..5 {
            out.write_all(b"ab").unwrap();
        }
        out.flush().unwrap();
        let e = out.end().unwrap_err();
        assert_eq!(e.kind(), io::ErrorKind::StorageFull);
        let mut out = Patient::new(Full(3), false);
        assert!(out.write_all(b"abcd").is_err());
        let mut out = Patient::new(Full(3), true);
        out.write_all(b"abc").unwrap();
        out.end().unwrap();
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        assert_eq!(printed(Ok(())), OK);
        assert_eq!(printed(Err(io::ErrorKind::BrokenPipe.into())), OK);
        assert_eq!(
            printed(Err(io::ErrorKind::StorageFull.into())),
            DID_NOT_HOLD
        );
    }
}
