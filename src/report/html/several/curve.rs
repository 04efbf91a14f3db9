//! How durations are distributed: the cumulative distribution as a curve.

use serde::Serialize;

use crate::model::Nanos;

/// A curve of more durations than this has a point for each so-manieth.
const MOST_POINTS: usize = 400;

/// Which share of the durations is at most how long.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Curve {
    /// How many durations there are.
    count: usize,
    /// Durations in nanoseconds, the shortest first; each is one that was measured.
    at_most_ns: Vec<i64>,
    /// The share of all durations that is at most this, for each: of 1.
    share: Vec<f64>,
}

impl Curve {
    pub(super) fn of(durations: impl Iterator<Item = Nanos>) -> Self {
        let mut sorted: Vec<i64> = durations.map(Nanos::get).collect();
        sorted.sort_unstable();
        let count = sorted.len();
        let mut curve = Self {
            count,
            ..Self::default()
        };
        // By nearest rank, as the quantiles of the tables. The last hundredth is where
        // what went wrong is: there each duration has its point, as far as there is room.
        let step = count.div_ceil(MOST_POINTS).max(1);
        let tail = count.saturating_sub((count / 100).min(MOST_POINTS));
        for rank in 1..=count {
            let is_point = rank % step == 0 || rank == 1 || rank > tail;
            // Of equal ones, the last tells how many are at most so long.
            let is_last = sorted.get(rank) != Some(&sorted[rank - 1]);
            if is_point && (is_last || step > 1) {
                curve.push(sorted[rank - 1], rank);
            }
        }
        curve
    }

    #[expect(clippy::cast_precision_loss, reason = "a share, to be drawn")]
    fn push(&mut self, ns: i64, rank: usize) {
        let share = rank as f64 / self.count as f64;
        if self.at_most_ns.last() == Some(&ns) {
            self.share.pop();
        } else {
            self.at_most_ns.push(ns);
        }
        self.share.push(share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(durations: impl IntoIterator<Item = i64>) -> Curve {
        Curve::of(durations.into_iter().map(Nanos::new))
    }

    #[test]
    fn few_durations_are_all_there() {
        let curve = of([30, 10, 20, 20]);
        assert_eq!(curve.count, 4);
        assert_eq!(curve.at_most_ns, [10, 20, 30]);
        assert_eq!(curve.share, [0.25, 0.75, 1.0]);
        assert_eq!(of([]), Curve::default());
        assert_eq!(of([7]).share, [1.0]);
    }

    #[test]
    fn of_many_the_shares_stay_true_and_the_tail_is_whole() {
        let curve = of((1..=10_000).rev());
        assert_eq!(curve.at_most_ns.len(), curve.share.len());
        assert!(curve.at_most_ns.len() < 2 * MOST_POINTS + 2);
        for (ns, share) in curve.at_most_ns.iter().zip(&curve.share) {
            let share = share * 10_000.0;
            assert!((share - f64::from(i32::try_from(*ns).unwrap())).abs() < 1e-6);
        }
        assert_eq!(curve.at_most_ns[0], 1);
        assert_eq!(curve.at_most_ns.last(), Some(&10_000));
        assert!(curve.at_most_ns.contains(&9_901) && curve.at_most_ns.contains(&9_999));
        // Many that are the same are one point, with the share of them all.
        let same = of(std::iter::repeat_n(5, 5_000));
        assert_eq!((same.at_most_ns, same.share), (vec![5], vec![1.0]));
    }
}
