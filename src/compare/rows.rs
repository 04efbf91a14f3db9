//! From the runs of a contender to its row.

use std::cmp::Reverse;

use super::{Client, Contender, Measured};
use crate::model::{
    CompareRow, Latencies, Nanos, PeakRanges, Range, RunRecord, SideCensus, Spread,
};
use crate::stats::middle_two;

/// The rows, one a contender.
pub(super) fn rows(contenders: &[Contender], measured: &[Measured]) -> Vec<CompareRow> {
    let mut rows: Vec<CompareRow> = contenders
        .iter()
        .enumerate()
        .map(|(at, contender)| {
            let runs: Vec<&Measured> = measured.iter().filter(|m| m.contender == at).collect();
            row(contender, &runs)
        })
        .collect();
    for at in 0..rows.len() {
        let fastest = fastest(rows.iter().filter(|r| r.requests == rows[at].requests));
        rows[at].ratio_to_fastest = rows[at]
            .duration_ns
            .zip(fastest)
            .and_then(|(own, fastest)| ratio(own.median, fastest));
    }
    rows
}

/// The shortest median. A row that fell short is not in the race, unless all
/// did: less work takes less time.
fn fastest<'a>(rows: impl Iterator<Item = &'a CompareRow>) -> Option<Nanos> {
    let medians = rows.filter_map(|r| Some((r.fell_short(), r.duration_ns?.median)));
    medians.min().map(|(_, median)| median)
}

fn row(contender: &Contender, runs: &[&Measured]) -> CompareRow {
    let durations: Vec<Nanos> = runs.iter().filter_map(|m| m.duration()).collect();
    let middle = middle(runs);
    let (strategy, client_command) = match &contender.client {
        Client::Strategy(strategy) => (Some(*strategy), None),
        Client::Program(program) => (None, Some(program.words.clone())),
    };
    let typical_nanos =
        |of: fn(&RunRecord) -> Option<Nanos>| median(runs.iter().filter_map(|m| of(&m.run)));
    let typical = |of: fn(&RunRecord) -> Option<u64>| {
        let (lower, upper) = middle_two(runs.iter().filter_map(|m| of(&m.run)))?;
        Some(lower.midpoint(upper))
    };
    CompareRow {
        name: contender.name.clone(),
        strategy,
        client_command,
        server_model: contender.server.model(),
        server: contender.server.program().map(|p| p.name.clone()),
        server_command: contender.server.program().map(|p| p.words.clone()),
        requests: u64::from(contender.requests),
        repeats: runs.len() as u64,
        duration_ns: spread(&durations),
        durations_ns: durations,
        ratio_to_fastest: None,
        census: middle.map(|m| m.run.census.clone()),
        peak_ranges: PeakRanges {
            client_threads: range(runs, |r| r.census.client.threads.peak),
            client_processes: range(runs, |r| r.census.client.processes.peak),
            server_threads: range(runs, |r| r.census.server.threads.peak),
            server_processes: range(runs, |r| r.census.server.processes.peak),
        },
        // A count is one that occurred: of two in the middle the lower one.
        peak_open_flows: middle_two(runs.iter().filter_map(|m| m.open_flows)).map(|two| two.0),
        connections: middle.map_or_else(Default::default, |m| m.run.connections),
        exchanges: middle.map_or_else(Default::default, |m| m.run.exchanges),
        latency: middle.map_or_else(Latencies::default, |m| m.run.latency),
        syn_retransmissions: sum(runs, |m| m.syn_retransmissions),
        failed: sum(runs, Measured::failed),
        client_cpu_ns: typical_nanos(|r| r.sides.client.cpu_ns),
        server_cpu_ns: typical_nanos(|r| r.sides.server.cpu_ns),
        client_peak_memory_bytes: typical(|r| r.sides.client.peak_memory_bytes),
        server_peak_memory_bytes: typical(|r| r.sides.server.peak_memory_bytes),
        time_limit_reached: runs.iter().filter(|m| m.was_too_long()).count() as u64,
        runs: runs.iter().map(|m| m.folder.clone()).collect(),
    }
}

/// The run in the middle by its duration, of two the faster one; of those that
/// are equal the latest one.
fn middle<'a>(runs: &[&'a Measured]) -> Option<&'a Measured> {
    let timed = runs.iter().enumerate();
    let timed = timed.filter_map(|(at, m)| Some((m.duration()?, Reverse(at))));
    let ((_, Reverse(at)), _) = middle_two(timed)?;
    runs.get(at).copied()
}

