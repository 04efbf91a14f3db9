//! The buffer between an input and the parsers: records are looked at in it,
//! and frames borrowed from it.

use std::io::{self, ErrorKind, Read};

use super::Problem;

/// The buffer's size, in bytes. It never grows: nothing longer is ever needed
/// at once (a frame of [`MAX_SNAPLEN`](crate::capfile::MAX_SNAPLEN) bytes and its
/// header are).
pub(super) const CAPACITY: usize = 512 * 1024;

/// Bytes asked of the input at a time: what stays in the processor's caches.
const FETCH: usize = 128 * 1024;

/// A fixed window on an input that only goes forward.
pub(super) struct Input<R> {
    inner: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Bytes of the input before `buffer`.
    before: u64,
    /// Where the current record began, if some of it was consumed already.
    begun: Option<u64>,
    at_end: bool,
}

impl<R: Read> Input<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: vec![0; CAPACITY].into_boxed_slice(),
            start: 0,
            end: 0,
            before: 0,
            begun: None,
            at_end: false,
        }
    }

    /// Bytes from the beginning of the input.
    pub(super) const fn offset(&self) -> u64 {
        self.before + self.start as u64
    }

    /// Where the current record began, as [`offset`](Self::offset).
    pub(super) const fn begun(&self) -> u64 {
        match self.begun {
            Some(offset) => offset,
            None => self.offset(),
        }
    }

    /// Notes that a record begins here and is going to be consumed piece by
    /// piece.
    pub(super) const fn begin(&mut self) {
        self.begun = Some(self.begun());
    }

    /// Notes that the record ends here.
    pub(super) const fn finish(&mut self) {
        self.begun = None;
    }

    /// Whether no more than what is available fits.
    pub(super) const fn is_full(&self) -> bool {
        self.end - self.start == CAPACITY
    }

    /// What is in the buffer.
    #[inline]
    pub(super) fn available(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether `n` bytes could be brought into the buffer; fewer are there only
    /// at the end of the input. Reads no more often than it must, so that frames
    /// from a pipe are seen when they come.
    #[inline]
    pub(super) fn need(&mut self, n: usize) -> io::Result<bool> {
        if self.end - self.start >= n {
            return Ok(true);
        }
        self.fetch(n)
    }

    #[cold]
    fn fetch(&mut self, n: usize) -> io::Result<bool> {
        debug_assert!(n <= CAPACITY, "{n} bytes at once");
        self.buffer.copy_within(self.start..self.end, 0);
        self.before += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        while self.end < n && !self.at_end {
            let until = CAPACITY.min(n.max(self.end + FETCH));
            match self.inner.read(&mut self.buffer[self.end..until]) {
                Ok(0) => self.at_end = true,
                Ok(got) => self.end += got,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(self.end >= n)
    }

    /// As [`need`](Self::need), but fewer bytes are a file cut off.
    #[inline]
    pub(super) fn require(&mut self, n: usize, reading: &'static str) -> Result<(), Problem> {
        if self.need(n)? {
            return Ok(());
        }
        Err(Problem::CutOff {
            reading,
            expected: n as u64,
            there: (self.end - self.start) as u64,
        })
    }

    /// Goes on by `n` bytes that are in the buffer.
    #[inline]
    pub(super) fn consume(&mut self, n: usize) {
        debug_assert!(n <= self.end - self.start);
        self.start += n;
    }

    /// Goes on by `n` bytes, wherever they are.
    pub(super) fn skip(&mut self, mut n: u64, reading: &'static str) -> Result<(), Problem> {
        let expected = n;
        while n > 0 {
            if self.start == self.end && !self.need(1)? {
                return Err(Problem::CutOff {
                    reading,
                    expected,
                    there: expected - n,
                });
            }
            let there = self.end - self.start;
            let step = usize::try_from(n).unwrap_or(usize::MAX).min(there);
            self.consume(step);
            n -= step as u64;
        }
        Ok(())
    }

    /// The `len` bytes that end `back` bytes before what is next: a frame just
    /// consumed.
    #[inline]
    pub(super) fn consumed(&self, len: usize, back: usize) -> &[u8] {
        let end = self.start - back;
        &self.buffer[end - len..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_is_behind_and_what_is_missing_is_counted() {
        // Longer than the buffer, so that it is filled more than once.
        let all = CAPACITY as u64 * 2 + 100;
        let mut input = Input::new(io::repeat(7).take(all));
        input.skip(40, "a frame").unwrap();
        input.skip(CAPACITY as u64 * 2, "a frame").unwrap();
        assert_eq!(input.offset(), all - 60);
        let Err(Problem::CutOff {
            reading,
            expected,
            there,
        }) = input.skip(100, "a frame")
        else {
            panic!("nothing is missing");
        };
        assert_eq!((reading, expected, there), ("a frame", 100, 60));
    }
}
