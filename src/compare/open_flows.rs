//! How many flows were open at once on the wire, and how often a SYN was sent
//! again: what only the flows of a run can tell.

use crate::model::{FlowRecord, Timestamp};

/// Takes the flows of a run, one by one.
#[derive(Clone, Debug, Default)]
pub struct OpenFlows {
    opened: Vec<Timestamp>,
    closed: Vec<Timestamp>,
    syn_retransmissions: u64,
}

impl OpenFlows {
    /// Takes one flow into account.
    pub fn add(&mut self, flow: &FlowRecord) {
        self.opened.push(flow.first_ns);
        self.closed.push(flow.last_ns);
        if let Some(handshake) = flow.handshake {
            self.syn_retransmissions += u64::from(handshake.syn_count.saturating_sub(1));
        }
    }

    /// SYNs beyond the first of each flow.
    #[must_use]
    pub fn syn_retransmissions(&self) -> u64 {
        self.syn_retransmissions
    }

    /// The largest number of flows that were open at one moment: each is from
    /// its first frame to its last, both included.
    #[must_use]
    pub fn peak(mut self) -> u64 {
        self.opened.sort_unstable();
        self.closed.sort_unstable();
        let mut ended = 0;
        let mut peak = 0;
        for (begun, moment) in self.opened.iter().enumerate() {
            while self.closed.get(ended).is_some_and(|end| end < moment) {
                ended += 1;
            }
            peak = peak.max(begun + 1 - ended);
        }
        peak as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::testkit::flow;
    use proptest::prelude::*;

    fn of(spans: &[(i64, i64)]) -> OpenFlows {
        let mut open = OpenFlows::default();
        let mut flow = flow();
        for &(from, to) in spans {
            flow.first_ns = Timestamp::from_nanos(from);
            flow.last_ns = Timestamp::from_nanos(to);
            open.add(&flow);
        }
        open
    }

    #[test]
    fn ends_count_as_open() {
        assert_eq!(of(&[]).peak(), 0);
        assert_eq!(of(&[(0, 10), (20, 30)]).peak(), 1);
        assert_eq!(of(&[(0, 10), (10, 30)]).peak(), 2);
        assert_eq!(of(&[(0, 100), (10, 20), (15, 30), (40, 50)]).peak(), 3);
        assert_eq!(of(&[(5, 5), (5, 5)]).peak(), 2);
    }

    #[test]
    fn syns_sent_again_are_counted() {
        let mut open = OpenFlows::default();
        let mut flow = flow();
        open.add(&flow);
        if let Some(handshake) = &mut flow.handshake {
            handshake.syn_count = 3;
        }
        open.add(&flow);
        flow.handshake = None;
        open.add(&flow);
        assert_eq!(open.syn_retransmissions(), 2);
    }

    proptest! {
        #[test]
        fn as_counted_moment_by_moment(spans in prop::collection::vec((0_i64..50, 0_i64..20), 0..40)) {
            let spans: Vec<_> = spans.into_iter().map(|(from, long)| (from, from + long)).collect();
            let at = |t: i64| spans.iter().filter(|(from, to)| (*from..=*to).contains(&t)).count();
            let most = (0..80).map(at).max().unwrap_or(0) as u64;
            prop_assert_eq!(of(&spans).peak(), most);
        }
    }
}
