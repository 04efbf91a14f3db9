//! The memory of a task that is stopped.

use std::io;

use libc::c_long;
use rustix::io::Errno;

use super::remote_socket::Refusal;
use super::tracee::Stopped;

impl Stopped {
    /// Reads its memory: how many bytes there were, none for an address that is not
    /// the program's.
    ///
    /// # Errors
    /// When the system refuses every way to read it.
    pub fn memory(&self, address: u64, into: &mut [u8]) -> Result<usize, Refusal> {
        match self.read_at_once(address, into) {
            Ok(read) => Ok(read),
            Err(Errno::FAULT | Errno::SRCH | Errno::INVAL) => Ok(0),
            // A tracer has another way, a word at a time.
            Err(errno) => match self.peek(address, into) {
                Ok(read) => Ok(read),
                Err(Errno::SRCH) => Ok(0),
                Err(_) => Err(refusal_to_read(errno)),
            },
        }
    }

    /// Writes into its memory a word at a time (`PTRACE_POKEDATA`); the length is that of
    /// whole words.
    ///
    /// # Errors
    /// When there is no memory, or not all of it.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn put(&self, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        for (word, at) in bytes
            .chunks_exact(size_of::<c_long>())
            .zip((address..).step_by(8))
        {
            let word = c_long::from_ne_bytes(word.try_into().map_err(|_| Errno::INVAL)?);
            // SAFETY: the kernel checks the address in the stopped task.
            let answer = unsafe {
                libc::syscall(
                    libc::SYS_ptrace,
                    c_long::from(libc::PTRACE_POKEDATA),
                    c_long::from(self.tid.0.cast_signed()),
                    at,
                    word,
                )
            };
            if answer == -1 {
                return Err(last_error());
            }
        }
        Ok(())
    }

    /// `process_vm_readv(2)`.
    fn read_at_once(&self, address: u64, into: &mut [u8]) -> Result<usize, Errno> {
        let local = libc::iovec {
            iov_base: into.as_mut_ptr().cast(),
            iov_len: into.len(),
        };
        let remote = libc::iovec {
            iov_base: std::ptr::with_exposed_provenance_mut(
                usize::try_from(address).map_err(|_| Errno::FAULT)?,
            ),
            iov_len: into.len(),
        };
        // SAFETY: `local` describes `into`; the kernel checks `remote`.
        let read = unsafe {
            libc::process_vm_readv(
                self.tid.0.cast_signed(),
                &raw const local,
                1,
                &raw const remote,
                1,
                0,
            )
        };
        usize::try_from(read).map_err(|_| last_error())
    }

    /// `PTRACE_PEEKDATA` (ptrace(2)): any address, a word at a time.
    fn peek(&self, address: u64, into: &mut [u8]) -> Result<usize, Errno> {
        const WORD: usize = size_of::<libc::c_long>();
        let length = into.len();
        for start in (0..length).step_by(WORD) {
            // The last word ends where the bytes do: behind them there may be nothing.
            let at = start.min(length.saturating_sub(WORD));
            let from = address.wrapping_add(at as u64);
            let mut word = [0u8; WORD];
            // SAFETY: the kernel checks the address in the stopped task, and writes
            // one word to where the last argument points, which has room for it.
            let answer = unsafe {
                libc::syscall(
                    libc::SYS_ptrace,
                    c_long::from(libc::PTRACE_PEEKDATA),
                    c_long::from(self.tid.0.cast_signed()),
                    from,
                    word.as_mut_ptr(),
                )
            };
            if answer == -1 {
                return Err(last_error());
            }
            let end = length.min(at + WORD);
            if let Some(part) = into.get_mut(at..end) {
                part.copy_from_slice(&word[..end - at]);
            }
        }
        Ok(length)
    }
}

/// What was refused when a task's memory was to be read.
fn refusal_to_read(errno: Errno) -> Refusal {
    let (from, mut to) = ([0u8; 1], [0u8; 1]);
    let local = libc::iovec {
        iov_base: to.as_mut_ptr().cast(),
        iov_len: 1,
    };
    let remote = libc::iovec {
        iov_base: from.as_ptr().cast_mut().cast(),
        iov_len: 1,
    };
    let pid = std::process::id().cast_signed();
    // SAFETY: both describe a byte of this process, which is read and written.
    let read = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    Refusal {
        call: "process_vm_readv",
        errno: errno.raw_os_error(),
        of_all: read == -1 && last_error() == errno,
    }
}

fn last_error() -> Errno {
    Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO)
}
