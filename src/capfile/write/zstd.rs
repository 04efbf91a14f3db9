//! zstd (RFC 8878): a file as frames one after the other, each of a megabyte.
//!
//! A frame is whole in itself: a file that is cut can be read up to its last whole frame,
//! and no more than one of them is in memory.

use std::io::{self, Write};

use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::capfile::{FREELY, MOST_TIMES};

/// What is compressed at once.
const FRAME: usize = 1 << 20;

/// Compresses what is written to it.
pub struct ZstdWriter<W: Write> {
    out: W,
    waiting: Vec<u8>,
    taken: u64,
    given: u64,
}

impl<W: Write> ZstdWriter<W> {
    /// Around a file.
    pub fn new(out: W) -> Self {
        Self {
            out,
            waiting: Vec::with_capacity(FRAME),
            taken: 0,
            given: 0,
        }
    }

    fn frame(&mut self) -> io::Result<()> {
        let packed = compress_to_vec(&self.waiting[..], CompressionLevel::Fastest);
        self.taken += self.waiting.len() as u64;
        self.given += packed.len() as u64;
        self.waiting.clear();
        self.out.write_all(&packed)
    }

    /// Writes what is still waiting. Tells whether the file can be read again: one that is
    /// compressed further than readers follow cannot ([`MOST_TIMES`]).
    ///
    /// # Errors
    /// Those of the file.
    pub fn finish(mut self) -> io::Result<bool> {
        if !self.waiting.is_empty() || self.taken == 0 {
            self.frame()?;
        }
        self.out.flush()?;
        let most = self.given.saturating_mul(MOST_TIMES);
        Ok(self.taken <= most.saturating_add(FREELY))
    }
}

impl<W: Write> Write for ZstdWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(FRAME - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..n]);
        if self.waiting.len() == FRAME {
            self.frame()?;
        }
        Ok(n)
    }

    /// Nothing is handed on before its frame is whole, or the file ends.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::capfile::Unpacked;

    fn there_and_back(bytes: &[u8]) -> usize {
        let mut out = Vec::new();
        let mut writer = ZstdWriter::new(&mut out);
        writer.write_all(bytes).unwrap();
        assert!(writer.finish().unwrap());
        let mut again = Vec::new();
        let mut reader = Unpacked::new(&out[..]).unwrap();
        reader.read_to_end(&mut again).unwrap();
        assert!(again == bytes);
        out.len()
    }

    #[test]
    fn what_is_written_is_read_again() {
        there_and_back(b"");
        there_and_back(b"x");
        let line = b"{\"flow\":1,\"client\":{\"ip\":\"127.0.0.1\"}}\n";
        let lines: Vec<u8> = line.iter().copied().cycle().take(3 * FRAME + 5).collect();
        assert!(there_and_back(&lines) < lines.len() / 20);
        let mut n = 1u32;
        let noise: Vec<u8> = (0..=FRAME)
            .map(|_| {
                n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                n.to_be_bytes()[0]
            })
            .collect();
        there_and_back(&noise);
    }

    #[test]
    fn what_no_reader_would_follow_is_told() {
        let mut writer = ZstdWriter::new(io::sink());
        for _ in 0..80 {
            writer.write_all(&vec![0; FRAME]).unwrap();
        }
        assert!(!writer.finish().unwrap());
    }
}
