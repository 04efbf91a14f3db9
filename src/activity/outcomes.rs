//! How the connections of a program of somebody else's went: from what its
//! connect(2) returned and from what the wire shows of each.
//!
//! Whether an answer was right can be said of the TIME protocol only. Of any
//! other protocol a connection that was made has no outcome here.

use super::{Activity, Connection};
use crate::correlate::pairs::{self, Attempt};
use crate::model::{Close, Exchange, Exit, FlowRecord, Incomplete, Nanos, Outcome, Timestamp};

/// Later than everything: the end of what has none.
const NEVER: Timestamp = Timestamp::from_nanos(i64::MAX);

/// On what terms flows tell how requests ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// The server is known to speak TIME, and nothing else.
    pub time: bool,
    /// The capture ended, and connections that are open may go on: what was awaited on
    /// them then has not failed.
    pub left_open: bool,
    /// Frames were lost: what is not there may have been there.
    pub lossy: bool,
}

/// The connections that a client made, each with its own flow.
pub struct Wire<'a> {
    side: Option<&'a Activity>,
    flows: Vec<Option<&'a FlowRecord>>,
    /// Whether somebody spoke TIME.
    time: bool,
    terms: Terms,
}

impl<'a> Wire<'a> {
    /// Joins the connections of a client with the flows of its run. A port may be
    /// used again within a millisecond: each connection has a flow of its own.
    #[must_use]
    pub fn new(flows: &'a [FlowRecord], side: Option<&'a Activity>) -> Self {
        let made = side.map_or(&[][..], |s| &s.sockets.made[..]);
        let attempt = |c: &Connection| {
            let ended = side.and_then(|s| s.tasks.get(c.task).ended);
            Attempt {
                local: c.local,
                from: c.from,
                until: c.until.or(ended).unwrap_or(NEVER),
            }
        };
        let attempts: Vec<Attempt> = made.iter().map(attempt).collect();
        let pairs = pairs::of_attempts(flows, &attempts, |a| *a).into_iter();
        Self {
            side,
            flows: pairs.map(|flow| Some(&flows[flow?])).collect(),
            time: flows
                .iter()
                .any(|f| hides_time(f) || f.exchanges.iter().any(speaks_time)),
            terms: Terms::default(),
        }
    }

    /// The same on these terms.
    #[must_use]
    pub fn on(mut self, terms: Terms) -> Self {
        self.time |= terms.time;
        self.terms = terms;
        self
    }

    /// Whether what is not there on a flow may have come, or may still come.
    pub(super) fn may_come(&self, flow: &FlowRecord) -> bool {
        self.terms.lossy || self.terms.left_open && flow.close == Close::Open
    }

    /// Whether a request may have been made, or have been to be made, on a flow that
    /// carried none.
    pub(super) fn is_missed(&self, flow: &FlowRecord) -> bool {
        !flow.is_established() || self.terms.lossy && self.time
    }

    /// Whether answers can be judged.
    #[must_use]
    pub fn speaks_time(&self) -> bool {
        self.time
    }

    /// The flow of a connection, by its place among those that were made.
    #[must_use]
    pub fn flow_of(&self, made: usize) -> Option<&'a FlowRecord> {
        *self.flows.get(made)?
    }

    /// How it went, where that can be said.
    #[must_use]
    pub fn outcome(&self, made: usize) -> Option<Outcome> {
        let side = self.side?;
        let connection = side.sockets.made.get(made)?;
        match connection.errno {
            Some(0 | libc::EINPROGRESS | libc::EINTR) => match self.flow_of(made) {
                Some(flow) => self.on_flow(flow, &End::of(connection, side)),
                None => by_calls(connection, side),
            },
            Some(errno) => Some(of_errno(errno)),
            // It ended inside connect(2).
            None => Some(Outcome::Abandoned),
        }
    }

    /// How many connections were made.
    pub(super) fn made(&self) -> usize {
        self.flows.len()
    }

    /// How it went on a flow, whichever connection it is.
    pub(super) fn outcome_on(&self, flow: &FlowRecord, made: Option<usize>) -> Option<Outcome> {
        match made {
            // What connect(2) returned was not lost.
            Some(made) if self.terms.lossy => self.outcome(made),
            _ => self.on_flow(flow, &self.end(made)),
        }
    }

    /// Why a request on a flow got no answer.
    pub(super) fn without_answer(&self, flow: &FlowRecord, made: Option<usize>) -> Outcome {
        without_answer(flow, &self.end(made))
    }

    fn end(&self, made: Option<usize>) -> End {
        let of = |side: &Activity| Some(End::of(side.sockets.made.get(made?)?, side));
        self.side.and_then(of).unwrap_or_default()
    }

    fn on_flow(&self, flow: &FlowRecord, end: &End) -> Option<Outcome> {
        let failed = |outcome| Some(outcome).filter(|_| !self.may_come(flow));
        if !flow.is_answered() {
            return failed(match flow.close {
                Close::Rst => Outcome::Refused,
                _ => without_answer(flow, end),
            });
        }
        if !self.time {
            return None;
        }
        let exchanges = &flow.exchanges;
        if asked_nothing(flow, end) {
            // A connection without a request: nothing has failed.
            return None;
        }
        // A request that got no answer got no bad one.
        let mut answered = exchanges.iter().filter(|e| has_an_answer(e));
        if answered.clone().any(|e| e.valid == Some(false)) {
            Some(Outcome::BadAnswer)
        } else if exchanges.is_empty() || !exchanges.iter().all(has_an_answer) {
            failed(without_answer(flow, end))
        } else {
            let all = answered.all(|e| e.valid == Some(true));
            all.then_some(Outcome::Valid)
        }
    }
}

