//! A comparison as text: the rows in several tables of the same order, what
//! differs by more than noise, how each grows, and threads over time.
//!
//! The comparison's record comes in; a sheet goes out for people, and rows for
//! spreadsheets.

mod cells;
mod chart;
mod conclusions;
mod csv;
mod tables;

pub(super) use csv::write as write_csv;

use super::origin::when_and_where;
use super::sheet::{Cell, Sheet, Tone};
use super::summary;
use super::words::Say;
use crate::model::{CompareRecord, CompareRow};
use crate::text::units::{count, counted, duration};

/// What is said of a comparison to people.
pub(super) fn sheet(say: Say, record: &CompareRecord) -> Sheet {
    let mut blocks = tables::blocks(record);
    blocks.extend(chart::blocks(record));
    blocks.extend(summary::findings(say, &record.findings, None));
    Sheet {
        title: title(record),
        subtitles: subtitles(say, record),
        blocks,
    }
}

/// More rows than this are not named in the title.
const NAMED: usize = 6;

fn title(record: &CompareRecord) -> Cell {
    let plan = &record.plan;
    let sizes: Vec<String> = plan.sizes.iter().map(|n| count(*n)).collect();
    let requests = match plan.sizes.as_slice() {
        [1] => "1 request".to_owned(),
        _ => format!("{} requests", sizes.join(", ")),
    };
    let names: Vec<&str> = record.rows.iter().map(|row| row.name.as_str()).collect();
    let rows = match (names.len(), plan.sizes.len()) {
        (..=NAMED, 1) => names.join(", "),
        (n, _) => counted(n as u64, "row", "rows"),
    };
    Cell::new(format!(
        "{rows} compared: {requests}, {} each",
        counted(plan.repeat, "run", "runs"),
    ))
    .toned(Tone::Strong)
}

fn subtitles(say: Say, record: &CompareRecord) -> Vec<Cell> {
    let distinct = |of: fn(&CompareRow) -> Option<String>| {
        let mut all: Vec<String> = Vec::new();
        for name in record.rows.iter().filter_map(of) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    };
    let models = distinct(|row| row.server_model.map(|model| model.to_string()));
    let own = distinct(|row| {
        let (name, command) = (row.server.as_ref()?, row.server_command.as_ref()?);
        Some(format!("server {name}: `{}`", command.join(" ")))
    });
    let mut servers = own;
    if !models.is_empty() {
        servers.insert(0, format!("embedded server ({})", models.join(", ")));
    }
    let made: u64 = record.rows.iter().map(|row| row.repeats).sum();
    let wanted = record.plan.repeat * record.rows.len() as u64;
    let warmup = match record.plan.warmup {
        0 => String::new(),
        n => format!(" after {} each", counted(n, "warm-up run", "warm-up runs")),
    };
    let made = if made == wanted {
        counted(made, "run", "runs")
    } else {
        format!("{} of {} runs", count(made), count(wanted))
    };
    let mut lines = vec![format!(
        "{} · {made}{warmup} · {}",
        servers.join(" · "),
        duration(record.duration_ns),
    )];
    if !record.plan.options.is_empty() {
        lines.push(format!(
            "options of every run: {}",
            record.plan.options.join(" ")
        ));
    }
    if let Some(environment) = &record.environment {
        lines.push(when_and_where(
            say,
            &record.started,
            environment,
            &record.tool,
        ));
    }
    lines
        .into_iter()
        .map(|line| Cell::new(line).toned(Tone::Quiet))
        .collect()
}

#[cfg(test)]
mod tests;
