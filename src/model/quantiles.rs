//! The distribution of durations: least, median, tail, greatest.

use hdrhistogram::Histogram;

use super::{Nanos, Quantiles};

/// Durations as they come, kept as a histogram: its size does not depend on
/// how many there are.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    histogram: Option<Histogram<u64>>,
    range: Option<(Nanos, Nanos)>,
    count: u64,
}

impl Durations {
    /// Takes one more into account. A negative one (a capture whose times run
    /// backwards) measures nothing and is left out.
    pub fn add(&mut self, duration: Nanos) {
        let Ok(ns) = u64::try_from(duration.get()) else {
            return;
        };
        if self.histogram.is_none() {
            self.histogram = Histogram::new(3).ok();
        }
        // It grows as it must; only an allocation that fails is an error.
        if let Some(histogram) = &mut self.histogram
            && histogram.record(ns).is_ok()
        {
            self.count += 1;
            let (min, max) = self.range.unwrap_or((duration, duration));
            self.range = Some((min.min(duration), max.max(duration)));
        }
    }

    /// The quantiles, to three significant digits; the least and the greatest
    /// are exact. `None` when there was nothing.
    #[must_use]
    pub fn quantiles(&self) -> Option<Quantiles> {
        let (min_ns, max_ns) = self.range?;
        let histogram = self.histogram.as_ref()?;
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
    /// The quantiles of these durations; see [`Durations`].
    #[must_use]
    pub fn of(durations: impl IntoIterator<Item = Nanos>) -> Option<Self> {
        let mut all = Durations::default();
        durations.into_iter().for_each(|d| all.add(d));
        all.quantiles()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(durations: &[i64]) -> Option<Quantiles> {
        Quantiles::of(durations.iter().copied().map(Nanos::new))
    }

    #[test]
    fn nothing_has_no_quantiles() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[-1, i64::MIN]), None);
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
    fn the_extremes_of_the_range_are_exact() {
        let q = of(&[0, i64::MAX, -5]).unwrap();
        assert_eq!(
            (q.count, q.min_ns, q.max_ns),
            (2, Nanos::new(0), Nanos::new(i64::MAX))
        );
    }

    proptest! {
        #[test]
        fn close_to_the_sorted_answer(mut durations in prop::collection::vec(0_i64..10_000_000_000, 1..300)) {
            let q = of(&durations).unwrap();
            durations.sort_unstable();
            let n = durations.len();
            for (ns, rank) in [(q.p50_ns, n.div_ceil(2)), (q.p95_ns, (n * 95).div_ceil(100)), (q.p99_ns, (n * 99).div_ceil(100))] {
                let exact = durations[rank - 1];
                let error = (ns.get() - exact).abs();
                prop_assert!(error <= exact / 1000 + 1, "{ns:?} for {exact}");
            }
            prop_assert_eq!(q.min_ns.get(), durations[0]);
            prop_assert_eq!(q.max_ns.get(), durations[n - 1]);
        }
    }
}
