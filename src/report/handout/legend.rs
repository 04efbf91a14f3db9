//! What the terms mean, of those that the report uses.

use super::Parts;
use super::page::Page;
use super::words::Say;
use crate::model::{Provenance, RunRecord};

/// The section.
pub(super) fn section(say: Say, parts: &Parts<'_>, page: &mut Page) {
    let counted = |wanted: Provenance| {
        let runs = parts.records().map(|run| &run.census);
        let rows = parts.compared.iter().flat_map(|(_, record)| &record.rows);
        let mut all = runs.chain(rows.filter_map(|row| row.census.as_ref()));
        all.any(|census| {
            let how = [
                census.client.provenance,
                census.server.provenance,
                census.system.provenance,
            ];
            how.contains(&Some(wanted))
        })
    };
    let runs = !parts.runs.is_empty();
    let counts = runs || !parts.compared.is_empty();
    let captured = parts.runs.iter().any(|run| !run.view.flows.is_empty());
    let told = |run: &RunRecord| Provenance::is_told(run.latency.provenance);
    let by_calls = parts.records().any(told);
    let terms = [
        (true, say.g_thread(), say.g_thread_is()),
        (true, say.g_process(), say.g_process_is()),
        (counts, say.t_before(), say.g_before_is()),
        (counts, say.t_peak(), say.g_peak_is()),
        (counts, say.t_after(), say.g_after_is()),
        (runs, say.t_created(), say.g_created_is()),
        (
            counted(Provenance::Instrumented),
            "instrumented".to_owned(),
            say.g_instrumented_is(),
        ),
        (
            counted(Provenance::Traced),
            "traced".to_owned(),
            say.g_traced_is(),
        ),
        (
            counted(Provenance::Matched),
            "matched".to_owned(),
            say.g_matched_is(),
        ),
        (
            counted(Provenance::Sampled),
            "sampled".to_owned(),
            say.g_sampled_is(),
        ),
        (captured, say.g_flow(), say.g_flow_is()),
        (
            counts && (!by_calls || captured),
            "handshake".to_owned(),
            say.g_handshake_is(),
        ),
        (
            counts && (!by_calls || captured),
            say.g_answer_time(),
            say.g_answer_time_is(),
        ),
        (by_calls, "handshake".to_owned(), say.g_handshake_told_is()),
        (by_calls, say.g_answer_time(), say.g_answer_told_is()),
        (captured, say.g_history(), say.g_history_is()),
        (captured, "FIN, RST".to_owned(), say.g_fin_is()),
        (counts, say.g_median(), say.g_median_is()),
        (
            parts
                .compared
                .iter()
                .any(|(_, r)| !r.fair_differences().is_empty()),
            say.g_p(),
            say.g_p_is(),
        ),
    ];
    let rows: Vec<Vec<String>> = terms
        .into_iter()
        .filter(|(used, ..)| *used)
        .map(|(_, term, means)| vec![term, means])
        .collect();
    page.table("ll", &[&say.t_term(), &say.t_means()], &rows);
}
