//! A method on the page: a run, or the row of a comparison.

use serde::Serialize;

use super::curve::Curve;
use super::{Beside, Several};
use crate::model::{
    CompareRow, Exchange, FlowRecord, Latencies, Nanos, RunCensus, SideCensus, Timestamp,
};
use crate::report::html::data::thin;
use crate::report::html::words::Say;
use crate::report::summary;

/// The most changes of a side's counts that are drawn: more than a chart has pixels.
const MOST_CHANGES: usize = 2_000;

/// A method, and what is known of it.
pub(super) struct Member<'a> {
    /// Its name.
    pub(super) name: String,
    /// What was run.
    pub(super) what: String,
    /// Where its own page is.
    pub(super) page: Option<&'a str>,
    /// What is missing of it, in words.
    pub(super) caveat: Option<&'static str>,
    /// Valid answers, and requests.
    pub(super) requests: [Option<u64>; 2],
    pub(super) census: Option<&'a RunCensus>,
    pub(super) latency: &'a Latencies,
    /// How long the client ran.
    pub(super) duration: Option<Nanos>,
    /// The run's flows; `None` where only the record of a comparison is there.
    flows: Option<&'a [FlowRecord]>,
}

/// The counts of a side over time.
#[derive(Serialize)]
struct Counts {
    /// Nanoseconds since the client's start.
    at_ns: Vec<i64>,
    threads: Vec<u64>,
    processes: Vec<u64>,
}

/// What is drawn of a method.
#[derive(Serialize)]
pub(super) struct Drawn<'a> {
    name: &'a str,
    /// How long it is drawn, in nanoseconds since the client's start.
    end_ns: i64,
    client: Counts,
    server: Counts,
    handshake: Curve,
    answer: Curve,
}

impl<'a> Member<'a> {
    /// Runs first, then the rows of each comparison in their order.
    pub(super) fn all(say: Say, several: &'a Several<'a>) -> Vec<Self> {
        let alone = several.runs.iter().filter(|run| run.stands_for.is_none());
        let mut all: Vec<Self> = alone.map(|run| Self::of_run(say, run, None)).collect();
        for (place, (comparison, record)) in several.compared.iter().enumerate() {
            for row in &record.rows {
                let mut runs = several.runs.iter();
                let run = runs.find(|run| run.stands_for == Some((place, &*row.name)));
                let mut member = match run {
                    Some(run) => Self::of_run(say, run, Some(row)),
                    None => Self::of_row(say, row),
                };
                if several.compared.len() > 1 || has_runs(several) {
                    member.name = format!("{comparison}: {}", member.name);
                }
                all.push(member);
            }
        }
        all
    }

    fn of_run(say: Say, run: &'a Beside<'a>, row: Option<&CompareRow>) -> Self {
        let record = run.view.run;
        let tables = say.tables();
        Self {
            name: row.map_or(run.name, |row| &row.name).to_owned(),
            what: summary::client(tables, record),
            page: run.page.as_deref(),
            caveat: (!run.whole).then(|| say.not_whole()),
            requests: [record.requests.valid, record.requests.submitted],
            census: Some(&record.census),
            latency: &record.latency,
            duration: record.observer.client_duration_ns,
            flows: Some(run.view.flows),
        }
    }

    fn of_row(say: Say, row: &'a CompareRow) -> Self {
        Self {
            name: row.name.clone(),
            what: match &row.client_command {
                Some(words) => summary::command(words),
                None => row.strategy.map(|s| s.to_string()).unwrap_or_default(),
            },
            page: None,
            caveat: Some(say.only_record()),
            requests: [None, Some(row.requests)],
            census: row.census.as_ref(),
            latency: &row.latency,
            duration: row.middle_duration(),
            flows: None,
        }
    }

    /// The client's first deed: the zero of what is drawn.
    fn start(&self) -> Option<Timestamp> {
        let first = |side: &SideCensus| side.timeline.first().map(|p| p.0);
        let census = self.census;
        let client = census.and_then(|c| first(&c.client));
        let flows = self.flows.unwrap_or_default();
        client
            .or_else(|| flows.iter().map(|f| f.first_ns).min())
            .or_else(|| census.and_then(|c| first(&c.server)))
    }

    /// What is drawn of it.
    pub(super) fn drawn(&self) -> Drawn<'_> {
        let start = self.start().unwrap_or_default();
        let flows = self.flows.unwrap_or_default();
        let counts = |side: Option<&SideCensus>| {
            let changes = side.map_or_else(Vec::new, |side| thin(&side.timeline, MOST_CHANGES));
            Counts {
                at_ns: changes.iter().map(|p| p.0.since(start).get()).collect(),
                threads: changes.iter().map(|p| p.1).collect(),
                processes: changes.iter().map(|p| p.2).collect(),
            }
        };
        let client = counts(self.census.map(|c| &c.client));
        let server = counts(self.census.map(|c| &c.server));
        let last = client.at_ns.last().max(server.at_ns.last()).copied();
        let handshakes = flows.iter().filter_map(|f| f.handshake?.duration());
        let exchanges = flows.iter().flat_map(|f| &f.exchanges);
        Drawn {
            name: &self.name,
            end_ns: self.duration.map(Nanos::get).or(last).unwrap_or(0),
            handshake: Curve::of(handshakes),
            answer: Curve::of(exchanges.filter_map(Exchange::duration)),
            client,
            server,
        }
    }
}

/// Whether runs stand there beside the comparisons.
fn has_runs(several: &Several<'_>) -> bool {
    several.runs.iter().any(|run| run.stands_for.is_none())
}