/// The median: of an even number of durations the mean of the two in the middle,
/// rounded down to a nanosecond.
fn median(durations: impl IntoIterator<Item = Nanos>) -> Option<Nanos> {
    let (lower, upper) = middle_two(durations)?;
    Some(Nanos::new(lower.get().midpoint(upper.get())))
}

fn spread(durations: &[Nanos]) -> Option<Spread> {
    Some(Spread {
        median: median(durations.iter().copied())?,
        min: durations.iter().copied().min()?,
        max: durations.iter().copied().max()?,
    })
}

fn range(runs: &[&Measured], of: fn(&RunRecord) -> Option<u64>) -> Option<Range> {
    let counts = || runs.iter().filter_map(|m| of(&m.run));
    Some(Range {
        min: counts().min()?,
        max: counts().max()?,
    })
}

/// The sum over all runs; `None` where one of them does not know.
fn sum(runs: &[&Measured], of: fn(&Measured) -> Option<u64>) -> Option<u64> {
    if runs.is_empty() {
        return None;
    }
    runs.iter().map(|m| of(m)).sum()
}

/// One duration as a multiple of another; `None` of none.
pub(super) fn ratio(duration: Nanos, of: Nanos) -> Option<f64> {
    (of.get() > 0).then(|| seconds(duration) / seconds(of))
}

#[expect(clippy::cast_precision_loss, reason = "a ratio needs no more digits")]
pub(super) fn seconds(duration: Nanos) -> f64 {
    duration.get() as f64 / 1e9
}

