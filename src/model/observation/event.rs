//! What was seen of a side from outside: one event for each thing that its tasks
//! did and that this project asks about. The words are those of the facts,
//! whoever saw them: ptrace(2) today, another observer tomorrow.

use serde::{Deserialize, Serialize};

use crate::model::{Endpoint, Exit, Pid, Tid, Timestamp};

/// One socket, for as long as the system runs: its `SO_COOKIE` (socket(7)).
/// A descriptor's number is used again and is shared; this is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SocketId(pub u64);

/// How many connections to other ports are told of a side. A program may have
/// millions that are none of this run's business.
pub const MOST_ELSEWHERE: u64 = 1000;

/// Something that a task did, and when its observer saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When the observer saw it, by the clock of the capture.
    pub at: Timestamp,
    /// The task's process.
    pub pid: Pid,
    /// The task.
    pub tid: Tid,
    /// What it did.
    pub what: Change,
}

/// What a task did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It began to exist.
    Started {
        /// Whether it is the first thread of a process of its own.
        process: bool,
        /// The process that created it; `None` for the first of all.
        parent: Option<Pid>,
    },
    /// It was there when its observer came.
    Found {
        /// Whether it is the first thread of its process.
        process: bool,
    },
    /// Its process executed a program (execve(2)): all other threads of the
    /// process are gone, and the task goes on as the first thread.
    Executed {
        /// The task's id until then, which is another one where the thread
        /// that executed was not the first.
        former: Tid,
        /// The program's name, as the kernel keeps it.
        name: Box<str>,
        /// Whether the kernel gave it no privilege although its file asks for
        /// it (set-user-ID, set-group-ID), because it is traced.
        unprivileged: bool,
        /// Whether its calls are made in another convention than the
        /// machine's own (32-bit): its sockets are then not seen.
        foreign: bool,
        /// How many sockets of any kind it has kept open over the call; `None`
        /// where that was not to be seen.
        sockets: Option<u64>,
    },
    /// It is a thread among others, and this is its own name at a moment when
    /// that tells what it is for: at its process's first connection, and when
    /// its process begins to exit. Runtimes name their threads.
    Named {
        /// Its name, as the kernel keeps it.
        name: Box<str>,
    },
    /// Its process begins to exit, at its own will (`exit_group(2)`).
    ExitBegun,
    /// It ended while other threads of its process may go on.
    Ended(Exit),
    /// It has begun to exit, and its process goes on without it. Its end is
    /// told later: a first thread's when all others have ended as well.
    ThreadExiting,
    /// It made a socket listen.
    Listening {
        /// Where.
        local: Endpoint,
    },
    /// It called connect(2) on a TCP socket, and the call is over.
    Connected {
        /// The socket; `None` where it could not be asked any more.
        socket: Option<SocketId>,
        /// Where to.
        target: Endpoint,
        /// The moment before the call.
        from: Timestamp,
        /// The socket's own end; `None` where it could not be asked.
        local: Option<Endpoint>,
        /// 0, or the error, of which EINPROGRESS means that it goes on; `None`
        /// when the task ended inside the call.
        errno: Option<i32>,
    },
    /// It called connect(2) on a TCP socket to another port than the server's.
    /// Only the first of a side are told ([`MOST_ELSEWHERE`]).
    ConnectedElsewhere {
        /// Where to.
        target: Endpoint,
        /// As of [`Change::Connected`].
        errno: i32,
    },
    /// Its accept(2) returned a TCP connection.
    Accepted {
        /// The new socket.
        socket: SocketId,
        /// The peer.
        peer: Endpoint,
        /// The socket's own end; `None` where it has none any more.
        local: Option<Endpoint>,
    },
    /// It was the first to receive from an accepted socket, or to be told on
    /// receiving that the connection was reset. Of a client's socket, where its
    /// exchanges are looked at ([`super::Asked::client_exchanges`]): it was the first to receive
    /// after each request, or to be told of the end.
    Received {
        /// The socket.
        socket: SocketId,
        /// What the call returned: a number of bytes (of recvmmsg(2), of messages), 0 at
        /// the end of the stream, or a negative error number. `None` where only that it
        /// receives was seen (of a server's), and in logs of earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<i64>,
        /// The place of the first of these bytes in the peer's stream, 0 for its first.
        /// Where it is told, so is every later receive by another task than the one
        /// before. `None`: not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        byte: Option<u64>,
    },
    /// A process that is not of this side received from a connection that the side has;
    /// the event's task is the side's first.
    ReceivedElsewhere {
        /// The socket.
        socket: SocketId,
        /// As of [`Change::Received`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        byte: Option<u64>,
    },
    /// It used a TCP connection that nobody of this side was seen to accept: it was handed
    /// over by another program, was there when the observer came, or was accepted in a way
    /// that is not seen.
    TakenOver {
        /// The socket.
        socket: SocketId,
        /// The peer.
        peer: Endpoint,
        /// The socket's own end; `None` where it has none any more.
        local: Option<Endpoint>,
    },
    /// It was the first to send on an accepted socket; of a client's socket, the first
    /// to send after each answer.
    Sent {
        /// The socket.
        socket: SocketId,
        /// The moment before the call. `None` in logs of earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
    },
    /// It asked how the connection went that a socket was making in the background
    /// (`SO_ERROR`, socket(7)), and it is made no longer.
    Settled {
        /// The socket.
        socket: SocketId,
        /// 0: it is connected; or the error.
        errno: i32,
    },
    /// It closed a descriptor of a socket on which a client still awaited something to
    /// receive. Other descriptors of it may be open.
    Closed {
        /// The socket.
        socket: SocketId,
    },
    /// The SYN of a connection that it made goes out with the first data, and so
    /// after the call (`TCP_FASTOPEN_CONNECT`, tcp(7)).
    Deferred {
        /// The socket.
        socket: SocketId,
    },
    /// It dissolved a connection (connect(2) with `AF_UNSPEC`): its socket may
    /// connect anew.
    Disconnected {
        /// The socket.
        socket: SocketId,
    },
    /// It called ptrace(2), which a traced program cannot use as if alone.
    CalledPtrace,
    /// It used a socket, and the system refused the call by which the tracer looks at
    /// it. Told once of each call and error.
    LookRefused {
        /// The call: `pidfd_open`, `pidfd_getfd` or `process_vm_readv`.
        call: Box<str>,
        /// The error.
        errno: i32,
        /// Whether the system refuses it of every process, and not of this one.
        of_all: bool,
        /// Whether the socket was found in another way: by its inode, which
        /// `/proc/PID/fd` names. What is not found is missing among the events.
        found: bool,
    },
    /// It set up a ring (`io_uring_setup(2)`): what goes through that makes no system
    /// call of its own, and is not seen.
    SetUpRing,
    /// It installed a filter whose calls a supervisor answers
    /// (`SECCOMP_FILTER_FLAG_NEW_LISTENER`, seccomp(2)): from now on it stops at every
    /// call, because its filter hides calls from the one that it was given.
    Supervised,
    /// It asked for the strict mode of seccomp(2), which a program that has a filter
    /// is refused.
    StrictRefused,
    /// It is the only task of its process, and nobody else has the connections that the
    /// process accepts from now on: what is received and sent on them is not told, since
    /// only it can be who does.
    Alone,
    /// Its process is alone no longer: what is received and sent is told, as of any other.
    Accompanied,
    /// Others may have a connection now that a process alone had ([`Change::Alone`]).
    Shared {
        /// The socket.
        socket: SocketId,
        /// Whether something was received from it by now. Where not, the first to receive
        /// is told, if that is known.
        received: bool,
        /// The same of sending.
        sent: bool,
    },
}
