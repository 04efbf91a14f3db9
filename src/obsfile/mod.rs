//! The log of a run, `observation.jsonl`: lines ↔ facts.
//!
//! In comes a fact, out goes a line; in comes a line, out comes the fact, over
//! any `Write` and `Read`. A line is JSON: an object is a fact in its long form,
//! an array is one of the frequent facts, packed. `docs/observation.md` describes
//! each. Pure.

mod error;
mod items;
mod lines;
mod pack;
mod read;
mod state;
mod tag;
mod unpack;
mod write;

#[cfg(test)]
mod tests;

pub use error::{ReadError, Refused};
pub(crate) use lines::Lines;
pub use read::{ObservationReader, gather};
pub use write::ObservationWriter;
pub(crate) use write::write_long;

/// The longest line that is read. The longest that is written holds a command
/// line, of which the kernel takes 6 MB (execve(2)), every byte escaped.
pub(crate) const MAX_LINE: usize = 64 << 20;
