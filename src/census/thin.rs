//! Timelines that stay short however often counts change.

use crate::model::{Nanos, TimelinePoint};

/// The most points of a timeline that are kept.
pub(super) const MOST: usize = 100_000;

/// The most points that are kept of a step of time: those with the least and the most
/// threads, those with the least and the most processes, and the last.
const OF_A_STEP: usize = 5;

/// The shortest step, a microsecond; each one is twice the one before it, so that a step
/// is always made of whole ones of those before.
const SHORTEST_NS: i64 = 1_000;

/// A timeline of [`MOST`] points at most, and how long the steps of time are that it was
/// cut into, from its first point on; `None` where every point is kept.
///
/// `before` is the step of a timeline that was thinned already, and has grown since.
pub(super) fn thinned(
    timeline: Vec<TimelinePoint>,
    before: Option<Nanos>,
) -> (Vec<TimelinePoint>, Option<Nanos>) {
    let (Some(first), Some(last)) = (timeline.first(), timeline.last()) else {
        return (timeline, before);
    };
    if timeline.len() <= MOST {
        return (timeline, before);
    }
    let first = first.0;
    let span = last.0.since(first).get();
    let steps = i64::try_from(MOST / OF_A_STEP).unwrap_or(i64::MAX);
    let mut step = before.map_or(SHORTEST_NS, Nanos::get);
    while span / step >= steps {
        step = step.saturating_mul(2);
    }
    let number = |p: &TimelinePoint| p.0.since(first).get() / step;
    let mut kept = Vec::with_capacity(MOST);
    for points in timeline.chunk_by(|a, b| number(a) == number(b)) {
        let mut places = [0; OF_A_STEP];
        for (place, point) in points.iter().enumerate() {
            let [
                least_threads,
                most_threads,
                least_processes,
                most_processes,
                last,
            ] = &mut places;
            // The first of those that are equal: when a count was reached.
            if point.1 < points[*least_threads].1 {
                *least_threads = place;
            }
            if point.1 > points[*most_threads].1 {
                *most_threads = place;
            }
            if point.2 < points[*least_processes].2 {
                *least_processes = place;
            }
            if point.2 > points[*most_processes].2 {
                *most_processes = place;
            }
            *last = place;
        }
        places.sort_unstable();
        let mut told = None;
        for place in places {
            if told != Some(place) {
                kept.push(points[place]);
            }
            told = Some(place);
        }
    }
    (kept, Some(Nanos::new(step)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn point(ns: i64, threads: u64, processes: u64) -> TimelinePoint {
        TimelinePoint(Timestamp::from_nanos(ns), threads, processes)
    }

    #[test]
    fn what_is_short_enough_stays() {
        let all: Vec<_> = (0..MOST as u64)
            .map(|n| point(n.cast_signed(), n % 7, 1))
            .collect();
        assert_eq!(thinned(all.clone(), None), (all, None));
        assert_eq!(thinned(Vec::new(), None), (Vec::new(), None));
    }

    /// Every step keeps its extremes, at their own moments, and its last count.
    #[test]
    fn every_step_has_its_peaks_and_its_valleys() {
        let at = |n: i64| {
            let threads = 50 + (n * 7919 % 97).cast_unsigned();
            let processes = 20 + (n * 104_729 % 13).cast_unsigned();
            point(1_000_000 + n * 731, threads, processes)
        };
        let all: Vec<_> = (0..700_000).map(at).collect();
        let (kept, step) = thinned(all.clone(), None);
        let step = step.expect("a step").get();
        assert!(kept.len() <= MOST, "{}", kept.len());
        assert!(kept.is_sorted_by_key(|p| p.0));
        let number = |p: &TimelinePoint| p.0.since(all[0].0).get() / step;
        let steps = |points: &[TimelinePoint]| -> Vec<Vec<TimelinePoint>> {
            points
                .chunk_by(|a, b| number(a) == number(b))
                .map(<[TimelinePoint]>::to_vec)
                .collect()
        };
        let (all, kept) = (steps(&all), steps(&kept));
        assert_eq!(all.len(), kept.len());
        for (all, kept) in all.iter().zip(&kept) {
            assert!(kept.iter().all(|p| all.contains(p)));
            for of in [|p: &TimelinePoint| p.1, |p: &TimelinePoint| p.2] {
                assert_eq!(all.iter().map(of).max(), kept.iter().map(of).max());
                assert_eq!(all.iter().map(of).min(), kept.iter().map(of).min());
            }
            assert_eq!(all.last(), kept.last());
        }
    }

    /// One that grows and is thinned again and again loses no extreme of its last steps.
    #[test]
    fn thinned_again_it_is_as_if_thinned_once() {
        let at = |n: i64| point(n * 1000, (n * 7919 % 9973).cast_unsigned(), 1);
        let all: Vec<_> = (0..450_000).map(at).collect();
        let mut grown = (Vec::new(), None);
        for part in all.chunks(60_000) {
            grown.0.extend_from_slice(part);
            grown = thinned(grown.0, grown.1);
        }
        let step = grown.1.expect("a step").get();
        let number = |p: &TimelinePoint| p.0.since(all[0].0).get() / step;
        let extremes = |points: &[TimelinePoint]| -> Vec<_> {
            points
                .chunk_by(|a, b| number(a) == number(b))
                .map(|s| (s.iter().map(|p| p.1).min(), s.iter().map(|p| p.1).max()))
                .collect()
        };
        assert_eq!(extremes(&grown.0), extremes(&all));
    }

    /// Clocks may stand still.
    #[test]
    fn a_million_changes_of_one_moment_are_one_step() {
        let all: Vec<_> = (0..200_000).map(|n| point(5, n % 3000, n % 2)).collect();
        let (kept, step) = thinned(all.clone(), None);
        assert_eq!(step, Some(Nanos::new(SHORTEST_NS)));
        let wanted = [point(5, 0, 0), point(5, 1, 1), point(5, 2999, 1)];
        assert_eq!(&kept[..3], &wanted);
        assert_eq!(kept.last(), all.last());
        assert_eq!(kept.len(), 4);
    }
}
