//! Facts to lines.

use std::io::{self, Write};

use super::pack::pack;
use super::state::State;
use crate::model::observation::Fact;

/// Writes the log of a run. The first fact is the header.
///
/// ```
/// use threadtap::obsfile::{ObservationReader, ObservationWriter};
///
/// let log = std::fs::read("captures/golden-runs/thread/observation.jsonl")?;
/// let mut copy = ObservationWriter::new(Vec::new());
/// for fact in ObservationReader::open(&log[..])? {
///     copy.write(&fact?)?;
/// }
/// assert_eq!(copy.into_inner(), log);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ObservationWriter<W> {
    pub(super) out: W,
    state: State,
    line: Vec<u8>,
    facts: u64,
    bytes: u64,
}

impl<W: Write> ObservationWriter<W> {
    /// A log that begins. Each line goes out by one write: give a buffer.
    pub fn new(out: W) -> Self {
        Self {
            out,
            state: State::default(),
            line: Vec::with_capacity(256),
            facts: 0,
            bytes: 0,
        }
    }

    /// Writes one more fact.
    ///
    /// # Errors
    /// Those of the output. What was written last may be torn then; a reader
    /// keeps what comes before, and nothing more may be written.
    pub fn write(&mut self, fact: &Fact) -> io::Result<()> {
        self.line.clear();
        if !pack(fact, &mut self.state, &mut self.line) {
            serde_json::to_writer(&mut self.line, fact)?;
            self.line.push(b'\n');
            self.state.long(fact);
        }
        self.out.write_all(&self.line)?;
        self.facts += 1;
        self.bytes += self.line.len() as u64;
        Ok(())
    }

    /// Hands on what is buffered.
    ///
    /// # Errors
    /// Those of the output.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// How many facts were written.
    #[must_use]
    pub const fn facts(&self) -> u64 {
        self.facts
    }

    /// How many bytes they took.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The output.
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// Writes a fact in its long form, a JSON object, and a line break.
///
/// # Errors
/// Those of the output.
pub fn write_long(fact: &Fact, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, fact)?;
    out.write_all(b"\n")
}
