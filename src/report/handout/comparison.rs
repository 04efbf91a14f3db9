//! Methods side by side: single runs without claims of speed, and comparisons with
//! their statistics.

use super::page::{Page, foreign};
use super::words::Say;
use super::{Explain, RunPart, findings, methods};
use crate::model::{CompareRecord, CompareRow, Difference, RunCensus, TOO_FEW_REPEATS};

/// Past so many pairs only those that differ are told.
const TOLD: usize = 15;

/// The figures of several runs in one table.
pub(super) fn of_runs(say: Say, runs: &[&RunPart<'_>], page: &mut Page) {
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|part| {
            let run = part.view.run;
            let (client, server) = (&run.census.client, &run.census.server);
            let median = |q: Option<crate::model::Quantiles>| say.time_cell(q.map(|q| q.p50_ns));
            vec![
                foreign(part.name),
                methods::client(say, run),
                say.cell(run.requests.valid),
                say.cell(client.threads.created),
                say.cell(client.threads.peak),
                say.cell(client.processes.peak),
                say.cell(server.threads.created),
                say.cell(server.threads.peak),
                median(run.latency.handshake),
                median(run.latency.exchange),
                say.time_cell(run.observer.client_duration_ns),
            ]
        })
        .collect();
    page.table(
        "llrrrrrrrrr",
        &[
            &say.t_run(),
            &say.t_client(),
            &say.t_valid(),
            &say.t_client_created(),
            &say.t_client_peak(),
            &say.t_client_processes_peak(),
            &say.t_server_created(),
            &say.t_server_peak(),
            &say.t_handshake_median(),
            &say.t_answer_median(),
            &say.t_client_duration(),
        ],
        &rows,
    );
    let requests = |part: &RunPart<'_>| {
        let requests = &part.view.run.requests;
        requests.submitted.or(requests.attempted)
    };
    let mut after = vec![say.one_run_each()];
    // Of a run that was not counted nothing is said.
    let known: Vec<u64> = runs.iter().filter_map(|part| requests(part)).collect();
    if known.windows(2).any(|two| two[0] != two[1]) {
        after.push(say.runs_of_several_sizes());
    }
    page.sentences(&after);
}

/// A comparison.
pub(super) fn section(say: Say, record: &CompareRecord, explain: &Explain<'_>, page: &mut Page) {
    let mut told = Vec::new();
    if record.plan.repeat > 0 {
        let repeat = say.repeats(record.plan.repeat);
        told.push(if record.complete {
            say.compared(&repeat)
        } else {
            say.compared_in_part(&repeat)
        });
    }
    if !record.complete {
        told.push(say.compare_incomplete());
    }
    page.sentences(&told);
    durations(say, &record.rows, page);
    tasks(say, &record.rows, page);
    differences(say, record, page);
    if !record.findings.is_empty() {
        page.heading(3, &say.h_findings());
        findings::list(say, &record.findings, explain, page);
    }
}

/// That some of its methods are `described` by a run, and others are not.
pub(super) fn not_described(say: Say, record: &CompareRecord, described: usize) -> Option<String> {
    let others = record.rows.len().saturating_sub(described) as u64;
    (described > 0 && others > 0).then(|| say.not_described(&say.other_methods(others)))
}

fn name(say: Say, row: &CompareRow) -> String {
    if row.fell_short() {
        say.row_incomplete(&foreign(&row.name))
    } else {
        foreign(&row.name)
    }
}

fn durations(say: Say, rows: &[CompareRow], page: &mut Page) {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let d = row.duration_ns;
            vec![
                name(say, row),
                say.n(row.repeats),
                say.time_cell(d.map(|d| d.median)),
                say.time_cell(d.map(|d| d.min)),
                say.time_cell(d.map(|d| d.max)),
                row.ratio_to_fastest
                    .map_or_else(|| say.cell(None), |r| say.times(r)),
                say.time_cell(row.latency.handshake.map(|q| q.p50_ns)),
                say.time_cell(row.latency.exchange.map(|q| q.p50_ns)),
                say.cell(row.failed),
            ]
        })
        .collect();
    page.table(
        "lrrrrrrrr",
        &[
            &say.t_method(),
            &say.t_runs(),
            &say.t_median(),
            &say.t_min(),
            &say.t_max(),
            &say.t_ratio(),
            &say.t_handshake_median(),
            &say.t_answer_median(),
            &say.t_failed(),
        ],
        &cells,
    );
    let mut after = vec![say.compare_legend()];
    if rows.iter().any(CompareRow::fell_short) {
        after.push(say.compare_short());
    }
    page.sentences(&after);
}

