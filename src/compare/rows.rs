//! From the runs of a contender to its row.

use std::cmp::Reverse;

use super::{Client, Contender};
use crate::model::{
    CompareRow, Latencies, Nanos, PeakRanges, Range, RunRecord, SideCensus, Spread,
};
use crate::stats::{median, median_index};

/// A run that was made, and what its flows told.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Whose run: the contender's place in the list.
    pub contender: usize,
    /// Its folder, below the comparison's.
    pub folder: String,
    /// Its record; the timelines may be thinned.
    pub run: RunRecord,
    /// The largest number of flows open at once; `None` without a capture.
    pub open_flows: Option<u64>,
    /// SYNs that were sent again; `None` without a capture.
    pub syn_retransmissions: Option<u64>,
    /// Whether all of it held: its exit status was 0.
    pub held: bool,
}

impl Measured {
    /// From the client's exec to its end.
    #[must_use]
    pub fn duration(&self) -> Option<Nanos> {
        self.run.observer.client_duration_ns
    }

    /// Requests without a valid answer; `None` where nobody could count them.
    fn failed(&self) -> Option<u64> {
        let requests = &self.run.requests;
        let failed: u64 = requests.failed.values().sum();
        let known = failed > 0 || requests.answered.is_some() || requests.valid.is_some();
        known.then_some(failed)
    }
}

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
        let medians = rows.iter().filter(|r| r.requests == rows[at].requests);
        let fastest = medians
            .filter_map(|r| r.duration_ns)
            .map(|d| d.median)
            .min();
        rows[at].ratio_to_fastest = rows[at]
            .duration_ns
            .zip(fastest)
            .and_then(|(own, fastest)| ratio(own.median, fastest));
    }
    rows
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
    let typical =
        |of: fn(&RunRecord) -> Option<u64>| median(runs.iter().filter_map(|m| of(&m.run)));
    CompareRow {
        name: contender.name.clone(),
        strategy,
        client_command,
        server_model: Some(contender.model),
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
        peak_open_flows: median(runs.iter().filter_map(|m| m.open_flows)),
        latency: middle.map_or_else(Latencies::default, |m| m.run.latency),
        syn_retransmissions: sum(runs, |m| m.syn_retransmissions),
        failed: sum(runs, Measured::failed),
        client_cpu_ns: typical_nanos(|r| r.sides.client.cpu_ns),
        server_cpu_ns: typical_nanos(|r| r.sides.server.cpu_ns),
        client_peak_memory_bytes: typical(|r| r.sides.client.peak_memory_bytes),
        server_peak_memory_bytes: typical(|r| r.sides.server.peak_memory_bytes),
        runs: runs.iter().map(|m| m.folder.clone()).collect(),
    }
}

/// The run with the median duration; of those that are equal the latest one.
fn middle<'a>(runs: &[&'a Measured]) -> Option<&'a Measured> {
    let mut timed: Vec<(Nanos, Reverse<usize>)> = runs
        .iter()
        .enumerate()
        .filter_map(|(at, m)| Some((m.duration()?, Reverse(at))))
        .collect();
    timed.sort_unstable();
    let (_, Reverse(at)) = timed.get(median_index(timed.len()))?;
    runs.get(*at).copied()
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
    use crate::compare::testkit::{runs as runs_of, two};

    fn ms(n: i64) -> Nanos {
        Nanos::new(n * 1_000_000)
    }

    #[test]
    fn a_row_tells_the_median_and_its_run() {
        let mut measured = runs_of(0, &[30, 10, 20]);
        measured[1].run.census.client.threads.peak = Some(7);
        measured[2].run.census.client.threads.peak = Some(12);
        measured[2].open_flows = Some(9);
        measured.extend(runs_of(1, &[5, 6]));
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
        assert_eq!(thread.ratio_to_fastest, Some(4.0));
        assert_eq!(event_loop.ratio_to_fastest, Some(1.0));
        assert_eq!(thread.runs, ["0-1", "0-2", "0-3"]);
        assert_eq!(thread.repeats, 3);
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
