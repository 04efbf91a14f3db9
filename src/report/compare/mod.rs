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
mod words;

pub(super) use csv::write as write_csv;

use self::words::Say;
use super::origin::when_and_where;
use super::sheet::{Cell, Sheet, Tone};
use super::summary;
use crate::lang::Lang;
use crate::model::{CompareRecord, CompareRow};
use crate::text::command::as_line;

/// What is said of a comparison to people.
pub(super) fn sheet(lang: Lang, record: &CompareRecord) -> Sheet {
    let say = Say::new(lang);
    let mut blocks = tables::blocks(say, record);
    blocks.extend(chart::blocks(say, record));
    blocks.extend(summary::findings(
        super::words::Say::new(lang),
        &record.findings,
        None,
    ));
    Sheet {
        title: title(say, record),
        subtitles: subtitles(say, record),
        blocks,
    }
}

/// More rows than this are not named in the title.
const NAMED: usize = 6;

fn title(say: Say, record: &CompareRecord) -> Cell {
    let plan = &record.plan;
    let sizes: Vec<String> = plan.sizes.iter().map(|n| say.lang.count(*n)).collect();
    let requests = match plan.sizes.as_slice() {
        [one] => say.requests(*one),
        _ => say.some_requests(&sizes.join(", ")),
    };
    let names: Vec<&str> = record.rows.iter().map(|row| row.name.as_str()).collect();
    let rows = match (names.len(), plan.sizes.len()) {
        (..=NAMED, 1) => names.join(", "),
        (n, _) => say.rows(n as u64),
    };
    Cell::new(say.title(&rows, &requests, &say.runs(plan.repeat))).toned(Tone::Strong)
}

fn subtitles(say: Say, record: &CompareRecord) -> Vec<Cell> {
    let distinct = |of: &dyn Fn(&CompareRow) -> Option<String>| {
        let mut all: Vec<String> = Vec::new();
        for name in record.rows.iter().filter_map(of) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    };
    let models = distinct(&|row| row.server_model.map(|model| model.to_string()));
    let own = distinct(&|row| {
        let (name, command) = (row.server.as_ref()?, row.server_command.as_ref()?);
        Some(say.server_of(name, &as_line(command)))
    });
    let mut servers = own;
    if !models.is_empty() {
        servers.insert(0, say.embedded(&models.join(", ")));
    }
    let made: u64 = record.rows.iter().map(|row| row.repeats).sum();
    let wanted = record.plan.repeat * record.rows.len() as u64;
    let warmup = match record.plan.warmup {
        0 => String::new(),
        n => say.after_warmup(&say.warmups(n)),
    };
    let made = if made == wanted {
        say.runs(made)
    } else {
        say.of_runs(&say.lang.count(made), &say.lang.count(wanted))
    };
    let isolated = if record.plan.isolated {
        format!(" · {}", say.isolated())
    } else {
        String::new()
    };
    let mut lines = vec![format!(
        "{}{isolated} · {made}{warmup} · {}",
        servers.join(" · "),
        say.lang.duration(record.duration_ns),
    )];
    if !record.plan.options.is_empty() {
        lines.push(say.options(&as_line(&record.plan.options)));
    }
    if let Some(environment) = &record.environment {
        lines.push(when_and_where(
            super::words::Say::new(say.lang),
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
