//! What the rows come to: which of them differ by more than noise, and how each
//! grows with the number of requests.

use super::cells::strong;
use super::words::Say;
use crate::model::{CompareRecord, Difference, GrowthRow, TOO_FEW_REPEATS};
use crate::report::sheet::{Block, Cell, Column, Grid, Keep, Row, Tone};

/// Past so many pairs only those that differ are told one by one.
const TOLD: usize = 15;

/// The pairs that were tested.
pub(super) fn differences(say: Say, record: &CompareRecord) -> Option<Block> {
    let differences = record.fair_differences();
    let test = &differences.first()?.test;
    let mut told: Vec<&Difference> = differences.clone();
    let test = say.lang.kept(test);
    let mut after = vec![say.tested(&test, &say.lang.decimal(0.05, 2))];
    if let Some(needed) = repeats_needed(record) {
        after.insert(
            0,
            say.too_few(&say.runs(record.plan.repeat), &needed.to_string()),
        );
    }
    if told.len() > TOLD {
        told.retain(|d| d.real);
        after.insert(0, summary(say, told.len(), differences.len()));
    }
    let left_out = record.left_out();
    if !left_out.is_empty() {
        after.insert(0, say.not_tested(&left_out.join(", ")));
    }
    let rows: Vec<Row> = told
        .into_iter()
        .map(|d| {
            let verdict = if d.real {
                Cell::new(say.significant()).toned(Tone::Good)
            } else {
                Cell::new(say.not_significant()).toned(Tone::Quiet)
            };
            Row::new([
                Cell::new(&d.b),
                Cell::new(format!("{} ×", say.lang.times(d.ratio))),
                Cell::new(&d.a),
                Cell::new(p_value(say, d.p_value)),
                verdict,
            ])
        })
        .collect();
    let after = after.join(" ");
    Some(Block::Grid {
        heading: say.differences(),
        grid: Grid {
            columns: vec![
                Column::left("").keep(Keep::Elide),
                Column::right(say.takes()),
                Column::left(say.the_time_of()).keep(Keep::Elide),
                Column::right(say.p()),
                Column::left(""),
            ],
            rows,
        },
        after: Some(Cell::new(after).toned(Tone::Quiet)),
    })
}

/// How many of many pairs differ, in words.
fn summary(say: Say, real: usize, all: usize) -> String {
    let same = say.lang.count((all - real) as u64);
    let pairs = say.lang.count(all as u64);
    match real {
        0 => say.none_of(&pairs),
        _ if real == all => say.all_of(&pairs),
        1 => say.one_of(&pairs, &same),
        _ => say.some_of(&say.lang.count(real as u64), &pairs, &same),
    }
}

/// How many runs it takes until a difference can be real, where these are fewer.
fn repeats_needed(record: &CompareRecord) -> Option<u64> {
    let mut findings = record.findings.iter();
    let few = findings.find(|f| f.code == TOO_FEW_REPEATS)?;
    few.evidence.get("repeats_needed")?.as_u64()
}

/// What ten times the requests make of each figure.
pub(super) fn growth(say: Say, growth: &[GrowthRow]) -> Option<Block> {
    if growth.is_empty() {
        return None;
    }
    let columns = [
        Column::left("").keep(Keep::Elide),
        Column::right(say.duration_column()),
        Column::right(say.client_threads()),
        Column::right(say.server_threads()),
        Column::right(say.open()),
        Column::right(say.answer_p50()),
        Column::right(say.short_client_cpu()),
        Column::right(say.short_server_cpu()),
        Column::right(say.short_client_memory()).keep(Keep::IfRoom),
        Column::right(say.short_server_memory()).keep(Keep::IfRoom),
    ];
    let rows = growth.iter().map(|g| {
        let power = |exponent: Option<f64>| {
            Cell::maybe(exponent.map(|e| format!("× {}", say.lang.times(10_f64.powf(e)))))
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
        heading: say.growth(),
        grid: Grid {
            columns: columns.to_vec(),
            rows: rows.collect(),
        },
        after: Some(Cell::new(say.growth_means()).toned(Tone::Quiet)),
    })
}

fn p_value(say: Say, p: f64) -> String {
    if p < 0.0001 {
        format!("< {}", say.lang.decimal(0.0001, 4))
    } else {
        say.lang.decimal(p, 4)
    }
}
