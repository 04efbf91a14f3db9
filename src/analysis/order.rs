//! The orders in which flows can be told.

use std::cmp::Reverse;

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

/// Sorts flows; those that are equal stay in the order of their numbers.
pub fn sort(flows: &mut [FlowRecord], key: SortKey, reverse: bool) {
    flows.sort_unstable_by_key(|f| f.flow);
    match key {
        SortKey::Flow => {}
        SortKey::Client => flows.sort_by_key(|f| f.client),
        SortKey::Server => flows.sort_by_key(|f| f.server),
        SortKey::State => flows.sort_by_key(|f| f.state),
        SortKey::Duration => flows.sort_by_key(|f| Reverse(f.last_ns.since(f.first_ns))),
        SortKey::Frames => flows.sort_by_key(|f| Reverse(frames(f))),
        SortKey::Bytes => flows.sort_by_key(|f| Reverse(bytes(f))),
        SortKey::Retransmissions => flows.sort_by_key(|f| Reverse(retransmissions(f))),
        SortKey::Handshake => flows.sort_by_key(|f| Reverse(handshake(f))),
        SortKey::Exchange => flows.sort_by_key(|f| Reverse(exchange(f))),
    }
    if reverse {
        flows.reverse();
    }
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
