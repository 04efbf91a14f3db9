//! A run that threadtap 0.1 saved: there is its record, and nothing of what it
//! was made from.

use serde::Deserialize;

use super::Saved;
use super::folder::Folder;
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
    /// What every version has.
    #[derive(Deserialize)]
    struct Any {
        schema: String,
    }
    const FILE: &str = "run.json";
    let bytes = folder.bytes(FILE)?;
    let unreadable = |e: serde_json::Error| folder.wrong(FILE, &e.to_string());
    let any: Any = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if any.schema != SCHEMA_RUN {
        let schema: String = any.schema.chars().take(80).collect();
        return Err(folder.wrong(
            FILE,
            &format!("its schema is {schema}, and this version of threadtap reads {SCHEMA_RUN}; use the version that wrote it, or a later one"),
        ));
    }
    let mut run: RunRecord = serde_json::from_slice(&bytes).map_err(unreadable)?;
    // The sum came with version 0.2; what it is the sum of was there before.
    run.requests = run.requests.with_total();
    Ok(run)
}
