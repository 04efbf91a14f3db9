//! Lines of a file, whoever wrote it: none is longer than a bound.

use std::io::{BufRead, BufReader, Read};

use super::{MAX_LINE, ReadError};

/// Reads lines with their numbers.
#[derive(Debug)]
pub struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    number: u64,
    most: usize,
}

impl<R: Read> Lines<R> {
    /// The lines of a file.
    pub fn new(input: R) -> Self {
        Self::bounded(input, MAX_LINE)
    }

    /// The lines of a file, each of at most so many bytes.
    pub(super) fn bounded(input: R, most: usize) -> Self {
        Self {
            input: BufReader::with_capacity(1 << 16, input),
            line: Vec::new(),
            number: 0,
            most,
        }
    }

    /// The number of the line that was read last, from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The next line without its break, and whether it has one; `None` at the
    /// end. An empty last line without a break is the end.
    ///
    /// # Errors
    /// Those of the input, and a line that is too long.
    #[allow(clippy::should_implement_trait, reason = "it lends its line")]
    pub fn next(&mut self) -> Result<Option<(&[u8], bool)>, ReadError> {
        self.line.clear();
        self.number += 1;
        let most = self.most as u64 + 1;
        let read = (&mut self.input)
            .take(most)
            .read_until(b'\n', &mut self.line)
            .map_err(|source| ReadError::Io {
                line: self.number,
                source,
            })?;
        if read == 0 {
            return Ok(None);
        }
        let whole = self.line.last() == Some(&b'\n');
        if whole {
            self.line.pop();
        }
        if self.line.len() > self.most {
            return Err(ReadError::TooLong { line: self.number });
        }
        Ok(Some((&self.line, whole)))
    }
}
