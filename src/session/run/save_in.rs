//! Where somebody wants to have a run saved, and how.

use std::path::PathBuf;

/// Where to save a run or a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaveIn {
    /// The folder; `None` takes a new one under `captures/runs`.
    pub folder: Option<PathBuf>,
    /// Whether an earlier run there is replaced.
    pub replace: bool,
    /// Whether other users may read it.
    pub shared: bool,
}