/// Whether an exchange is one of TIME: it was judged, or could not be because not all
/// of it was captured.
fn speaks_time(exchange: &Exchange) -> bool {
    exchange.valid.is_some() || exchange.problem.is_some()
}

/// Whether it may be TIME that was spoken, and the bytes by which that is seen were not
/// captured.
fn hides_time(flow: &FlowRecord) -> bool {
    let hides = [Incomplete::FirstBytesCut, Incomplete::FirstBytesLost];
    flow.incomplete.iter().any(|reason| hides.contains(reason))
}

/// Whether an answer came while its client was there to read it.
pub(super) fn has_an_answer(exchange: &Exchange) -> bool {
    exchange.response_ns.is_some() && !exchange.came_too_late()
}

/// Whether a connection was made and closed by its client, which had sent nothing on it,
/// and then lived on, or ended itself as one that is content: a port probe, a health
/// check.
fn asked_nothing(flow: &FlowRecord, end: &End) -> bool {
    let first = flow.history.chars().find(|c| "fFrRiI".contains(*c));
    let closed = flow.client_closed_ns;
    let by_itself = closed.is_some_and(|closed| end.content || end.is_after(closed));
    let silent = flow.client_payload_bytes == 0 && flow.exchanges.is_empty();
    silent && by_itself && matches!(first, Some('F' | 'R'))
}

/// Why a request got no answer: because of whoever closed the connection first.
fn without_answer(flow: &FlowRecord, end: &End) -> Outcome {
    // In Zeek's history the server's letters are small ones.
    let first = flow.history.chars().find(|c| "fFrRiI".contains(*c));
    match first {
        Some('f') => Outcome::Closed,
        Some('r' | 'i') => Outcome::Reset,
        // A client that closes and lives on has waited long enough.
        _ => match flow.client_closed_ns {
            Some(closed) if end.is_after(closed) => Outcome::Timeout,
            _ => Outcome::Abandoned,
        },
    }
}

/// How a connection went that no capture shows, by what its calls returned, where these
/// were looked at. Whether an answer was right they do not tell.
fn by_calls(connection: &Connection, side: &Activity) -> Option<Outcome> {
    let talk = &connection.talk;
    if let Some((_, errno)) = connection.settled.filter(|settled| settled.1 != 0) {
        return Some(of_errno(errno));
    }
    let nothing_came = talk.asked.is_empty() && !talk.greeted;
    let turned_away = nothing_came && talk.over.is_some();
    if !talk.is_unanswered() && !turned_away {
        return None;
    }
    if let Some((_, errno)) = talk.over {
        return Some(match errno {
            0 => Outcome::Closed,
            errno => of_errno(errno),
        });
    }
    let process = side.tasks.get(connection.task).process?;
    // It may go on, and read what comes.
    side.tasks.processes()[process].exit?;
    // As of a flow: a client that closes and lives on has waited long enough.
    let end = End::of(connection, side);
    Some(match talk.closed {
        Some(closed) if end.is_after(closed) => Outcome::Timeout,
        _ => Outcome::Abandoned,
    })
}

/// The end of the process that made a connection.
#[derive(Default)]
struct End {
    /// When it may have begun to exit; `None` when it did not.
    exit: Option<Timestamp>,
    /// Whether the thread that made the connection has ended the process itself, with
    /// exit status 0: nothing came between it and what it meant to do.
    content: bool,
}

impl End {
    fn of(connection: &Connection, side: &Activity) -> Self {
        /// How long after its sockets are closed the end of a process that was
        /// killed may be seen.
        const SEEN_LATE: Nanos = Nanos::new(100_000_000);
        let Some(process) = side.tasks.get(connection.task).process else {
            return Self::default();
        };
        let process = &side.tasks.processes()[process];
        let killed = matches!(process.exit, Some(Exit::Signal(_)));
        let early = if killed { -SEEN_LATE.get() } else { 0 };
        Self {
            exit: process.exit_begun.map(|at| at.plus(Nanos::new(early))),
            content: process.exit == Some(Exit::Code(0))
                && process.exit_by == Some(connection.task),
        }
    }

    /// Whether the process lived on after a moment.
    fn is_after(&self, at: Timestamp) -> bool {
        self.exit.is_none_or(|exit| at < exit)
    }
}

fn of_errno(errno: i32) -> Outcome {
    match errno {
        libc::ECONNREFUSED => Outcome::Refused,
        libc::ECONNRESET | libc::EPIPE => Outcome::Reset,
        libc::ETIMEDOUT => Outcome::Timeout,
        libc::EADDRNOTAVAIL => Outcome::NoPort,
        libc::ENETUNREACH | libc::EHOSTUNREACH => Outcome::Unreachable,
        _ => Outcome::Other,
    }
}

#[cfg(test)]
mod tests;
