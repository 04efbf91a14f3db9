//! Records in the order of their times. The ring has them in the order in which room was
//! taken for them, which differs where two processors did so at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::record::Record;

/// Records that wait until none that is older can come.
#[derive(Debug, Default)]
pub struct Order {
    waiting: BinaryHeap<Reverse<Waiting>>,
    come: u64,
}

/// A record by its time, and among those of the same time by its arrival.
#[derive(Debug)]
struct Waiting(u64, u64, Record);

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

impl Order {
    /// Takes one in.
    pub fn put(&mut self, record: Record) {
        self.come += 1;
        self.waiting
            .push(Reverse(Waiting(record.ns, self.come, record)));
    }

    /// The oldest one, if it is not younger than this.
    pub fn take(&mut self, until_ns: u64) -> Option<Record> {
        let first = self.waiting.peek()?;
        if first.0.0 > until_ns {
            return None;
        }
        self.waiting.pop().map(|first| first.0.2)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::What;
    use super::*;
    use crate::model::{Pid, Tid};

    #[test]
    fn by_time_and_then_by_arrival() {
        let mut order = Order::default();
        for (ns, tid) in [(3, 1), (1, 2), (2, 3), (1, 4), (9, 5)] {
            order.put(Record {
                ns,
                side: 1,
                pid: Pid(1),
                tid: Tid(tid),
                what: What::SetUpRing,
            });
        }
        let taken: Vec<u32> = std::iter::from_fn(|| order.take(5))
            .map(|r| r.tid.0)
            .collect();
        assert_eq!(taken, [2, 4, 3, 1]);
        assert_eq!(order.take(u64::MAX).map(|r| r.tid.0), Some(5));
        assert_eq!(order.take(u64::MAX), None);
    }
}
