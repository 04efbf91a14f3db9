//! A watch: who was there was looked at for a while, and nothing was started. What began
//! before it is known to have been there, and is not counted as begun; what comes after
//! it is nobody's affair.

use std::collections::HashSet;

use super::moments::When;
use crate::activity::Activity;
use crate::model::observation::{Change, Event, Observation};
use crate::model::{Endpoint, FlowRecord, Nanos, Timestamp};

/// The time that was watched, and what of the client's was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Watch {
    since: Timestamp,
    until: Timestamp,
    /// The client's own ends of connections that it had made before.
    earlier: HashSet<Endpoint>,
    /// Whether it is known what the client made: else all that connect are the client.
    knows_client: bool,
}

/// For so long no port is given to another connection: a SYN within this time after the
/// beginning is one of a connect(2) that was called before it.
const NO_PORT_AGAIN: Nanos = Nanos::new(10_000_000);

impl Watch {
    /// `None` of a run.
    pub fn of(observation: &Observation, when: &When) -> Option<Self> {
        observation.header.asked.is_watch().then(|| Self {
            // Where the log ends before that moment nothing was counted.
            since: observation.watched_since().unwrap_or(when.moments.over),
            until: when.moments.over,
            earlier: observation.begun_before_the_watch(),
            knows_client: false,
        })
    }

    /// Whether it is told of a moment after the end. Who takes a connection that was
    /// begun before is told a little later.
    pub fn is_over_at(&self, event: &Event) -> bool {
        match event.what {
            Change::Connected { from, .. } => from > self.until,
            Change::Accepted { .. }
            | Change::TakenOver { .. }
            | Change::Received { .. }
            | Change::ReceivedElsewhere { .. }
            | Change::Sent { .. }
            | Change::Shared { .. } => false,
            _ => event.at > self.until,
        }
    }

    /// Forgets the connections that a client had begun before.
    pub fn begin_client(&mut self, client: Option<&mut Activity>) {
        let Some(client) = client else { return };
        self.knows_client = true;
        client.sockets.made.retain(|c| c.from >= self.since);
    }

    /// Whether a flow began before, or may have: its SYN is not in the capture.
    pub fn is_older(&self, flow: &FlowRecord) -> bool {
        flow.handshake.is_none_or(|handshake| {
            let begun = handshake.syn_ns;
            let soon = begun < self.since.plus(NO_PORT_AGAIN);
            begun < self.since || soon && self.earlier.contains(&flow.client)
        })
    }

    /// Whether a flow began while it was watched.
    pub fn began_in(&self, flow: &FlowRecord) -> bool {
        let in_time = |h: crate::model::Handshake| h.syn_ns <= self.until;
        !self.is_older(flow) && flow.handshake.is_some_and(in_time)
    }

    /// Whether a flow is the client's and began before.
    pub fn is_earlier_own(&self, flow: &FlowRecord) -> bool {
        self.is_older(flow) && (!self.knows_client || self.earlier.contains(&flow.client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Fixture;

    fn watch(flow: &FlowRecord, since: i64) -> Watch {
        let syn = flow.handshake.unwrap().syn_ns;
        Watch {
            since: syn.plus(Nanos::new(since)),
            until: syn.plus(Nanos::new(1_000_000_000)),
            earlier: HashSet::new(),
            knows_client: true,
        }
    }

    #[test]
    fn what_began_before_is_not_counted_as_begun() {
        let flow = Fixture::normal(1).flows.remove(0);
        assert!(watch(&flow, 0).began_in(&flow), "at its first moment");
        let later = watch(&flow, 1);
        assert!(!later.began_in(&flow) && later.is_older(&flow));
        assert!(!later.is_earlier_own(&flow), "another client's");
        let mut half = flow.clone();
        half.handshake = None;
        assert!(watch(&flow, 0).is_older(&half) && !watch(&flow, 0).began_in(&half));
        let mut over = watch(&flow, 0);
        over.until = flow.handshake.unwrap().syn_ns.plus(Nanos::new(-1));
        assert!(!over.began_in(&flow) && !over.is_older(&flow));
    }

    #[test]
    fn a_connection_on_its_way_at_the_beginning_is_older() {
        let flow = Fixture::normal(1).flows.remove(0);
        let mut watch = watch(&flow, -1);
        assert!(watch.began_in(&flow));
        watch.earlier.insert(flow.client);
        assert!(watch.is_earlier_own(&flow) && !watch.began_in(&flow));
        // Its port may be given again.
        watch.since = watch.since.plus(Nanos::new(-20_000_000));
        assert!(watch.began_in(&flow));
    }

    #[test]
    fn where_no_client_is_known_all_that_connect_are_it() {
        let flow = Fixture::normal(1).flows.remove(0);
        let mut watch = watch(&flow, 1);
        watch.knows_client = false;
        assert!(watch.is_earlier_own(&flow));
    }
}
