//! The summary: what was asked, what became of it, how long it took, and what
//! is concluded.
//!
//! The run's record comes in; blocks go out.

use super::observation;
use super::origin::when_and_where;
use super::programs;
use super::said;
use super::sheet::{Block, Cell, Column, Conclusion, Grid, Keep, Row, Tone};
use super::strategy::of_client;
use super::words::Say;
use crate::model::{
    Finding, Latencies, Nanos, OpenLoop, Outcome, Quantiles, Requests, RunRecord, ServerKind,
    Severity,
};
use crate::text::command::as_line;
use crate::wording;

/// What was done, in a line.
pub(super) fn title(say: Say, run: &RunRecord) -> Cell {
    let plan = &run.plan;
    // A server that did not come to listen has no address.
    let target = match plan.target.as_str() {
        "" => say.no_server(),
        target => target,
    };
    Cell::new(format!("{} → {target}", client(say, run))).toned(Tone::Strong)
}

pub(super) fn client(say: Say, run: &RunRecord) -> String {
    let plan = &run.plan;
    if let Some(words) = &plan.client_command {
        return command(words);
    }
    if plan.watched {
        return say.who_connects().to_owned();
    }
    let Some(strategy) = plan.strategy else {
        return say.a_client().to_owned();
    };
    let requests = match plan.requests {
        Some(n) => say.requests(n),
        None => say.some_requests().to_owned(),
    };
    let mut text = of_client(say, strategy, &requests, plan.workers);
    if let Some(open) = &run.open_loop {
        text.push_str(&say.at_rate(&open.rate.to_string()));
    }
    if plan.gate {
        text.push_str(say.gate());
    }
    if let Some(bound) = plan.max_in_flight {
        text.push_str(&say.in_flight(&say.n(bound)));
    }
    if plan.joined == Some(false) {
        text.push_str(say.no_join());
    }
    text
}

/// A command, cut where it is longer than anybody reads in a heading; all of it
/// is in the run's record.
pub(super) fn command(words: &[String]) -> String {
    const MOST: usize = 160;
    let whole = as_line(words);
    match whole.char_indices().nth(MOST) {
        None => whole,
        Some((at, _)) => format!("{}…", &whole[..at]),
    }
}

/// Whose server and how long; then where, when and by which version.
pub(super) fn subtitles(say: Say, run: &RunRecord) -> Vec<Cell> {
    let server = match (run.plan.server, &run.plan.server_command) {
        (ServerKind::Embedded, _) => say.embedded().to_owned(),
        (ServerKind::Command, None) => say.started_server().to_owned(),
        (ServerKind::Command, Some(words)) => say.server_of(&command(words)),
        (ServerKind::Existing, _) => say.existing_server().to_owned(),
    };
    let model = run.plan.server_model;
    let model = model.map_or_else(String::new, |model| format!(" ({model})"));
    let isolated = if run.plan.isolated {
        format!(" · {}", say.isolated())
    } else {
        String::new()
    };
    [
        format!("{server}{model}{isolated} · {}", say.span(run.duration_ns)),
        when_and_where(say, &run.started, &run.environment, &run.tool),
    ]
    .map(|line| Cell::new(line).toned(Tone::Quiet))
    .into()
}

/// Requests, failures, latency, what was observed and how, findings.
pub(super) fn blocks(say: Say, run: &RunRecord) -> Vec<Block> {
    let mut blocks = vec![requests(say, &run.requests)];
    blocks.extend(said::connections(say, run));
    blocks.extend(failures(say, &run.requests));
    let partial = run.incomplete.contains_key("latency.exchange");
    blocks.push(latency(say, &run.latency, run.open_loop.as_ref(), partial));
    blocks.extend(programs::block(say, run));
    blocks.push(observation::block(say, run));
    let target = run.plan.target.parse::<std::net::SocketAddr>();
    let port = target.ok().map(|target| target.port());
    blocks.extend(findings(say, &run.findings, port));
    blocks
}

