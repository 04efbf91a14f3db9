//! What it all comes to: of each run and comparison what is certain.

use super::facts::is_exact;
use super::page::{Page, foreign};
use super::words::Say;
use super::{Parts, RunPart, ceilings, comparison, outcome};
use crate::model::{
    CeilingKind, CompareRecord, Difference, RunRecord, Severity, SideCensus, StoppedBy,
};

/// No more pairs are told one by one.
const TOLD: usize = 6;

/// The section.
pub(super) fn section(say: Say, parts: &Parts<'_>, page: &mut Page) {
    let mut items: Vec<String> = parts.runs.iter().map(|run| of_run(say, run)).collect();
    items.extend(most(say, &parts.runs));
    for (name, record) in &parts.compared {
        items.extend(of_comparison(say, name, record));
    }
    for (_, record) in &parts.ceilings {
        for kind in record.kinds.iter().filter(|k| k.reached.is_some()) {
            let reached = say.cell(kind.reached);
            let mut told = match kind.kind {
                CeilingKind::Thread => say.c_ceiling_threads(&reached),
                CeilingKind::Process => say.c_ceiling_processes(&reached),
                CeilingKind::Connection => say.c_ceiling_connections(&reached),
            };
            // A number at which nobody refused one more is not the maximum.
            if kind.stopped_by != Some(StoppedBy::Refused)
                && let Some(ended) = ceilings::ended(say, record, kind)
            {
                told = format!("{told} {ended}");
            }
            items.push(told);
        }
    }
    page.list(&items);
}

fn of_run(say: Say, part: &RunPart<'_>) -> String {
    let run = part.view.run;
    let mut told = Vec::new();
    match (run.requests.valid, run.requests.submitted) {
        (Some(valid), Some(all)) if valid <= all => {
            told.push(say.c_valid(&say.n(valid), &say.requests(all)));
        }
        (Some(_), None) if outcome::none_seen(run) => told.push(say.no_request_seen()),
        (Some(valid), _) => told.push(say.c_valid_seen(&say.requests(valid))),
        (None, _) => {}
    }
    told.extend(peaks(say, run));
    let errors = run
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .count();
    if errors > 0 {
        told.push(say.c_errors(&say.n(errors as u64)));
    }
    if told.is_empty() {
        told.push(say.c_nothing());
    }
    format!("**{}**: {}", foreign(part.name), told.join(" "))
}

fn peaks(say: Say, run: &RunRecord) -> Vec<String> {
    let (client, server) = (&run.census.client, &run.census.server);
    let peak = |census: &SideCensus| census.threads.peak.filter(|_| is_exact(census));
    // A peak that was sampled may have been higher.
    let seen = |census: &SideCensus| census.threads.peak.filter(|_| !is_exact(census));
    let mut told = Vec::new();
    told.extend(match (peak(client), peak(server)) {
        (Some(c), Some(s)) => Some(say.c_peaks(&say.threads(c), &say.n(s))),
        (Some(c), None) => Some(say.c_peak_client(&say.threads(c))),
        (None, Some(s)) => Some(say.c_peak_server(&say.threads(s))),
        (None, None) => None,
    });
    told.extend(seen(client).map(|c| say.c_seen_client(&say.n(c))));
    told.extend(seen(server).map(|s| say.c_seen_server(&say.n(s))));
    told
}

/// In which of several runs the most threads of the client existed at the same time, and
/// in which the fewest.
fn most(say: Say, runs: &[&RunPart<'_>]) -> Option<String> {
    let exact: Vec<(&str, u64)> = runs
        .iter()
        .filter(|part| is_exact(&part.view.run.census.client))
        .filter_map(|part| Some((part.name, part.view.run.census.client.threads.peak?)))
        .collect();
    if exact.len() < runs.len() {
        return None;
    }
    let (most, n) = exact.iter().max_by_key(|(_, n)| *n)?;
    let (fewest, m) = exact.iter().min_by_key(|(_, n)| *n)?;
    let once = |wanted: u64| exact.iter().filter(|(_, n)| *n == wanted).count() == 1;
    (n > m && once(*n) && once(*m))
        .then(|| say.c_most(&foreign(most), &say.n(*n), &foreign(fewest), &say.n(*m)))
}

fn of_comparison(say: Say, name: &str, record: &CompareRecord) -> Vec<String> {
    let name = foreign(name);
    let mut items = Vec::new();
    let all: Vec<&Difference> = record.fair_differences();
    let real: Vec<&&Difference> = all.iter().filter(|d| d.real).collect();
    let left_out = record.left_out();
    if !left_out.is_empty() {
        let names: Vec<String> = left_out.into_iter().map(foreign).collect();
        items.push(format!("**{name}**: {}", say.c_left_out(&names.join(", "))));
    }
    if real.is_empty() {
        if comparison::repeats_needed(record).is_some() {
            items.push(format!("**{name}**: {}", say.c_too_few()));
        } else if !all.is_empty() {
            items.push(format!("**{name}**: {}", say.c_none_real()));
        }
        return items;
    }
    for d in real.iter().take(TOLD) {
        let (a, b) = (foreign(&d.a), foreign(&d.b));
        let told = say.c_faster(&a, &b, &say.times(d.ratio));
        items.push(format!("**{name}**: {told}"));
    }
    let rest = all.len() - real.len().min(TOLD);
    if rest > 0 {
        let rest_real = real.len().saturating_sub(TOLD) as u64;
        items.push(format!(
            "**{name}**: {}",
            if rest_real > 0 {
                say.c_rest_some(&say.n(rest as u64), &say.n(rest_real))
            } else {
                say.c_rest_none(&say.n(rest as u64))
            }
        ));
    }
    items
}
