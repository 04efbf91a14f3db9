//! What flows and workers show of who did how much; without words.

use std::collections::{HashMap, HashSet};

use crate::model::{
    Close, FlowRecord, Pid, Provenance, RunRecord, ServerOwner, Side, SideCensus, Tid,
};
use crate::report::view::RunView;

/// How connections are shared among threads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shares {
    /// Connections.
    pub(super) connections: u64,
    /// Threads.
    pub(super) threads: u64,
    /// Their processes.
    pub(super) processes: u64,
    /// The fewest of one thread.
    pub(super) fewest: u64,
    /// The most of one thread.
    pub(super) most: u64,
    /// The thread, where it is one.
    pub(super) only: Option<Tid>,
}

impl Shares {
    /// Of connections, each by what tells its thread from all others.
    fn of(each: impl Iterator<Item = (Pid, Tid, u32)>) -> Option<Self> {
        let mut shares: HashMap<(Pid, Tid, u32), u64> = HashMap::new();
        for thread in each {
            *shares.entry(thread).or_default() += 1;
        }
        let processes: HashSet<Pid> = shares.keys().map(|(pid, ..)| *pid).collect();
        let only = (shares.len() == 1).then(|| shares.keys().next()).flatten();
        Some(Self {
            connections: shares.values().sum(),
            threads: shares.len() as u64,
            processes: processes.len() as u64,
            fewest: *shares.values().min()?,
            most: *shares.values().max()?,
            only: only.map(|(_, tid, _)| *tid),
        })
    }

    /// Whether each thread is a process of its own, of several.
    pub(super) fn by_processes(&self) -> bool {
        self.processes > 1 && self.processes == self.threads
    }
}

/// Who tried to make the client's connections, of those flows whose maker is known.
pub(super) fn made(view: RunView<'_>) -> Option<Shares> {
    if view.run.capture.is_none() && view.flows.is_empty() {
        let clients = view.workers.iter().filter(|w| w.side == Side::Client);
        let made = clients.filter(|w| w.connected_ns.is_some());
        return Shares::of(made.filter_map(|w| Some((w.pid?, w.tid?, w.worker?.0))));
    }
    let owners = view.flows.iter().filter_map(|flow| flow.client_owner);
    Shares::of(owners.map(|owner| (owner.pid, owner.tid, owner.worker.0)))
}

/// The threads of the server of each connection of which they are known, by the flows
/// or, where nothing was captured, as both sides tell.
pub(super) fn server_owners(view: RunView<'_>) -> impl Iterator<Item = ServerOwner> {
    let captured = view.run.capture.is_some() || !view.flows.is_empty();
    let told = view.workers.iter().filter(move |_| !captured);
    let told = told.filter_map(|worker| worker.told?.server_owner);
    let owners = view.flows.iter().filter_map(|flow| flow.server_owner);
    owners.chain(told)
}

/// The one thread that accepted all of them, where it is one.
pub(super) fn acceptor(view: RunView<'_>) -> Option<Tid> {
    let mut all = server_owners(view).filter_map(|owner| owner.accept_tid);
    let first = all.next()?;
    all.all(|tid| tid == first).then_some(first)
}

/// How many threads accepted; `None` where a number may stand for several.
pub(super) fn acceptors(view: RunView<'_>) -> Option<u64> {
    let all = server_owners(view).filter_map(|owner| owner.accept_tid);
    let threads: HashSet<Tid> = all.collect();
    (!threads.is_empty() && numbers_are_used_once(view.run)).then_some(threads.len() as u64)
}

/// Who served them, of those flows of which it is known; `None` where a thread's number
/// may stand for several.
pub(super) fn served(view: RunView<'_>) -> Option<Shares> {
    let owners = server_owners(view);
    let shares = Shares::of(owners.filter_map(|o| Some((o.pid, o.serve_tid?, 0))))?;
    let one_each = shares.most == 1;
    (one_each || numbers_are_used_once(view.run)).then_some(shares)
}

/// Whether the thread that accepted a connection served it, too: of all those of which
/// it is known who accepted them. `false` where another one did, or it is not known.
pub(super) fn same_thread(view: RunView<'_>) -> bool {
    let mut accepted = server_owners(view).filter(|owner| owner.accept_tid.is_some());
    let same = |owner: ServerOwner| owner.accept_tid == owner.serve_tid;
    accepted.next().is_some_and(same) && accepted.all(same)
}

/// Whether no number of a thread can have been given twice within the run: far fewer
/// tasks came than there are numbers.
fn numbers_are_used_once(run: &RunRecord) -> bool {
    let numbers = run.environment.limits.get("kernel.pid_max").copied();
    let created = |side: &SideCensus| side.threads.created;
    let (client, server) = (created(&run.census.client), created(&run.census.server));
    match (numbers.flatten(), client, server) {
        (Some(numbers), Some(client), Some(server)) => client.saturating_add(server) < numbers / 4,
        _ => false,
    }
}

/// How many frames the capture is known to have lost.
pub(super) fn lost(run: &RunRecord) -> u64 {
    let capture = run.capture.iter();
    let dropped = capture.flat_map(|c| [c.dropped_by_kernel, c.dropped_by_interface]);
    dropped.flatten().fold(0, u64::saturating_add)
}

/// Whether the capture has frames more than once, so that copies look like frames that
/// were sent again.
pub(super) fn has_copies(run: &RunRecord) -> bool {
    run.findings.iter().any(|f| f.code == "frames_twice")
}

/// Whether a connection has no end in the capture.
pub(super) fn some_open(flows: &[FlowRecord]) -> bool {
    flows.iter().any(|flow| flow.close == Close::Open)
}

/// Whether every task of the side was told of, so that its counts are exact.
pub(super) fn is_exact(census: &SideCensus) -> bool {
    !matches!(census.provenance, None | Some(Provenance::Sampled))
}

/// The most established connections that there were at one moment, each from its first
/// frame to its last.
pub(super) fn open_at_once(flows: &[FlowRecord]) -> u64 {
    let made = || flows.iter().filter(|flow| flow.is_established());
    let mut opened: Vec<_> = made().map(|flow| flow.first_ns).collect();
    let mut closed: Vec<_> = made().map(|flow| flow.last_ns).collect();
    opened.sort_unstable();
    closed.sort_unstable();
    let mut ended = 0;
    let mut peak = 0;
    for (begun, moment) in opened.iter().enumerate() {
        while closed.get(ended).is_some_and(|end| end < moment) {
            ended += 1;
        }
        peak = peak.max((begun + 1).saturating_sub(ended));
    }
    peak as u64
}
