//! The distribution of durations: least, median, tail, greatest.
//!
//! A quantile is the nearest rank: of n durations in ascending order the one at
//! place ⌈q · n⌉, so that it is one that was measured (of two in the middle the
//! lower one).

use hdrhistogram::Histogram;

use serde::{Deserialize, Serialize};

use super::Nanos;

/// A distribution of durations, by nearest rank: each is one that was measured. Of
/// more than 65,536 they are exact to three significant digits; the least and the
/// greatest are always exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Quantiles {
    /// How many there were.
    pub count: u64,
    /// The least.
    pub min_ns: Nanos,
    /// The median by nearest rank: one that was measured, of two in the middle the
    /// lower one. Exact of up to 65,536, of more to three significant digits.
    pub p50_ns: Nanos,
    /// 95 of 100 are at most this, by nearest rank. Exact of up to 65,536, of more to
    /// three significant digits.
    pub p95_ns: Nanos,
    /// 99 of 100 are at most this, by nearest rank. Exact of up to 65,536, of more to
    /// three significant digits.
    pub p99_ns: Nanos,
    /// The greatest.
    pub max_ns: Nanos,
}

/// So many durations are kept one by one: half a megabyte. A run of the lab has
/// fewer, a capture can have millions.
const KEPT: usize = 1 << 16;

/// Durations as they come. Few are kept as they are, and their quantiles are
/// exact; more go into a histogram, whose size does not depend on how many there
/// are, and whose quantiles are exact to three significant digits.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    kept: Vec<i64>,
    histogram: Option<Histogram<u64>>,
    range: Option<(Nanos, Nanos)>,
    count: u64,
}

impl Durations {
    /// Takes one more into account. A negative one (a capture whose times run
    /// backwards) measures nothing and is left out.
    pub fn add(&mut self, duration: Nanos) {
        let ns = duration.get();
        if ns < 0 {
            return;
        }
        if self.histogram.is_none()
            && self.kept.len() >= KEPT
            && let Ok(histogram) = Histogram::new(3)
        {
            self.histogram = Some(histogram);
            for kept in std::mem::take(&mut self.kept) {
                self.record(kept);
            }
        }
        if self.histogram.is_none() {
            self.kept.push(ns);
        } else if !self.record(ns) {
            return;
        }
        self.count += 1;
        let (min, max) = self.range.unwrap_or((duration, duration));
        self.range = Some((min.min(duration), max.max(duration)));
    }

    /// Into the histogram, which grows as it must; only an allocation that fails
    /// is an error.
    fn record(&mut self, ns: i64) -> bool {
        let histogram = self.histogram.as_mut().zip(u64::try_from(ns).ok());
        histogram.is_some_and(|(histogram, ns)| histogram.record(ns).is_ok())
    }

    /// The quantiles: exact of up to 65,536 durations, of more to three
    /// significant digits; the least and the greatest are always exact. `None`
    /// when there was nothing.
    #[must_use]
    pub fn quantiles(&self) -> Option<Quantiles> {
        let Some(histogram) = &self.histogram else {
            return exact(self.kept.clone());
        };
        let (min_ns, max_ns) = self.range?;
        // The middle of a bucket can lie beyond the extremes that there were.
        let at = |quantile| {
            let ns = histogram.median_equivalent(histogram.value_at_quantile(quantile));
            Nanos::new(i64::try_from(ns).unwrap_or(i64::MAX)).clamp(min_ns, max_ns)
        };
        Some(Quantiles {
            count: self.count,
            min_ns,
            p50_ns: at(0.50),
            p95_ns: at(0.95),
            p99_ns: at(0.99),
            max_ns,
        })
    }
}

impl Quantiles {
    /// The quantiles of durations that are all at hand: exact. Negative ones
    /// are left out, as by [`Durations`].
    #[must_use]
    pub fn of(durations: impl IntoIterator<Item = Nanos>) -> Option<Self> {
        let all = durations.into_iter().map(Nanos::get);
        exact(all.filter(|ns| *ns >= 0).collect())
    }
}

