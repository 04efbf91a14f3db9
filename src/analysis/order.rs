//! The orders in which flows can be told.

use std::cmp::Reverse;
use std::collections::VecDeque;

use crate::model::{Exchange, FlowRecord, Handshake, Nanos};

/// What flows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// Their number: the order of their first frames.
    Flow,
    /// The client's address and port.
    Client,
    /// The server's address and port.
    Server,
    /// Zeek's state.
    State,
    /// How long they lasted, the longest first.
    Duration,
    /// Frames both ways, the most first.
    Frames,
    /// Bytes on the wire both ways, the most first.
    Bytes,
    /// Retransmissions both ways, the most first.
    Retransmissions,
    /// How long the handshake took, the longest first; those without one last.
    Handshake,
    /// How long the slowest exchange took, the longest first; those without one last.
    Exchange,
}

/// Sorts flows; those that are equal stay in the order of their numbers. No second list
/// is needed: there may be millions.
pub fn sort(flows: &mut [FlowRecord], key: SortKey, reverse: bool) {
    match key {
        SortKey::Flow => flows.sort_unstable_by_key(|f| f.flow),
        SortKey::Client => by(flows, |f| f.client),
        SortKey::Server => by(flows, |f| f.server),
        SortKey::State => by(flows, |f| f.state),
        SortKey::Duration => by(flows, |f| Reverse(f.last_ns.since(f.first_ns))),
        SortKey::Frames => by(flows, |f| Reverse(frames(f))),
        SortKey::Bytes => by(flows, |f| Reverse(bytes(f))),
        SortKey::Retransmissions => by(flows, |f| Reverse(retransmissions(f))),
        SortKey::Handshake => by(flows, |f| Reverse(handshake(f))),
        SortKey::Exchange => by(flows, |f| Reverse(exchange(f))),
    }
    if reverse {
        flows.reverse();
    }
}

fn by<K: Ord>(flows: &mut [FlowRecord], key: impl Fn(&FlowRecord) -> K) {
    flows.sort_unstable_by_key(|f| (key(f), f.flow));
}

fn frames(f: &FlowRecord) -> u64 {
    f.client_frames.saturating_add(f.server_frames)
}

fn bytes(f: &FlowRecord) -> u64 {
    f.client_wire_bytes.saturating_add(f.server_wire_bytes)
}

fn retransmissions(f: &FlowRecord) -> u64 {
    f.client_retransmissions
        .saturating_add(f.server_retransmissions)
}

fn handshake(f: &FlowRecord) -> Option<Nanos> {
    f.handshake.as_ref().and_then(Handshake::duration)
}

fn exchange(f: &FlowRecord) -> Option<Nanos> {
    f.exchanges.iter().filter_map(Exchange::duration).max()
}

/// Puts flows in the order of their numbers as they end: only those wait that have ended
/// before one that began before them.
#[derive(Debug, Default)]
pub struct InOrder {
    /// The number of the flow that is told next.
    next: u64,
    /// From that one on, those that have ended.
    waiting: VecDeque<Option<Box<FlowRecord>>>,
}

impl InOrder {
    /// Takes a flow, and tells all that have nothing to wait for any more. Every number
    /// comes once.
    pub fn take(&mut self, flow: FlowRecord, tell: &mut impl FnMut(&FlowRecord)) {
        let Some(ahead) = flow.flow.0.checked_sub(self.next).filter(|n| *n > 0) else {
            tell(&flow);
            self.waiting.pop_front();
            self.next += 1;
            while let Some(Some(_)) = self.waiting.front()
                && let Some(Some(flow)) = self.waiting.pop_front()
            {
                tell(&flow);
                self.next += 1;
            }
            return;
        };
        let place = usize::try_from(ahead).unwrap_or(usize::MAX);
        if self.waiting.len() <= place {
            self.waiting.resize_with(place + 1, || None);
        }
        self.waiting[place] = Some(Box::new(flow));
    }

    /// Tells those that still wait for one that never came.
    pub fn finish(self, tell: &mut impl FnMut(&FlowRecord)) {
        self.waiting
            .into_iter()
            .flatten()
            .for_each(|flow| tell(&flow));
    }
}