/// Before, peak and after of both sides and of the system.
fn tasks(say: Say, rows: &[CompareRow], page: &mut Page) {
    let three = |before: Option<u64>, peak: Option<u64>, after: Option<u64>| {
        if before.is_none() && peak.is_none() && after.is_none() {
            return say.cell(None);
        }
        [before, peak, after].map(|n| say.cell(n)).join(" → ")
    };
    let of = |census: &RunCensus| {
        let sides = [
            census.client.threads,
            census.client.processes,
            census.server.threads,
            census.server.processes,
        ];
        let mut cells: Vec<String> = sides
            .iter()
            .map(|c| three(c.before, c.peak, c.after))
            .collect();
        let system = [census.system.threads, census.system.processes];
        cells.extend(system.iter().map(|c| three(c.before, c.peak, c.after)));
        cells
    };
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let counts = row
                .census
                .as_ref()
                .map_or_else(|| vec![say.cell(None); 6], of);
            let mut cells = vec![name(say, row)];
            cells.extend(counts);
            cells
        })
        .collect();
    page.table(
        "lrrrrrr",
        &[
            &say.t_method(),
            &say.r_client_threads(),
            &say.r_client_processes(),
            &say.r_server_threads(),
            &say.r_server_processes(),
            &say.r_system_threads(),
            &say.r_system_processes(),
        ],
        &cells,
    );
    page.sentences(&[say.compare_counts_legend()]);
}

fn differences(say: Say, record: &CompareRecord, page: &mut Page) {
    let all = record.fair_differences();
    let Some(first) = all.first() else {
        return;
    };
    let mut told: Vec<&Difference> = all.clone();
    let many = told.len() > TOLD;
    if many {
        told.retain(|d| d.real);
    }
    let rows: Vec<Vec<String>> = told
        .iter()
        .map(|d| {
            let verdict = if d.real {
                say.is_significant()
            } else {
                say.not_significant()
            };
            vec![
                foreign(&d.a),
                foreign(&d.b),
                verdict,
                say.times(d.ratio),
                p_value(say, d.p_value),
            ]
        })
        .collect();
    page.table(
        "lllrr",
        &[
            &say.t_shorter(),
            &say.t_longer(),
            &say.t_difference(),
            &say.t_times_longer(),
            &say.t_p(),
        ],
        &rows,
    );
    let mut after = vec![say.test(&test(say, &first.test))];
    if many {
        let real = told.len() as u64;
        after.push(say.pairs_real(&say.n(real), &say.n(all.len() as u64)));
    }
    if let Some(needed) = repeats_needed(record) {
        after.push(say.too_few(&say.runs(record.plan.repeat), &say.n(needed)));
    }
    page.sentences(&after);
}

/// The test by its name, as far as its words are known.
fn test(say: Say, name: &str) -> String {
    let words = name.split(", ").map(|word| match word {
        "two-sided" => say.test_two_sided(),
        "Holm-corrected" => say.test_holm(),
        "exact" => say.test_exact(),
        "normal approximation" => say.test_normal(),
        other => foreign(other),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// How many runs it takes until a difference can be significant, where these are fewer.
pub(super) fn repeats_needed(record: &CompareRecord) -> Option<u64> {
    let few = record.findings.iter().find(|f| f.code == TOO_FEW_REPEATS)?;
    few.evidence.get("repeats_needed")?.as_u64()
}

fn p_value(say: Say, p: f64) -> String {
    if p < 0.0001 {
        format!("< {}", say.lang.decimal(0.0001, 4))
    } else {
        say.lang.decimal(p, 4)
    }
}
