//! Where somebody wants to have a run saved, and how.

use std::path::PathBuf;

use crate::model::{FlowChoice, Nanos};

/// Where to save a run or a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaveIn {
    /// The folder; `None` takes a new one under `captures/runs`.
    pub folder: Option<PathBuf>,
    /// Whether an earlier run there is replaced.
    pub replace: bool,
    /// Whether other users may read it.
    pub shared: bool,
    /// Which flows are kept in `flows.jsonl`.
    pub flows: FlowChoice,
    /// Whether what is large is compressed.
    pub compress: bool,
    /// When the capture goes on in another file; `None`: never.
    pub rotate: Option<Rotate>,
}

/// When a capture goes on in another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotate {
    /// Before a file would be longer than so many bytes.
    Size(u64),
    /// With a frame that is so much later than the first one of the file.
    Time(Nanos),
}
