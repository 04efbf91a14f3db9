//! Which bytes of a stream were seen: a set of ranges of sequence numbers.

use crate::model::SeqNum;

/// Ranges kept apart at most; past that the two lowest are joined, and what
/// later fills the hole between them would not be counted: there is no total then.
const MOST: usize = 64;

/// The distinct bytes of one direction, by sequence number.
///
/// Sequence numbers are unwrapped to 64 bits around the highest byte seen
/// (RFC 9293, 3.4: modulo 2³²), so a stream of any length counts right.
#[derive(Clone, Debug, Default)]
pub(super) struct SeqRanges {
    /// The highest range, half open; empty before the first byte.
    top: (u64, u64),
    /// The ranges below it, in order, none touching another.
    #[expect(clippy::box_collection, reason = "rarely there: one word, not three")]
    below: Option<Box<Vec<(u64, u64)>>>,
    /// Distinct bytes seen.
    total: u64,
    /// Whether ranges were joined over a hole.
    joined: bool,
}

impl SeqRanges {
    /// Distinct bytes seen; `None` where there were more holes than are followed.
    pub(super) const fn total(&self) -> Option<u64> {
        if self.joined { None } else { Some(self.total) }
    }

    const fn is_empty(&self) -> bool {
        self.top.1 == 0
    }

    /// The 64-bit place of `seq` that is nearest to the highest byte seen.
    const fn unwrap(&self, seq: SeqNum) -> u64 {
        if self.is_empty() {
            // Room below for what came before the first byte seen.
            (1 << 32) | seq.0 as u64
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "modulo 2³² is meant")]
            let top = SeqNum(self.top.1 as u32);
            let ahead = seq.distance_from(top);
            self.top.1.saturating_add_signed(ahead as i64)
        }
    }

    /// Adds `len` bytes from `seq` on.
    #[inline]
    pub(super) fn insert(&mut self, seq: SeqNum, len: u32) {
        if len == 0 {
            return;
        }
        let lo = self.unwrap(seq);
        let hi = lo + u64::from(len);
        if lo == self.top.1 {
            self.top.1 = hi;
            self.total += u64::from(len);
        } else if self.is_empty() {
            self.top = (lo, hi);
            self.total = u64::from(len);
        } else if lo < self.top.0 || hi > self.top.1 {
            self.insert_apart(lo, hi);
        }
    }

    #[cold]
    fn insert_apart(&mut self, lo: u64, hi: u64) {
        let mut ranges = self.below.take().unwrap_or_default();
        ranges.push(self.top);
        let from = ranges.partition_point(|r| r.1 < lo);
        let to = ranges.partition_point(|r| r.0 <= hi);
        let known: u64 = ranges[from..to]
            .iter()
            .map(|r| r.1.min(hi).saturating_sub(r.0.max(lo)))
            .sum();
        let joined = ranges[from..to]
            .iter()
            .fold((lo, hi), |j, r| (j.0.min(r.0), j.1.max(r.1)));
        self.total += (hi - lo) - known;
        ranges.splice(from..to, [joined]);
        if ranges.len() > MOST {
            ranges[1].0 = ranges[0].0;
            ranges.remove(0);
            self.joined = true;
        }
        self.top = ranges.pop().unwrap_or(joined);
        self.below = (!ranges.is_empty()).then_some(ranges);
    }

    /// How many holes there are from `from` up to `to`, both absolute.
    pub(super) fn holes(&self, from: SeqNum, to: SeqNum) -> u32 {
        let len = to.distance_from(from);
        if len <= 0 {
            return 0;
        }
        if self.is_empty() {
            return 1;
        }
        let mut at = self.unwrap(from);
        let end = at + u64::from(len.unsigned_abs());
        let mut holes = 0;
        let below = self.below.iter().flat_map(|b| b.iter());
        for r in below.chain([&self.top]) {
            if r.1 <= at || r.0 >= end {
                continue;
            }
            if r.0 > at {
                holes += 1;
            }
            at = r.1;
        }
        if at < end { holes + 1 } else { holes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(parts: &[(u32, u32)]) -> SeqRanges {
        let mut r = SeqRanges::default();
        for &(seq, len) in parts {
            r.insert(SeqNum(seq), len);
        }
        r
    }

    #[test]
    fn counts_distinct_bytes() {
        assert_eq!(seen(&[(100, 10), (110, 5)]).total(), Some(15));
        assert_eq!(seen(&[(100, 10), (100, 10), (105, 3)]).total(), Some(10));
        assert_eq!(seen(&[(100, 10), (105, 10)]).total(), Some(15));
        assert_eq!(seen(&[(120, 10), (100, 10), (105, 20)]).total(), Some(30));
    }

    #[test]
    fn counts_across_the_wrap() {
        assert_eq!(seen(&[(u32::MAX - 4, 10), (5, 10)]).total(), Some(20));
        assert_eq!(seen(&[(5, 10), (u32::MAX - 4, 10)]).total(), Some(20));
    }

    #[test]
    fn a_stream_longer_than_the_sequence_space() {
        let mut r = SeqRanges::default();
        let mut seq = 7u32;
        for _ in 0..10 {
            r.insert(SeqNum(seq), 1 << 30);
            seq = seq.wrapping_add(1 << 30);
        }
        assert_eq!(r.total(), Some(10 << 30));
    }

    #[test]
    fn finds_holes() {
        let r = seen(&[(100, 10), (120, 10), (140, 10)]);
        assert_eq!(r.holes(SeqNum(100), SeqNum(110)), 0);
        assert_eq!(r.holes(SeqNum(100), SeqNum(115)), 1);
        assert_eq!(r.holes(SeqNum(90), SeqNum(160)), 4);
        assert_eq!(seen(&[]).holes(SeqNum(1), SeqNum(2)), 1);
    }

    #[test]
    fn as_many_holes_as_are_followed_are_counted_right() {
        let with = |ranges: u32| {
            let mut parts: Vec<_> = (0..ranges).map(|i| (i * 10, 1)).collect();
            parts.push((5, 1));
            seen(&parts).total()
        };
        let most = u32::try_from(MOST).unwrap();
        assert_eq!(with(most - 1), Some(u64::from(most)));
        assert_eq!(with(most), None);
    }

    #[test]
    fn stays_bounded() {
        let parts: Vec<_> = (0..1000).map(|i| (i * 10, 1)).collect();
        let r = seen(&parts);
        assert_eq!(
            r.total(),
            None,
            "what fills a hole that was given up is not told"
        );
        assert!(r.below.is_some_and(|b| b.len() < MOST));
    }
}
