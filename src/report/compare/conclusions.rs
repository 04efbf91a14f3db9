//! What the rows come to: which of them differ by more than noise, and how each
//! grows with the number of requests.

use super::cells::{MARK_MEANS, marked, strong, times};
use crate::model::{CompareRecord, Difference, GrowthRow, TOO_FEW_REPEATS};
use crate::report::sheet::{Block, Cell, Column, Grid, Keep, Row, Tone};
use crate::text::units::{count, counted};

/// Past so many pairs only those that differ are told one by one.
const TOLD: usize = 15;

/// The pairs that were tested.
pub(super) fn differences(record: &CompareRecord) -> Option<Block> {
    let differences = &record.differences;
    let test = &differences.first()?.test;
    let mut told: Vec<&Difference> = differences.iter().collect();
    let mut after = vec![format!(
        "{test}, of the durations; significant (real in compare.json) means p < 0.05"
    )];
    if let Some(needed) = repeats_needed(record) {
        after.insert(
            0,
            format!(
                "With {} each, no difference can be significant, however large it is: use --repeat {needed} or more.",
                counted(record.plan.repeat, "run", "runs")
            ),
        );
    }
    if told.len() > TOLD {
        told.retain(|d| d.real);
        after.insert(0, summary(told.len(), differences.len()));
    }
    let failed = |name: &str| {
        let mut rows = record.rows.iter();
        rows.any(|row| row.name == name && row.fell_short())
    };
    let marks = |d: &Difference| failed(&d.a) || failed(&d.b);
    if told.iter().any(|d| marks(d)) {
        after.push(format!("({MARK_MEANS})"));
    }
    let rows: Vec<Row> = told
        .into_iter()
        .map(|d| {
            let name = |name: &str| {
                if failed(name) {
                    marked(name)
                } else {
                    Cell::new(name)
                }
            };
            let verdict = match (d.real, marks(d)) {
                (true, false) => Cell::new("significant").toned(Tone::Good),
                (true, true) => Cell::new("significant, but incomplete").toned(Tone::Warning),
                (false, _) => Cell::new("not significant").toned(Tone::Quiet),
            };
            Row::new([
                name(&d.b),
                Cell::new(format!("{} ×", times(d.ratio))),
                name(&d.a),
                Cell::new(p_value(d.p_value)),
                verdict,
            ])
        })
        .collect();
    let after = after.join(" ");
    Some(Block::Grid {
        heading: "Differences",
        grid: Grid {
            columns: vec![
                Column::left("").keep(Keep::Elide),
                Column::right("takes"),
                Column::left("the time of").keep(Keep::Elide),
                Column::right("p (Holm)"),
                Column::left(""),
            ],
            rows,
        },
        after: Some(Cell::new(after).toned(Tone::Quiet)),
    })
}

/// How many of many pairs differ, in words.
fn summary(real: usize, all: usize) -> String {
    let same = count((all - real) as u64);
    let pairs = count(all as u64);
    match real {
        0 => format!("None of the {pairs} pairs differs significantly."),
        _ if real == all => format!("All {pairs} pairs differ significantly."),
        1 => {
            format!("1 of {pairs} pairs differs significantly; no significant difference: {same}.")
        }
        _ => format!(
            "{} of {pairs} pairs differ significantly; no significant difference: {same}.",
            count(real as u64)
        ),
    }
}

/// How many runs it takes until a difference can be real, where these are fewer.
fn repeats_needed(record: &CompareRecord) -> Option<u64> {
    let mut findings = record.findings.iter();
    let few = findings.find(|f| f.code == TOO_FEW_REPEATS)?;
    few.evidence.get("repeats_needed")?.as_u64()
}

/// What ten times the requests make of each figure.
pub(super) fn growth(growth: &[GrowthRow]) -> Option<Block> {
    if growth.is_empty() {
        return None;
    }
    let columns = [
        Column::left("").keep(Keep::Elide),
        Column::right("duration"),
        Column::right("c threads"),
        Column::right("s threads"),
        Column::right("open"),
        Column::right("ans p50"),
        Column::right("c CPU"),
        Column::right("s CPU"),
        Column::right("c mem, largest").keep(Keep::IfRoom),
        Column::right("s mem, largest").keep(Keep::IfRoom),
    ];
    let rows = growth.iter().map(|g| {
        let power = |exponent: Option<f64>| {
            Cell::maybe(exponent.map(|e| format!("× {}", times(10_f64.powf(e)))))
        };
        Row::new([
            Cell::new(&g.name),
            strong(power(g.duration)),
            power(g.client_threads_peak),
            power(g.server_threads_peak),
            power(g.peak_open_flows),
            power(g.exchange_p50),
            power(g.client_cpu),
            power(g.server_cpu),
            power(g.client_peak_memory),
            power(g.server_peak_memory),
        ])
    });
    Some(Block::Grid {
        heading: "Growth",
        grid: Grid {
            columns: columns.to_vec(),
            rows: rows.collect(),
        },
        after: Some(
            Cell::new(
                "how each figure changes with ten times the requests: × 10 grows in proportion to n, × 1 does not grow (fitted power of n); c: client, s: server; open: flows open at the same time; ans: answer; mem: memory of the largest process",
            )
            .toned(Tone::Quiet),
        ),
    })
}

fn p_value(p: f64) -> String {
    if p < 0.0001 {
        "< 0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}