fn requests(say: Say, requests: &Requests) -> Block {
    let figure = |n: Option<u64>| Cell::maybe(n.map(|n| say.n(n)));
    let total = requests.sum_of_failures();
    let failed = match figure(total) {
        cell if total > Some(0) => cell.toned(Tone::Error),
        cell => cell,
    };
    let valid = match figure(requests.valid) {
        cell if requests.valid.is_some() && requests.valid == requests.submitted => {
            cell.toned(Tone::Good)
        }
        cell => cell,
    };
    let mut figures = vec![
        (say.submitted(), figure(requests.submitted)),
        (say.attempted(), figure(requests.attempted)),
        (say.on_wire(), figure(requests.on_wire)),
        (say.handshakes(), figure(requests.handshakes)),
        (say.answered(), figure(requests.answered)),
        (say.valid(), valid),
        (say.failed(), failed),
    ];
    if let Some(unknown) = requests.unknown.filter(|&n| n > 0) {
        figures.push((
            say.unknown(),
            Cell::new(say.n(unknown)).toned(Tone::Warning),
        ));
    }
    let (columns, cells): (Vec<_>, Vec<_>) = figures.into_iter().unzip();
    // Of another protocol than TIME nobody here knows what an answer says.
    let not_judged = requests.valid.is_none() && requests.answered > Some(0);
    Block::Grid {
        heading: say.requests_heading(),
        grid: Grid {
            columns: columns.into_iter().map(Column::right).collect(),
            rows: vec![Row::new(cells)],
        },
        after: not_judged.then(|| Cell::new(say.answers_not_judged()).toned(Tone::Quiet)),
    }
}

fn failures(say: Say, requests: &Requests) -> Option<Block> {
    let mut failed: Vec<_> = requests.failed.iter().filter(|(_, n)| **n > 0).collect();
    failed.sort_by_key(|&(_, &n)| std::cmp::Reverse(n));
    let rows: Vec<_> = failed
        .into_iter()
        .map(|(reason, &n)| {
            let meaning = Outcome::from_name(reason).map(|outcome| say.lang.outcome(outcome));
            Row::new([
                Cell::new(say.n(n)).toned(Tone::Error),
                Cell::new(reason),
                Cell::maybe(meaning),
            ])
        })
        .collect();
    (!rows.is_empty()).then(|| Block::Grid {
        heading: say.failures(),
        grid: Grid {
            columns: vec![
                Column::right(say.requests_column()),
                Column::left(say.reason()).keep(Keep::Elide),
                Column::left(say.what_it_means()).keep(Keep::Elide),
            ],
            rows,
        },
        after: None,
    })
}

/// `partial`: the times of answers are not of all exchanges.
pub(super) fn latency(
    say: Say,
    latency: &Latencies,
    open_loop: Option<&OpenLoop>,
    partial: bool,
) -> Block {
    let row = |label: &str, quantiles: Option<Quantiles>| {
        let span =
            |of: fn(&Quantiles) -> Nanos| Cell::maybe(quantiles.as_ref().map(|q| say.span(of(q))));
        Row::new([
            Cell::new(label),
            span(|q| q.min_ns),
            span(|q| q.p50_ns).toned(match quantiles {
                Some(_) => Tone::Strong,
                None => Tone::Quiet,
            }),
            span(|q| q.p95_ns),
            span(|q| q.p99_ns),
            span(|q| q.max_ns),
            Cell::maybe(quantiles.map(|q| say.n(q.count))),
        ])
    };
    let mut rows = vec![
        row(say.handshake(), latency.handshake),
        row(say.answer(), latency.exchange),
    ];
    if let Some(open) = open_loop {
        rows.push(row(say.response(), open.response));
        rows.push(row(say.service(), open.service));
        rows.push(row(say.start_delay(), open.start_delay));
    }
    Block::Grid {
        heading: say.latency(),
        grid: Grid {
            columns: vec![
                Column::left(""),
                Column::right(say.min()),
                Column::right("p50"),
                Column::right("p95"),
                Column::right("p99"),
                Column::right(say.max()),
                Column::right(say.number()),
            ],
            rows,
        },
        after: partial.then(|| Cell::new(say.not_all_answers()).toned(Tone::Warning)),
    }
}

