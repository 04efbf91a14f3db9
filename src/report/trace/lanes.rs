//! Lanes: on one track a slice that ends later than the one around it would end that
//! one, too. What overlaps on a thread's track goes to a further lane of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::sink::Name;
use super::slices::Slice;
use crate::model::{Nanos, Timestamp};

/// Lets each accept begin no earlier than its thread was done with what it did before:
/// a connection may wait in the accept queue for long, and meanwhile the thread takes
/// and serves others.
pub(super) fn wait_for_the_thread(slices: &mut [Slice]) {
    let of_a_server = |s: &&Slice| matches!(s.name, Name::Accept | Name::Serve);
    let mut ends: Vec<(u32, Timestamp)> = slices
        .iter()
        .filter(of_a_server)
        .map(|s| (s.thread, s.to))
        .collect();
    ends.sort_unstable();
    for slice in slices.iter_mut().filter(|s| s.name == Name::Accept) {
        let before = ends.partition_point(|end| *end < (slice.thread, slice.to));
        let last = before.checked_sub(1).map(|at| ends[at]);
        if let Some((thread, end)) = last
            && thread == slice.thread
        {
            // Just after it, as nothing else touches it.
            slice.from = slice.from.max(end.plus(Nanos::new(1)));
        }
    }
}

/// Gives each slice the lowest lane of its thread that is free, and returns how many
/// lanes each thread has. On one lane no slice begins before the one before it has
/// ended; at the very moment of its end only a later one of the same owner may, as these
/// are written in their order.
pub(super) fn assign(slices: &mut [Slice], threads: usize) -> Vec<u32> {
    let mut order: Vec<usize> = (0..slices.len()).collect();
    order.sort_unstable_by_key(|&at| {
        let s = &slices[at];
        (s.thread, s.from, s.to, at)
    });
    let mut lanes = vec![0; threads];
    let mut thread = None;
    // Lanes in use, by the end of the last slice on each, and its place; and those that
    // are free.
    let mut busy: BinaryHeap<Reverse<(Timestamp, u32, usize)>> = BinaryHeap::new();
    let mut free: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
    let mut touching = Vec::new();
    for at in order {
        let slice = slices[at];
        if thread != Some(slice.thread) {
            thread = Some(slice.thread);
            busy.clear();
            free.clear();
        }
        let mut own = None;
        while let Some(&Reverse((end, lane, last))) = busy.peek()
            && end <= slice.from
        {
            busy.pop();
            if end < slice.from {
                free.push(Reverse(lane));
            } else if own.is_none() && slices[last].owner == slice.owner && last < at {
                own = Some(lane);
            } else {
                touching.push(Reverse((end, lane, last)));
            }
        }
        busy.extend(touching.drain(..));
        let used = &mut lanes[slice.thread as usize];
        let lane = own.or_else(|| free.pop().map(|Reverse(lane)| lane));
        let lane = lane.unwrap_or_else(|| {
            *used += 1;
            *used - 1
        });
        busy.push(Reverse((slice.to, lane, at)));
        slices[at].lane = lane;
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slice(name: Name, thread: u32, owner: u32, from: i64, to: i64) -> Slice {
        let at = Timestamp::from_nanos;
        Slice {
            name,
            thread,
            from: at(from),
            to: at(to),
            owner,
            lane: 0,
        }
    }

    #[test]
    fn what_touches_shares_a_lane_only_with_its_own() {
        let serve = |owner, from, to| slice(Name::Serve, 0, owner, from, to);
        let mut slices = [
            serve(0, 0, 10),
            serve(0, 10, 20),
            serve(1, 20, 30),
            serve(2, 31, 40),
            serve(2, 35, 36),
        ];
        assert_eq!(assign(&mut slices, 2), [2, 0]);
        assert_eq!(slices.map(|s| s.lane), [0, 0, 1, 0, 1]);
    }

    #[test]
    fn an_accept_begins_when_its_thread_is_free() {
        let mut slices = [
            slice(Name::Accept, 0, 0, 5, 10),
            slice(Name::Accept, 0, 1, 6, 12),
            slice(Name::Serve, 0, 1, 12, 20),
            // It was there all the while.
            slice(Name::Accept, 0, 2, 7, 25),
            slice(Name::Accept, 1, 3, 1, 26),
        ];
        wait_for_the_thread(&mut slices);
        let from = slices.map(|s| s.from.as_nanos());
        assert_eq!(from, [5, 11, 12, 21, 1]);
        assert_eq!(assign(&mut slices, 2), [1, 1]);
    }

    proptest! {
        /// As the reader of a trace sees it: on one lane, in the order in which they
        /// are written and then by time, each slice is over when the next one begins.
        #[test]
        fn nothing_overlaps_on_a_lane(
            spans in prop::collection::vec((0_u32..3, 0_u32..12, 0_i64..60, 0_i64..25), 0..80),
        ) {
            let mut slices: Vec<Slice> = spans
                .into_iter()
                .map(|(thread, owner, from, long)| slice(Name::Serve, thread, owner, from, from + long))
                .collect();
            slices.sort_by_key(|s| s.owner);
            let lanes = assign(&mut slices, 3);
            for (thread, used) in (0..).zip(&lanes) {
                let of_thread = || slices.iter().filter(move |s| s.thread == thread);
                prop_assert!(of_thread().all(|s| s.lane < *used));
                for lane in 0..*used {
                    let on_it = of_thread().filter(|s| s.lane == lane);
                    let mut events: Vec<(Timestamp, usize, bool)> = Vec::new();
                    for (place, slice) in on_it.enumerate() {
                        events.extend([(slice.from, place, true), (slice.to, place, false)]);
                    }
                    prop_assert!(!events.is_empty());
                    events.sort_by_key(|(at, ..)| *at);
                    for pair in events.chunks(2) {
                        prop_assert!(pair[0].1 == pair[1].1 && pair[0].2 && !pair[1].2, "{events:?}");
                    }
                }
            }
            // No more lanes than there are slices at once.
            let at_once = |thread: u32, t: i64| {
                let t = Timestamp::from_nanos(t);
                slices.iter().filter(|s| s.thread == thread && s.from <= t && t <= s.to).count()
            };
            for (thread, used) in (0..).zip(lanes) {
                let most = (0..90).map(|t| at_once(thread, t)).max().unwrap_or(0);
                prop_assert!(used as usize <= most);
            }
        }
    }
}
