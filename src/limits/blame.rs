//! Which limit a refusal is to be blamed on.
//!
//! In come the call that was refused, its error number and the limits as they
//! stood at that moment; out goes the one that was used up, or the word that
//! none was.

use crate::model::{CeilingKind, Limit, LimitName, Scope};

/// What the system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// The memory of a thread's stack.
    Mmap,
    /// The thread itself.
    Clone,
    /// A process.
    Fork,
    /// A client's socket.
    Socket,
    /// Its connection.
    Connect,
    /// The server's socket of a connection.
    Accept,
    /// The answer on a connection that seemed to be there.
    Answer,
}

impl Call {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mmap => "mmap",
            Self::Clone => "clone",
            Self::Fork => "fork",
            Self::Socket => "socket",
            Self::Connect => "connect",
            Self::Accept => "accept",
            Self::Answer => "recv",
        }
    }
}

/// A refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Of what.
    pub call: Call,
    /// With which error number.
    pub errno: i32,
}

/// What is to be blamed for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The limit at this place.
    Limit(usize),
    /// The limit at this place is the suspect: none was seen to be used up, and of this
    /// one not all that is in use can be seen.
    Suspect(usize),
    /// A limit, but none of those that can be read here: they have plenty left.
    Unread,
    /// No limit: it is not an error that a limit gives.
    Other,
}

// Numbers of Linux that are the same on every architecture that it runs on
// with this program (errno(3)).
const EAGAIN: i32 = 11;
const ENOMEM: i32 = 12;
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
const EPIPE: i32 = 32;
const EADDRNOTAVAIL: i32 = 99;
const ECONNRESET: i32 = 104;
const ENOBUFS: i32 = 105;
const ETIMEDOUT: i32 = 110;
const ECONNREFUSED: i32 = 111;
const EINPROGRESS: i32 = 115;

impl Refusal {
    /// Whether it is what a client sees of a server that has ended.
    #[must_use]
    pub const fn is_of_a_dead_server(self) -> bool {
        matches!(self.call, Call::Connect | Call::Answer)
            && matches!(self.errno, ECONNRESET | ECONNREFUSED | EPIPE)
    }

    /// The one limit that gives this error, whatever is left of it: at that
    /// moment it may be impossible to open a file to read it, and others may
    /// have given something back since.
    const fn is_only_of(self, limit: &Limit) -> bool {
        match (self.call, self.errno) {
            (Call::Socket | Call::Accept, ENFILE) => matches!(limit.name, LimitName::FileMax),
            (Call::Socket, EMFILE) => {
                matches!(
                    (limit.name, limit.scope),
                    (LimitName::Nofile, Scope::Client)
                )
            }
            (Call::Accept, EMFILE) => {
                matches!(
                    (limit.name, limit.scope),
                    (LimitName::Nofile, Scope::Server)
                )
            }
            (Call::Connect, EADDRNOTAVAIL) => matches!(limit.name, LimitName::PortRange),
            _ => false,
        }
    }

    /// Whether a limit can give this error.
    const fn is_of_a_limit(self) -> bool {
        matches!(
            self.errno,
            EAGAIN | ENOMEM | ENFILE | EMFILE | EADDRNOTAVAIL | ENOBUFS | ETIMEDOUT | EINPROGRESS
        ) || self.is_of_a_dead_server()
    }
}

/// Whether a limit can be the reason of a refusal.
fn can_refuse(kind: CeilingKind, refusal: Refusal, limit: &Limit) -> bool {
    use LimitName as L;
    let memory = matches!(limit.name, L::Memory | L::MemoryMax);
    match (refusal.call, refusal.errno) {
        (Call::Mmap, _) => matches!(
            limit.name,
            L::MaxMapCount
                | L::AddressSpaceLimit
                | L::Data
                | L::AddressSpace
                | L::Overcommit
                | L::CommitLimit
        ),
        // clone(2): EAGAIN for each of these.
        (Call::Clone | Call::Fork, EAGAIN) => {
            matches!(
                limit.name,
                L::Nproc | L::PidsMax | L::ThreadsMax | L::PidMax
            )
        }
        (Call::Clone | Call::Fork, ENOMEM) => {
            memory || kind == CeilingKind::Process && limit.name == L::CommitLimit
        }
        // A server whose memory is refused ends; its client sees no more of it.
        _ if refusal.is_of_a_dead_server() => {
            memory || matches!(limit.name, L::AddressSpaceLimit | L::Data | L::CommitLimit)
        }
        // What is full forgets a segment, and the client waits in vain.
        (Call::Connect | Call::Answer, ETIMEDOUT | EINPROGRESS) => {
            matches!(limit.name, L::ConntrackMax | L::TcpMem | L::Somaxconn)
        }
        (Call::Socket | Call::Connect | Call::Accept | Call::Answer, ENOMEM | ENOBUFS) => {
            memory || limit.name == L::TcpMem
        }
        _ => false,
    }
}

/// What a refusal is to be blamed on: of the limits that can refuse this, the
/// one of which least is left at the top. `at_top` are the limits as they
/// stand while everything that was reached is still there.
#[must_use]
pub fn blame(kind: CeilingKind, refusal: Refusal, at_top: &[Limit], reached: u64) -> Blame {
    if let Some(at) = at_top.iter().position(|limit| refusal.is_only_of(limit)) {
        return Blame::Limit(at);
    }
    if !refusal.is_of_a_limit() {
        return Blame::Other;
    }
    // Others begin and end tasks while the limits are read.
    let exact = (reached / 100).max(3);
    // An estimate may be off, and memory is taken in pieces that hold dozens.
    let estimated = reached / 5 + 64;
    at_top
        .iter()
        .enumerate()
        .filter(|(_, limit)| can_refuse(kind, refusal, limit))
        .filter_map(|(at, limit)| Some((limit.allows?, limit.estimated, at)))
        .filter(|(left, is_estimate, _)| *left <= if *is_estimate { estimated } else { exact })
        .min()
        .map_or_else(
            || suspect(kind, refusal, at_top),
            |(_, _, at)| Blame::Limit(at),
        )
}

/// The limit of which more may be in use than can be seen, if one such can refuse this.
fn suspect(kind: CeilingKind, refusal: Refusal, at_top: &[Limit]) -> Blame {
    let may_be_full = |limit: &Limit| {
        limit.in_use_at_least && limit.allows.is_some() && can_refuse(kind, refusal, limit)
    };
    at_top
        .iter()
        .position(may_be_full)
        .map_or(Blame::Unread, Blame::Suspect)
}
