//! Timelines that are short enough to be kept of every row.

use crate::model::{RunCensus, TimelinePoint};

/// Into how many slices of time a timeline is cut.
const SLICES: i64 = 120;

/// A census with timelines of a few hundred points.
#[must_use]
pub fn thin(mut census: RunCensus) -> RunCensus {
    for side in [&mut census.client, &mut census.server] {
        side.timeline = thinned(&side.timeline);
        // Its steps are longer than those of the run's own record.
        side.timeline_step_ns = None;
    }
    census
}

/// Of each slice of time the point with the most threads, the one with the most
/// processes, and the last one; and the very first.
fn thinned(timeline: &[TimelinePoint]) -> Vec<TimelinePoint> {
    let (Some(first), Some(last)) = (timeline.first(), timeline.last()) else {
        return Vec::new();
    };
    let span = last.0.since(first.0).get().max(1);
    let slice = |p: &TimelinePoint| {
        i128::from(p.0.since(first.0).get()) * i128::from(SLICES) / i128::from(span)
    };
    let mut kept = vec![0];
    let mut from = 0;
    for points in timeline.chunk_by(|a, b| slice(a) == slice(b)) {
        // The first of those that are equal: when the height was reached.
        let most = |of: fn(&TimelinePoint) -> u64| {
            (0..points.len())
                .rev()
                .max_by_key(|&i| of(&points[i]))
                .map(|i| from + i)
        };
        kept.extend(most(|p| p.1));
        kept.extend(most(|p| p.2));
        kept.push(from + points.len() - 1);
        from += points.len();
    }
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|i| timeline[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use proptest::prelude::*;

    fn point((ns, threads, processes): (i64, u64, u64)) -> TimelinePoint {
        TimelinePoint(Timestamp::from_nanos(ns), threads, processes)
    }

    #[test]
    fn every_slice_of_a_long_one_has_its_peak() {
        // Of every slice of 100 points, the one in the middle is the highest.
        let at = |i: i64| (i, if i % 100 == 50 { 9 } else { 2 }, 1);
        let timeline: Vec<_> = (0..=100 * SLICES).map(at).map(point).collect();
        let kept = thinned(&timeline);
        let peaks: Vec<_> = kept.iter().filter(|p| p.1 == 9).copied().collect();
        let wanted: Vec<_> = (0..SLICES).map(|n| point(at(100 * n + 50))).collect();
        assert_eq!(peaks, wanted);
        assert!(kept.len() < 4 * 121, "{}", kept.len());
    }

    #[test]
    fn a_short_one_stays() {
        let timeline: Vec<_> = [(0, 1, 1), (500, 2, 1), (1000, 1, 1)].map(point).to_vec();
        assert_eq!(thinned(&timeline), timeline);
        assert_eq!(thinned(&[]), []);
    }

    proptest! {
        #[test]
        fn ends_and_peaks_stay(points in prop::collection::vec((0_i64..1_000_000, 0_u64..900, 0_u64..900), 1..2000)) {
            let mut points = points;
            points.sort_unstable();
            let timeline: Vec<_> = points.into_iter().map(point).collect();
            let thin = thinned(&timeline);
            prop_assert!(thin.len() <= 3 * 121 + 1);
            prop_assert_eq!(thin.first(), timeline.first());
            prop_assert_eq!(thin.last(), timeline.last());
            let peak = |t: &[TimelinePoint]| (t.iter().map(|p| p.1).max(), t.iter().map(|p| p.2).max());
            prop_assert_eq!(peak(&thin), peak(&timeline));
            prop_assert!(thin.is_sorted_by_key(|p| p.0));
        }
    }
}