/// The conclusions, where there are any. `port`: the server's, where there is one.
pub(super) fn findings(say: Say, findings: &[Finding], port: Option<u16>) -> Option<Block> {
    let explained_by = explained_by(say, findings, port);
    let findings: Vec<_> = findings
        .iter()
        .map(|finding| {
            let (label, tone) = match finding.severity {
                Severity::Error => (say.error(), Tone::Error),
                Severity::Warning => (say.warning(), Tone::Warning),
                Severity::Info => (say.note(), Tone::Info),
            };
            Conclusion {
                label: Cell::new(label).toned(tone),
                message: Cell::new(wording::message(finding, say.lang)),
                code: Cell::new(&finding.code),
            }
        })
        .collect();
    (!findings.is_empty()).then_some(Block::Findings {
        heading: say.findings(),
        findings,
        explained_by,
    })
}

/// The command that says more on these findings, without the program's name.
fn explained_by(say: Say, findings: &[Finding], port: Option<u16>) -> String {
    /// As many codes as a line bears.
    const NAMED: usize = 3;
    let mut codes: Vec<&str> = Vec::new();
    for finding in findings {
        // A record may come from anywhere.
        let is_code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let code = finding.code.as_str();
        if code.chars().all(is_code) && !code.is_empty() && !codes.contains(&code) {
            codes.push(code);
        }
    }
    let which = match codes.len() {
        1..=NAMED => codes.join(" "),
        _ => say.code().to_owned(),
    };
    // Without it, that of the lab.
    let port = port.filter(|port| *port != 45_000);
    let port = port.map_or_else(String::new, |port| format!("--port {port} "));
    format!("explain {port}{which}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    const EN: Say = Say::new(Lang::En);

    /// Valid and failed requests as they are shown.
    fn shown(requests: &Requests) -> [(String, Tone); 2] {
        let Block::Grid { grid, .. } = super::requests(EN, requests) else {
            panic!("a table");
        };
        [5, 6].map(|at| {
            let cell: &Cell = &grid.rows[0].cells[at];
            (cell.text.clone(), cell.tone)
        })
    }

    /// An empty list of failures says nothing where no answer was counted.
    #[test]
    fn no_failures_are_zero_where_somebody_counted() {
        let failed = |answered, valid, refused: u64| {
            let failed = (refused > 0).then(|| ("refused".to_owned(), refused));
            let [_, shown] = shown(&Requests {
                answered,
                valid,
                failed: failed.into_iter().collect(),
                ..Requests::default()
            });
            shown
        };
        let told = |text: &str, tone| (text.to_owned(), tone);
        assert_eq!(failed(None, None, 0), told("—", Tone::Quiet));
        assert_eq!(failed(Some(3), None, 0), told("0", Tone::Plain));
        assert_eq!(failed(None, Some(3), 0), told("0", Tone::Plain));
        assert_eq!(failed(None, None, 2), told("2", Tone::Error));
    }

    #[test]
    fn all_valid_is_good() {
        let valid = |submitted, valid| {
            let [shown, _] = shown(&Requests {
                submitted,
                valid,
                ..Requests::default()
            });
            shown.1
        };
        assert_eq!(valid(Some(3), Some(3)), Tone::Good);
        assert_eq!(valid(Some(3), Some(2)), Tone::Plain);
        assert_eq!(valid(None, None), Tone::Quiet);
    }

    #[test]
    fn only_failures_that_occurred_are_listed() {
        let listed = |n| {
            let requests = Requests {
                failed: [("refused".to_owned(), n)].into(),
                ..Requests::default()
            };
            failures(EN, &requests).is_some()
        };
        assert!(listed(1) && !listed(0));
    }
}
