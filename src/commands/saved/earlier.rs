//! A run that threadtap 0.1 saved: there is its record, and nothing of what it
//! was made from.

use super::Saved;
use super::folder::Folder;
use super::records;
use crate::model::{FlowsKept, RunRecord, SCHEMA_RUN, StopReason};
use crate::text::units::{count, counted};

/// Reads it.
///
/// # Errors
/// When the folder holds no run, or one of another version.
pub(super) fn read(folder: &Folder) -> anyhow::Result<Saved> {
    if folder.file("run.json")?.is_none() {
        if folder.file("compare.json")?.is_some() {
            anyhow::bail!(
                "{} holds a comparison; give the folder of one of its runs",
                folder.name()
            );
        }
        anyhow::bail!(
            "{} is not the folder of a run: it has neither observation.jsonl nor run.json",
            folder.name()
        );
    }
    tracing::info!(
        "no observation.jsonl: threadtap 0.1 saved this run; its record and flows are shown as they are"
    );
    as_saved(folder)
}

/// The record, the flows and the workers as they were saved.
///
/// # Errors
/// When one of the files cannot be read.
pub(super) fn as_saved(folder: &Folder) -> anyhow::Result<Saved> {
    let run = record(folder)?;
    // Such a run says of its end no more than this.
    let capture = run.capture.as_ref();
    let interrupted = run.findings.iter().any(|f| f.code == "interrupted")
        || capture.is_some_and(|c| c.stop_reason == StopReason::Interrupted);
    Ok(Saved {
        flows: folder.lines("flows.jsonl")?,
        workers: folder.lines("workers.jsonl")?,
        notes: run.flows_kept.iter().map(|kept| not_all(*kept)).collect(),
        whole: !interrupted,
        run,
    })
}

/// What has to be said of flows of which not all were kept.
fn not_all(kept: FlowsKept) -> String {
    format!(
        "flows.jsonl has {} of {} (--flows {}): only these are shown; the record is of all",
        count(kept.kept),
        counted(kept.seen, "flow", "flows"),
        kept.rule
    )
}

fn record(folder: &Folder) -> anyhow::Result<RunRecord> {
    let mut run: RunRecord = records::record(folder, "run.json", SCHEMA_RUN)?;
    // The sum came with version 0.2; what it is the sum of was there before.
    run.requests = run.requests.with_total();
    Ok(run)
}
