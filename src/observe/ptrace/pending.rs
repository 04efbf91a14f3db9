//! Calls that a task is in.

use crate::model::{Endpoint, SocketId, Timestamp};

/// A call that is under way in a task.
#[derive(Clone, Copy, Debug)]
pub enum Pending {
    Connect {
        descriptor: i32,
        target: Endpoint,
        from: Timestamp,
        /// Whether it sends as well (`MSG_FASTOPEN`).
        sends: bool,
    },
    Disconnect(SocketId),
    Elsewhere {
        descriptor: i32,
        target: Endpoint,
    },
    Listen {
        descriptor: i32,
    },
    Accept {
        address: u64,
    },
    Receive(SocketId),
    Send {
        socket: SocketId,
        from: Timestamp,
    },
    AskError {
        descriptor: i32,
        /// Where in the program's memory the answer is.
        answer: u64,
    },
    /// A message with room for descriptors: where it is, and the size of a pointer.
    TakeOver {
        message: u64,
        pointer: usize,
    },
    TakeDescriptor,
    SetUpRing,
    Supervise,
    Strict,
}
