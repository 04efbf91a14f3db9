//! A run that threadtap 0.1 saved: there is its record, and nothing of what it
//! was made from.

use super::Saved;
use super::folder::Folder;
use super::records;
use crate::model::{RunRecord, SCHEMA_RUN, StopReason};

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
    let run = record(folder)?;
    // Such a run says of its end no more than this.
    let capture = run.capture.as_ref();
    let interrupted = run.findings.iter().any(|f| f.code == "interrupted")
        || capture.is_some_and(|c| c.stop_reason == StopReason::Interrupted);
    Ok(Saved {
        run,
        flows: folder.lines("flows.jsonl")?,
        workers: folder.lines("workers.jsonl")?,
        notes: Vec::new(),
        whole: !interrupted,
    })
}

fn record(folder: &Folder) -> anyhow::Result<RunRecord> {
    let mut run: RunRecord = records::record(folder, "run.json", SCHEMA_RUN)?;
    // The sum came with version 0.2; what it is the sum of was there before.
    run.requests = run.requests.with_total();
    Ok(run)
}
