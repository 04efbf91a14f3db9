//! A connection, and who worked on it when.

use super::TaskIndex;
use crate::model::Timestamp;

/// A connection that a client made: who, from its connect(2) to its answer or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// The task.
    pub task: TaskIndex,
    /// When it was begun.
    pub from: Timestamp,
    /// When the task is first known to be at it.
    pub at_it: Timestamp,
    /// When it was over; `None` when that is not known.
    pub until: Option<Timestamp>,
    /// When the last process had closed it that held it; `None` when that is not
    /// known. What has come can be read until then, long after it is over on the
    /// wire.
    pub held: Option<Timestamp>,
    /// Whether who used it was seen, which is not looked at of a client.
    pub seen: bool,
    /// Whether one task received first and another one sent first.
    pub shared: bool,
    /// Whether several tasks received from it.
    pub passed: bool,
}

/// A connection that a server took: who served it (or accepted it, where
/// nobody was seen to serve), from its accept(2) to its answer or end.
pub type Served = Made;