/// The threads that a side had at most.
pub(super) fn peak(side: &SideCensus) -> Option<u64> {
    side.threads.peak
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::measured::TIME_LIMIT;
    use crate::compare::testkit::{runs as runs_of, two};
    use crate::model::{Finding, Severity};

    fn ms(n: i64) -> Nanos {
        Nanos::new(n * 1_000_000)
    }

    #[test]
    fn a_row_tells_the_median_and_its_run() {
        let mut measured = runs_of(0, &[30, 10, 20]);
        measured[1].run.census.client.threads.peak = Some(7);
        measured[2].run.census.client.threads.peak = Some(12);
        measured[2].open_flows = Some(9);
        measured.extend(runs_of(1, &[3, 5]));
        let rows = rows(&two(&[10]), &measured);
        let [thread, event_loop] = &rows[..] else {
            panic!("two rows");
        };
        let spread = thread.duration_ns.unwrap();
        assert_eq!(
            (spread.median, spread.min, spread.max),
            (ms(20), ms(10), ms(30))
        );
        assert_eq!(thread.durations_ns, [ms(30), ms(10), ms(20)]);
        assert_eq!(
            thread.census.as_ref().unwrap().client.threads.peak,
            Some(12)
        );
        assert_eq!(thread.peak_ranges.client_threads.unwrap().min, 7);
        assert_eq!(thread.peak_open_flows, Some(3));
        assert_eq!(thread.syn_retransmissions, Some(3));
        assert_eq!(thread.failed, Some(0));
        assert_eq!(thread.ratio_to_fastest, Some(5.0));
        assert_eq!(event_loop.duration_ns.unwrap().median, ms(4));
        assert_eq!(event_loop.ratio_to_fastest, Some(1.0));
        assert_eq!(thread.runs, ["0-1", "0-2", "0-3"]);
        assert_eq!(thread.repeats, 3);
    }

    #[test]
    fn an_even_number_has_the_mean_of_the_two_in_the_middle() {
        let mut measured = runs_of(0, &[40, 10, 20, 31]);
        for (at, m) in measured.iter_mut().enumerate() {
            let n = at as u64;
            m.run.sides.client.cpu_ns = Some(ms(10 * i64::try_from(n).unwrap()));
            m.run.sides.client.peak_memory_bytes = Some(100 * n);
            m.run.census.client.threads.peak = Some(n);
            m.open_flows = Some(n);
        }
        measured.extend(runs_of(1, &[5, 6]));
        let rows = rows(&two(&[10]), &measured);
        let median = |row: &CompareRow| row.duration_ns.unwrap().median;
        assert_eq!(median(&rows[0]).get(), 25_500_000);
        assert_eq!(median(&rows[1]).get(), 5_500_000);
        assert_eq!(rows[0].ratio_to_fastest, Some(25.5 / 5.5));
        assert_eq!(rows[0].client_cpu_ns, Some(ms(15)));
        assert_eq!(rows[0].client_peak_memory_bytes, Some(150));
        // What is counted is a count that occurred.
        assert_eq!(rows[0].peak_open_flows, Some(1));
        let census = rows[0].census.as_ref().unwrap();
        assert_eq!(census.client.threads.peak, Some(2), "of the run of 20 ms");
        assert_eq!(rows[0].middle_duration(), Some(ms(20)));
    }

    #[test]
    fn what_falls_short_is_not_the_fastest() {
        let mut measured = runs_of(0, &[4000]);
        measured.extend(runs_of(1, &[1000]));
        measured[1].run.requests.failed = [("not_attempted".to_owned(), 1)].into();
        let of = |measured: &[Measured]| -> Vec<_> {
            let rows = rows(&two(&[10]), measured);
            rows.iter().map(|r| r.ratio_to_fastest.unwrap()).collect()
        };
        assert_eq!(of(&measured), [1.0, 0.25]);
        // Where all fell short, all are in the race.
        measured[0].run.requests.failed = [("refused".to_owned(), 1)].into();
        assert_eq!(of(&measured), [4.0, 1.0]);
    }

    /// Neither its time nor its census is that of a whole run.
    #[test]
    fn a_run_whose_time_was_over_counts_for_no_duration() {
        let mut measured = runs_of(0, &[10, 5, 30]);
        measured.extend(runs_of(1, &[40]));
        let late = Finding::new(TIME_LIMIT, Severity::Error, "late");
        measured[1].run.findings.push(late);
        let rows = rows(&two(&[10]), &measured);
        assert_eq!(rows[0].durations_ns, [ms(10), ms(30)]);
        assert_eq!((rows[0].repeats, rows[0].time_limit_reached), (3, 1));
        assert!(rows[0].fell_short() && !rows[1].fell_short());
        assert_eq!(rows[1].ratio_to_fastest, Some(1.0));
    }

    #[test]
    fn a_program_that_asks_for_less_than_it_was_told_to_fails() {
        let mut measured = runs_of(0, &[10]);
        let run = &mut measured[0].run;
        run.requests.submitted = Some(20);
        run.requests.valid = Some(5);
        assert_eq!(measured[0].failed(), Some(0), "workers know better");
        measured[0].run.plan.client_command = Some(vec!["./x".to_owned()]);
        assert_eq!(measured[0].failed(), Some(15));
        // What was dropped cannot be told from what was never there.
        let capture = measured[0].run.capture.as_mut().unwrap();
        capture.dropped_by_kernel = Some(3);
        assert_eq!(measured[0].failed(), Some(0));
        measured[0].run.requests.submitted = None;
        assert_eq!(measured[0].failed(), Some(0));
    }

    #[test]
    fn what_one_run_does_not_know_is_not_summed() {
        let mut measured = runs_of(0, &[1, 2]);
        measured[0].syn_retransmissions = None;
        measured[0].run.requests.answered = None;
        measured[0].run.requests.valid = None;
        let rows = rows(&two(&[10]), &measured);
        assert_eq!((rows[0].syn_retransmissions, rows[0].failed), (None, None));
        assert_eq!((rows[1].duration_ns, rows[1].failed), (None, None));
        assert!(rows[1].census.is_none());
    }

    #[test]
    fn one_figure_is_enough_to_know_how_many_failed() {
        let failed = |answered, valid, refused: u64| {
            let mut measured = runs_of(0, &[1]);
            let requests = &mut measured[0].run.requests;
            (requests.answered, requests.valid) = (answered, valid);
            let told = (refused > 0).then(|| ("refused".to_owned(), refused));
            requests.failed = told.into_iter().collect();
            measured[0].failed()
        };
        assert_eq!(failed(None, None, 2), Some(2));
        assert_eq!(failed(Some(5), None, 0), Some(0));
        assert_eq!(failed(None, Some(5), 0), Some(0));
        assert_eq!(failed(None, None, 0), None);
    }

    #[test]
    fn nothing_is_a_multiple_of_no_time() {
        assert_eq!(ratio(ms(3), ms(2)), Some(1.5));
        assert_eq!(ratio(ms(3), ms(0)), None);
        assert!((seconds(ms(1500)) - 1.5).abs() < 1e-12);
    }

    #[test]
    fn each_size_has_a_fastest() {
        let mut measured = runs_of(0, &[10]);
        measured.extend(runs_of(1, &[20]));
        measured.extend(runs_of(2, &[900]));
        measured.extend(runs_of(3, &[300]));
        let rows = rows(&two(&[10, 100]), &measured);
        let ratios: Vec<_> = rows.iter().map(|r| r.ratio_to_fastest.unwrap()).collect();
        assert_eq!(ratios, [1.0, 2.0, 3.0, 1.0]);
    }
}