/// The quantiles of these, by nearest rank.
fn exact(mut durations: Vec<i64>) -> Option<Quantiles> {
    durations.sort_unstable();
    let count = durations.len();
    let at = |percent: usize| {
        let rank = (count * percent).div_ceil(100).max(1);
        durations.get(rank - 1).copied().map(Nanos::new)
    };
    Some(Quantiles {
        count: count as u64,
        min_ns: at(0)?,
        p50_ns: at(50)?,
        p95_ns: at(95)?,
        p99_ns: at(99)?,
        max_ns: at(100)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(durations: &[i64]) -> Option<Quantiles> {
        Quantiles::of(durations.iter().copied().map(Nanos::new))
    }

    fn one_by_one(durations: impl IntoIterator<Item = i64>) -> Durations {
        let mut all = Durations::default();
        durations.into_iter().for_each(|ns| all.add(Nanos::new(ns)));
        all
    }

    #[test]
    fn nothing_has_no_quantiles() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[-1, i64::MIN]), None);
        assert_eq!(one_by_one([-1, i64::MIN]).quantiles(), None);
    }

    #[test]
    fn one_duration_is_all_of_them() {
        let q = of(&[123_456_789]).unwrap();
        assert_eq!(q.count, 1);
        for ns in [q.min_ns, q.p50_ns, q.p95_ns, q.p99_ns, q.max_ns] {
            assert_eq!(ns, Nanos::new(123_456_789));
        }
    }

    #[test]
    fn the_nearest_rank_is_one_that_was_measured() {
        // 123,456 and 123,457 are one and the same to three digits.
        let q = of(&[123_457, 123_456, 9_999_999, 1]).unwrap();
        assert_eq!((q.p50_ns.get(), q.p95_ns.get()), (123_456, 9_999_999));
    }

    #[test]
    fn the_extremes_of_the_range_are_exact() {
        let q = of(&[0, i64::MAX, -5]).unwrap();
        assert_eq!(
            (q.count, q.min_ns, q.max_ns),
            (2, Nanos::new(0), Nanos::new(i64::MAX))
        );
    }

    /// Memory is not to grow with the capture.
    #[test]
    fn very_many_are_kept_to_three_digits() {
        let many: Vec<i64> = (0..200_000)
            .map(|i| (i * 7919) % 1_000_003 * 1000)
            .collect();
        let all = one_by_one(many.iter().copied());
        assert!(all.kept.capacity() == 0 && all.histogram.is_some());
        assert_close(&all.quantiles().unwrap(), &of(&many).unwrap());
        assert!(one_by_one(0..65_536).histogram.is_none());
    }

    #[track_caller]
    fn assert_close(told: &Quantiles, exact: &Quantiles) {
        assert_eq!(
            (told.count, told.min_ns, told.max_ns),
            (exact.count, exact.min_ns, exact.max_ns)
        );
        let all = |q: &Quantiles| [q.p50_ns, q.p95_ns, q.p99_ns].map(Nanos::get);
        for (told, exact) in all(told).into_iter().zip(all(exact)) {
            assert!(
                (told - exact).abs() <= exact / 1000 + 1,
                "{told} for {exact}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_sorted_answer(mut durations in prop::collection::vec(0_i64..10_000_000_000, 1..300)) {
            let q = of(&durations).unwrap();
            prop_assert_eq!(one_by_one(durations.iter().copied()).quantiles(), Some(q));
            let mut all = Durations { histogram: Histogram::new(3).ok(), ..Durations::default() };
            for ns in &durations {
                all.add(Nanos::new(*ns));
            }
            assert_close(&all.quantiles().unwrap(), &q);
            durations.sort_unstable();
            let n = durations.len();
            for (ns, rank) in [(q.p50_ns, n.div_ceil(2)), (q.p95_ns, (n * 95).div_ceil(100)), (q.p99_ns, (n * 99).div_ceil(100))] {
                prop_assert_eq!(ns.get(), durations[rank - 1]);
            }
            prop_assert_eq!(q.min_ns.get(), durations[0]);
            prop_assert_eq!(q.max_ns.get(), durations[n - 1]);
        }
    }
}
