//! The bytes of a file of ours, decompressed where it is compressed.
//!
//! The file may come from anywhere. Few bytes can be made to decompress to very many
//! (a decompression bomb), which would fill the memory or the disk of whoever keeps what
//! it says: past a bound no more is read. threadtap writes no file that is compressed
//! further than that.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::source::Source;
use crate::capfile::{FREELY, MOST_TIMES};

/// The bytes of a file.
pub struct Unpacked<R: Read> {
    source: Source<Counted<R>>,
    taken: Arc<AtomicU64>,
    given: u64,
}

/// An input of which it is known how much was read.
struct Counted<R> {
    inner: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.taken.fetch_add(n as u64, Relaxed);
        Ok(n)
    }
}

impl<R: Read> Unpacked<R> {
    /// Looks at the first bytes: whether it is compressed, they tell.
    ///
    /// # Errors
    /// Those of the input.
    pub fn new(inner: R) -> io::Result<Self> {
        let taken = Arc::default();
        let counted = Counted {
            inner,
            taken: Arc::clone(&taken),
        };
        Ok(Self {
            source: Source::new(counted)?,
            taken,
            given: 0,
        })
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buf)?;
        self.given = self.given.saturating_add(n as u64);
        let most = self.taken.load(Relaxed).saturating_mul(MOST_TIMES);
        if self.source.compression().is_some() && self.given > most.saturating_add(FREELY) {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                format!(
                    "it decompresses to more than {MOST_TIMES} times its size: it is not read any further"
                ),
            ));
        }
        Ok(n)
    }
}
