//! What the rows come to: which of them differ by more than noise, and how each
//! grows with the number of requests.

use super::tables::{strong, times};
use crate::model::{Difference, GrowthRow};
use crate::report::sheet::{Block, Cell, Column, Grid, Keep, Row, Tone};
use crate::text::units::count;

/// Past so many pairs only those that differ are told one by one.
const TOLD: usize = 15;

/// The pairs that were tested.
pub(super) fn differences(differences: &[Difference]) -> Option<Block> {
    let test = &differences.first()?.test;
    let mut told: Vec<&Difference> = differences.iter().collect();
    let mut after = format!("{test}, of the durations; real is p < 0.05");
    if told.len() > TOLD {
        told.retain(|d| d.real);
        let same = differences.len() - told.len();
        after = format!(
            "{} of {} pairs differ; the other {} cannot be told apart. {after}",
            count(told.len() as u64),
            count(differences.len() as u64),
            count(same as u64),
        );
    }
    let rows = told
        .into_iter()
        .map(|d| {
            let (verdict, tone) = if d.real {
                ("real", Tone::Good)
            } else {
                ("not told from noise", Tone::Quiet)
            };
            Row::new([
                Cell::new(&d.b),
                Cell::new(format!("{} ×", times(d.ratio))),
                Cell::new(&d.a),
                Cell::new(p_value(d.p_value)),
                Cell::new(verdict).toned(tone),
            ])
        })
        .collect();
    Some(Block::Grid {
        heading: "Differences",
        grid: Grid {
            columns: vec![
                Column::left("").keep(Keep::Elide),
                Column::right("takes"),
                Column::left("the time of").keep(Keep::Elide),
                Column::right("p after Holm").short("p"),
                Column::left(""),
            ],
            rows,
        },
        after: Some(Cell::new(after).toned(Tone::Quiet)),
    })
}

/// What ten times the requests make of each figure.
pub(super) fn growth(growth: &[GrowthRow]) -> Option<Block> {
    if growth.is_empty() {
        return None;
    }
    let columns = [
        Column::left("").keep(Keep::Elide),
        Column::right("duration"),
        Column::right("client threads").short("c threads"),
        Column::right("server threads").short("s threads"),
        Column::right("open flows").short("open"),
        Column::right("answer p50").short("answer"),
        Column::right("client CPU").short("c CPU"),
        Column::right("server CPU").short("s CPU"),
        Column::right("client memory")
            .short("c mem")
            .keep(Keep::IfRoom),
        Column::right("server memory")
            .short("s mem")
            .keep(Keep::IfRoom),
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
                "what ten times the requests make of each figure: × 10 grows as n does, × 1 does not grow (a power of n, fitted)",
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
