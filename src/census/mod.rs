//! Counting threads and processes: events in, counts and a timeline out.
//!
//! Pure: what began and ended when comes in with its times, from whoever saw
//! it. A task is a thread; a process with one thread counts one of each.

mod open;
mod thin;

pub use self::open::Open;
use crate::model::{
    Counts, Nanos, Provenance, Sample, SideCensus, SystemCensus, SystemCounts, TimelinePoint,
    Timestamp,
};

/// The life of one task, or of a process that goes on without its first thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Whether a process lives for so long.
    pub process: bool,
    /// Whether a thread does.
    pub thread: bool,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` when it was still there at the last look.
    pub ended: Option<Timestamp>,
}

impl Span {
    fn alive_at(&self, t: Timestamp) -> bool {
        self.started <= t && self.ended.is_none_or(|end| end > t)
    }
}

/// Everything that is known about the tasks of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideSpans {
    /// Whoever was there from the beginning: the first process's first thread,
    /// or everybody whom a tracer found when it came.
    pub initial: Vec<Span>,
    /// Every task that came after.
    pub created: Vec<Span>,
    /// When the side was ready and no request had begun.
    pub ready: Timestamp,
    /// When the last exchange was over and the workers were joined; `None`
    /// when it did not come to that.
    pub after: Option<Timestamp>,
}

impl SideSpans {
    /// Adds a span to those that were there, or to those that came.
    pub fn put(&mut self, span: Span, there: bool) {
        if there {
            self.initial.push(span);
        } else {
            self.created.push(span);
        }
    }
}

/// Counts a side whose every task is known.
#[must_use]
pub fn count(side: &SideSpans, provenance: Provenance) -> SideCensus {
    let all = || side.initial.iter().chain(&side.created);
    let at = |t: Timestamp, of: fn(&Span) -> bool| {
        all().filter(|s| of(s) && s.alive_at(t)).count() as u64
    };
    let created = |of: fn(&Span) -> bool| side.created.iter().filter(|s| of(s)).count() as u64;
    let process = |s: &Span| s.process;
    let thread = |s: &Span| s.thread;
    let timeline = timeline(all());
    let peak = |of: fn(&TimelinePoint) -> u64| timeline.iter().map(of).max();
    let (peak_processes, peak_threads) = (peak(|p| p.2), peak(|p| p.1));
    let (timeline, timeline_step_ns) = thin::thinned(timeline, None);
    SideCensus {
        processes: Counts {
            before: Some(at(side.ready, process)),
            peak: peak_processes,
            after: side.after.map(|t| at(t, process)),
            created: Some(created(process)),
        },
        threads: Counts {
            before: Some(at(side.ready, thread)),
            peak: peak_threads,
            after: side.after.map(|t| at(t, thread)),
            created: Some(created(thread)),
        },
        provenance: Some(provenance),
        timeline,
        timeline_step_ns,
    }
}

/// A beginning or an end, in the order in which those of one moment count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// What ends at a moment has ended before what begins at it.
    Ends,
    /// Something begins.
    Begins,
    /// What begins and ends at one moment was there at it. A clock that was set
    /// back must not end what has not begun.
    EndsAtOnce,
}

impl Change {
    /// The moment and the kind of an end.
    pub(crate) fn end(began: Timestamp, ended: Timestamp) -> (Timestamp, Self) {
        if ended > began {
            (ended, Self::Ends)
        } else {
            (began, Self::EndsAtOnce)
        }
    }
}

/// Every change of the counts, in order of time.
fn timeline<'a>(spans: impl Iterator<Item = &'a Span>) -> Vec<TimelinePoint> {
    // There may be millions: small ones, of which nothing is copied.
    let mut changes: Vec<(Timestamp, Change, [bool; 2])> = Vec::new();
    for span in spans {
        let of = [span.thread, span.process];
        changes.push((span.started, Change::Begins, of));
        if let Some(ended) = span.ended {
            let (t, change) = Change::end(span.started, ended);
            changes.push((t, change, of));
        }
    }
    changes.sort_by_key(|&(t, change, _)| (t, change));
    let (mut threads, mut processes) = (0u64, 0u64);
    let mut points: Vec<TimelinePoint> = Vec::with_capacity(changes.len());
    for (t, change, of) in changes {
        let [thread, process] = of.map(u64::from);
        if change == Change::Begins {
            threads += thread;
            processes += process;
        } else {
            threads = threads.saturating_sub(thread);
            processes = processes.saturating_sub(process);
        }
        points.push(TimelinePoint(t, threads, processes));
    }
    points
}

/// Samples, kept small: only looks that saw something new are kept, of many those with
/// the least and the most of each step of time, and the greatest counts of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    first: Option<Sample>,
    last: Option<Sample>,
    changes: Vec<TimelinePoint>,
    /// The steps of time that the changes were cut into.
    step: Option<Nanos>,
    threads_peak: Option<u64>,
    processes_peak: Option<u64>,
}

impl Samples {
    /// Takes one more look into account.
    pub fn add(&mut self, sample: Sample) {
        self.first.get_or_insert(sample);
        let news = self
            .last
            .is_none_or(|l| (l.threads, l.processes) != (sample.threads, sample.processes));
        if news && let (Some(threads), Some(processes)) = (sample.threads, sample.processes) {
            self.changes
                .push(TimelinePoint(sample.at, threads, processes));
            // Now and then, and not at each look.
            if self.changes.len() > 2 * thin::MOST {
                let changes = std::mem::take(&mut self.changes);
                (self.changes, self.step) = thin::thinned(changes, self.step);
            }
        }
        self.threads_peak = self.threads_peak.max(sample.threads);
        self.processes_peak = self.processes_peak.max(sample.processes);
        self.last = Some(sample);
    }

    /// The census of a side that was sampled. How many were created cannot be
    /// known from samples.
    #[must_use]
    pub fn side(&self) -> SideCensus {
        if self.first.is_none() {
            return SideCensus::absent();
        }
        let counts = |of: fn(&Sample) -> Option<u64>, peak| Counts {
            before: self.first.as_ref().and_then(of),
            peak,
            after: self.last.as_ref().and_then(of),
            created: None,
        };
        let (timeline, timeline_step_ns) = thin::thinned(self.changes.clone(), self.step);
        SideCensus {
            processes: counts(|s| s.processes, self.processes_peak),
            threads: counts(|s| s.threads, self.threads_peak),
            provenance: Some(Provenance::Sampled),
            timeline,
            timeline_step_ns,
        }
    }

    /// The census of the whole system.
    #[must_use]
    pub fn system(&self) -> SystemCensus {
        let counts = |of: fn(&Sample) -> Option<u64>, peak| SystemCounts {
            before: self.first.as_ref().and_then(of),
            peak,
            after: self.last.as_ref().and_then(of),
        };
        SystemCensus {
            threads: counts(|s| s.threads, self.threads_peak),
            processes: counts(|s| s.processes, self.processes_peak),
            provenance: self.first.map(|_| Provenance::Sampled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ns: i64) -> Timestamp {
        Timestamp::from_nanos(ns)
    }

    fn span(process: bool, started: i64, ended: i64) -> Span {
        Span {
            process,
            thread: true,
            started: at(started),
            ended: Some(at(ended)),
        }
    }

    fn side(created: Vec<Span>) -> SideSpans {
        SideSpans {
            initial: vec![span(true, 0, 1000)],
            created,
            ready: at(1),
            after: Some(at(900)),
        }
    }

    #[test]
    fn threads_that_overlap_are_counted_together() {
        let spans = vec![
            span(false, 10, 30),
            span(false, 20, 40),
            span(false, 40, 50),
        ];
        let census = count(&side(spans), Provenance::Instrumented);
        let counts = |before, peak, after, created| Counts {
            before: Some(before),
            peak: Some(peak),
            after: Some(after),
            created: Some(created),
        };
        assert_eq!(census.threads, counts(1, 3, 1, 3));
        assert_eq!(census.processes, counts(1, 1, 1, 0));
        assert_eq!(census.timeline.first(), Some(&TimelinePoint(at(0), 1, 1)));
        assert_eq!(census.timeline.last(), Some(&TimelinePoint(at(1000), 0, 0)));
    }

    #[test]
    fn whoever_was_there_was_not_created() {
        let mut all = side(Vec::new());
        all.put(span(false, 1, 30), true);
        all.put(span(false, 2, 30), false);
        assert_eq!((all.initial.len(), all.created.len()), (2, 1));
    }

    /// A thread that begins when another ends was never beside it.
    #[test]
    fn what_ends_at_a_moment_has_ended_before_what_begins_at_it() {
        let spans = vec![span(true, 20, 30), span(true, 10, 20)];
        let census = count(&side(spans), Provenance::Instrumented);
        assert_eq!(census.threads.peak, Some(2));
        assert_eq!(census.processes.peak, Some(2));
        let told: Vec<_> = census.timeline.iter().map(|p| (p.0, p.1)).collect();
        let at = |(ns, n)| (at(ns), n);
        let all = [(0, 1), (10, 2), (20, 1), (20, 2), (30, 1), (1000, 0)];
        assert_eq!(told, all.map(at));
    }

    /// It is there at its moment, and nobody else's end is counted for its own.
    #[test]
    fn what_ends_when_it_begins_is_counted_once() {
        let alone = SideSpans {
            initial: vec![span(true, 10, 5), span(true, 20, 20), span(true, 30, 40)],
            created: vec![],
            ready: at(1),
            after: None,
        };
        let census = count(&alone, Provenance::Instrumented);
        let told: Vec<_> = census.timeline.iter().map(|p| (p.0, p.1)).collect();
        let at = |(ns, n)| (at(ns), n);
        let all = [(10, 1), (10, 0), (20, 1), (20, 0), (30, 1), (40, 0)];
        assert_eq!(told, all.map(at));
        assert_eq!(census.threads.peak, Some(1));
        let beside = count(&side(vec![span(false, 7, 7)]), Provenance::Instrumented);
        assert_eq!(beside.threads.peak, Some(2));
    }

    #[test]
    fn at_a_moment_those_are_there_that_have_begun_and_not_ended() {
        let spans = vec![span(false, 1, 30), span(false, 2, 900), span(true, 0, 901)];
        let census = count(&side(spans), Provenance::Instrumented);
        // Ready at 1, after at 900.
        assert_eq!(
            (census.threads.before, census.threads.after),
            (Some(3), Some(2))
        );
        assert_eq!(
            (census.processes.before, census.processes.after),
            (Some(2), Some(2))
        );
    }

    #[test]
    fn a_process_counts_as_one_of_each() {
        let census = count(
            &side(vec![span(true, 10, 30), span(true, 11, 29)]),
            Provenance::Instrumented,
        );
        assert_eq!(census.processes.peak, Some(3));
        assert_eq!(census.threads.peak, Some(3));
        assert_eq!(census.processes.created, Some(2));
        assert_eq!(census.threads.created, Some(2));
    }

    #[test]
    fn a_pool_that_was_left_running_shows_after() {
        let left = Span {
            process: false,
            thread: true,
            started: at(10),
            ended: None,
        };
        let census = count(&side(vec![left; 8]), Provenance::Instrumented);
        assert_eq!(census.threads.after, Some(9));
    }

    #[test]
    fn what_was_not_sampled_is_absent() {
        assert_eq!(Samples::default().side(), SideCensus::absent());
        let mut samples = Samples::default();
        for (ns, threads) in [(1, 4), (2, 9), (3, 9), (4, 5)] {
            samples.add(Sample {
                at: at(ns),
                threads: Some(threads),
                processes: None,
            });
        }
        let system = samples.system();
        assert_eq!(system.threads.peak, Some(9));
        assert_eq!(system.processes.peak, None);
        let side = samples.side();
        assert_eq!(
            (side.threads.before, side.threads.after),
            (Some(4), Some(5))
        );
        assert_eq!(side.threads.created, None);
    }

    /// A look that shows what the one before it did is not kept, nor is one too
    /// many; the peak and the last look count all the same.
    #[test]
    fn looks_are_kept_that_saw_something_new() {
        let look = |ns, threads, processes| Sample {
            at: at(ns),
            threads: Some(threads),
            processes: Some(processes),
        };
        let mut samples = Samples::default();
        for sample in [look(1, 4, 1), look(2, 4, 1), look(3, 4, 2), look(4, 4, 2)] {
            samples.add(sample);
        }
        let side = samples.side();
        let kept = [TimelinePoint(at(1), 4, 1), TimelinePoint(at(3), 4, 2)];
        assert_eq!(side.timeline, kept);
        assert_eq!(side.provenance, Some(Provenance::Sampled));
        assert_eq!(side.timeline_step_ns, None);
    }

    /// However long it goes on, it is short, and reaches from the first look to the last.
    #[test]
    fn many_looks_are_kept_by_steps_of_time() {
        let mut many = Samples::default();
        let looks = 5 * thin::MOST as u64;
        for n in 0..looks {
            many.add(Sample {
                at: at(n.cast_signed() * 2_000_000),
                threads: Some(if n == 77_777 { 900 } else { 10 + n % 2 }),
                processes: Some(1),
            });
        }
        let side = many.side();
        assert!(side.timeline.len() <= thin::MOST);
        assert!(side.timeline_step_ns.is_some());
        let ends = [side.timeline[0], *side.timeline.last().unwrap()].map(|p| p.0);
        assert_eq!(ends, [at(0), at((looks.cast_signed() - 1) * 2_000_000)]);
        let highest = side.timeline.iter().max_by_key(|p| p.1).unwrap();
        assert_eq!(*highest, TimelinePoint(at(77_777 * 2_000_000), 900, 1));
        assert_eq!(side.threads.peak, Some(900));
    }

    proptest! {
        #[test]
        fn the_peak_is_what_counting_at_every_moment_finds(
            spans in proptest::collection::vec((any::<bool>(), 0i64..40, 0i64..40), 0..30)
        ) {
            let spans: Vec<Span> = spans
                .into_iter()
                .map(|(p, start, length)| span(p, start, start + length))
                .collect();
            let side = side(spans);
            let census = count(&side, Provenance::Instrumented);
            let highest = (0..100)
                .map(|t| {
                    let alive = |s: &&Span| s.alive_at(at(t));
                    1 + side.created.iter().filter(alive).count() as u64
                })
                .max();
            // A span of no length is there at its moment and at no other.
            prop_assert!(census.threads.peak >= highest);
            prop_assert_eq!(census.threads.created, Some(side.created.len() as u64));
        }
    }
}
