//! What follows from the limits: which binds, and where a search is to end.

use crate::model::{CeilingKind, Limit, LimitName, Scope};

/// What the limits promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The place of the limit that binds first; `None` where none bounds.
    pub binds: Option<usize>,
    /// The number that it allows, to the very end.
    pub very_end: Option<u64>,
    /// Less the reserve: what a search reaches that nobody stops.
    pub predicted: Option<u64>,
    /// Where the search is to end at the latest, if anywhere: what the system
    /// shares is not used up, and not more than asked for is created.
    pub cap: Option<u64>,
    /// Where the search is to end: as predicted, or at the number asked for.
    pub goal: Option<u64>,
}

/// Weighs the limits. The reserve is kept of what the whole system shares, so
/// that others can still fork; what only this user, this control group or this
/// process has is used to the end. Memory, whose end is not a refusal but a
/// kill, has a reserve everywhere, but is watched while it is being used: its
/// arithmetic is an estimate.
#[must_use]
pub fn weigh(limits: &[Limit], reserve_percent: u64, max: Option<u64>) -> Outlook {
    let lowest = |keep: &dyn Fn(&Limit) -> Option<u64>| {
        limits
            .iter()
            .enumerate()
            .filter_map(|(at, limit)| Some((keep(limit)?, at)))
            .min()
    };
    let very_end = lowest(&|limit| limit.allows);
    let less_reserve = |n: u64| n - share(n, reserve_percent);
    let kept = lowest(&|limit| {
        let keeps = limit.scope == Scope::System && !limit.estimated && reserve_percent > 0;
        limit.allows.filter(|_| keeps).map(less_reserve)
    });
    let memory = lowest(&|limit| limit.allows.filter(|_| limit.estimated).map(less_reserve));
    let cap = [kept.map(|(n, _)| n), max].into_iter().flatten().min();
    let ends = [very_end, kept, memory].into_iter().flatten();
    let predicted = ends.map(|(n, _)| n).min();
    Outlook {
        binds: very_end.map(|(_, at)| at),
        very_end: very_end.map(|(n, _)| n),
        predicted,
        cap,
        goal: predicted.into_iter().chain(max).min(),
    }
}

/// So many percent, rounded up.
fn share(n: u64, percent: u64) -> u64 {
    let part = (u128::from(n) * u128::from(percent)).div_ceil(100);
    u64::try_from(part).unwrap_or(n).min(n)
}

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

// Numbers of Linux that are the same on every architecture that it runs on
// with this program (errno(3)).
const EAGAIN: i32 = 11;
const ENOMEM: i32 = 12;
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
const EADDRNOTAVAIL: i32 = 99;

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
        (Call::Socket | Call::Connect, EMFILE) => {
            limit.name == L::Nofile && limit.scope == Scope::Client
        }
        (Call::Accept, EMFILE) => limit.name == L::Nofile && limit.scope == Scope::Server,
        (Call::Socket | Call::Accept, ENFILE) => limit.name == L::FileMax,
        (Call::Connect, EADDRNOTAVAIL) => limit.name == L::PortRange,
        (Call::Connect | Call::Answer, _) => {
            memory || matches!(limit.name, L::ConntrackMax | L::TcpMem | L::Somaxconn)
        }
        _ => memory,
    }
}

/// The limit that a refusal is to be blamed on: of those that can refuse this,
/// the one of which least is left at the top. `at_top` are the limits as they
/// stand while everything that was reached is still there. `None` where every
/// candidate has plenty left: then it is a limit that cannot be read here.
#[must_use]
pub fn blame(kind: CeilingKind, refusal: Refusal, at_top: &[Limit], reached: u64) -> Option<usize> {
    // Others begin and end tasks while the limits are read.
    let slack = (reached / 100).max(3);
    at_top
        .iter()
        .enumerate()
        .filter(|(_, limit)| can_refuse(kind, refusal, limit))
        .filter_map(|(at, limit)| Some((limit.allows?, limit.estimated, at)))
        .filter(|(left, estimated, _)| *estimated || *left <= slack)
        .min()
        .map(|(_, _, at)| at)
}
