//! Records in the order of their times. The ring has them in the order in which room was
//! taken for them, which differs where two processors did so at once.

use super::record::Record;

/// Records that wait until none that is older can come.
#[derive(Debug, Default)]
pub struct Order {
    /// In the order of their arrival, but for those that have been sorted before.
    waiting: Vec<Record>,
}

impl Order {
    /// Takes one in.
    pub fn put(&mut self, record: Record) {
        self.waiting.push(record);
    }

    /// Those that are not younger than this, by their times, and of the same time by their
    /// arrival.
    pub fn take(&mut self, until_ns: u64) -> impl Iterator<Item = Record> {
        // They are nearly in order as they come, which this sort makes use of.
        self.waiting.sort_by_key(|record| record.ns);
        let ripe = self.waiting.partition_point(|record| record.ns <= until_ns);
        self.waiting.drain(..ripe)
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
        let mut taken = |until| order.take(until).map(|r| r.tid.0).collect::<Vec<u32>>();
        assert_eq!(taken(5), [2, 4, 3, 1]);
        assert!(taken(8).is_empty());
        assert_eq!(taken(u64::MAX), [5]);
        assert!(taken(u64::MAX).is_empty());
    }
}
