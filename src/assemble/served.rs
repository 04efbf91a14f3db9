//! Which thread served each exchange of a flow.

use super::watched::Watched;
use crate::model::{Exchange, FlowRecord};

/// All of a flow's by the thread that served the connection.
pub(super) fn by_one(flows: &mut [FlowRecord]) {
    for flow in flows {
        let owner = flow.server_owner.as_ref();
        let by = owner.and_then(|owner| Some((owner.pid, owner.serve_tid?)));
        for exchange in &mut flow.exchanges {
            (exchange.serve_pid, exchange.serve_tid) = by.unzip();
        }
    }
}

/// Each by the thread that received its request's first byte. `found`: the place of the
/// flow of each connection that was accepted.
pub(super) fn by_hands(watched: Watched<'_>, flows: &mut [FlowRecord], found: &[Option<usize>]) {
    let Some(side) = watched.activity else {
        return;
    };
    for (accepted, flow) in side.sockets.accepted.iter().zip(found) {
        if let Some(flow) = *flow {
            let places = places(&flows[flow].exchanges);
            for (exchange, byte) in flows[flow].exchanges.iter_mut().zip(places) {
                // That a process alone has sent tells nothing of what it did not answer.
                let known = !accepted.alone || exchange.response_ns.is_some();
                let by = byte.filter(|_| known);
                let by = by.and_then(|byte| accepted.hands.serving(byte));
                (exchange.serve_pid, exchange.serve_tid) = by.unzip();
            }
        }
    }
}

/// The place of each request's first byte in the stream, 0 for its first. Sequence numbers
/// begin anew past 4 GiB (RFC 9293, 3.4), and requests come one after another.
fn places(exchanges: &[Exchange]) -> Vec<Option<u64>> {
    let mut before = 0;
    let place = |exchange: &Exchange| {
        let number = u64::from(exchange.request_seq?.get()) - 1;
        let mut place = (before & !u64::from(u32::MAX)) | number;
        if place < before {
            place += 1 << 32;
        }
        before = place;
        Some(place)
    };
    exchanges.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use std::num::NonZero;

    #[test]
    fn numbers_begin_anew_past_4_gib() {
        let of = |seq: u32| Exchange::begun(Timestamp::default(), NonZero::new(seq));
        let all = [of(1), of(u32::MAX), of(0), of(5), of(4)];
        let expected = [0, 0xffff_fffe].map(Some).into_iter().chain([
            None,
            Some(0x1_0000_0004),
            Some(0x2_0000_0003),
        ]);
        assert!(places(&all).into_iter().eq(expected));
    }
}
