//! A run from what was seen of it, and from its capture.

use std::fs::File;
use std::net::SocketAddr;

use super::capture::Capture;
use super::folder::Folder;
use super::{Saved, earlier};
use crate::analysis::{RunFlows, flows_of_a_run};
use crate::assemble::assemble;
use crate::model::FlowRecord;
use crate::model::observation::{End, Observation};
use crate::obsfile::gather;
use crate::text::units::{count, counted};

const LOG: &str = "observation.jsonl";
const FLOWS: &str = "flows.jsonl";

/// Reads it and puts it together again.
///
/// # Errors
/// When the log cannot be read, or there is nothing that tells of the flows.
pub(super) fn read(folder: &Folder, log: File) -> anyhow::Result<Saved> {
    let (observation, damage) = gather(log).map_err(|e| folder.wrong(LOG, &e.to_string()))?;
    let mut notes = Vec::new();
    if let Some(damage) = &damage {
        notes.push(format!("{LOG}: {damage}; everything before it is shown"));
    } else if observation.end.is_none() {
        notes.push(format!(
            "{LOG}: it ends before the run did; what was seen until then is shown"
        ));
    }
    let (flows, all) = match flows(folder, &observation, &mut notes)? {
        Found::Flows(flows, all) => (flows, all),
        // Not all flows are there: the record cannot be made anew.
        Found::AsSaved(why) => {
            let mut saved = earlier::as_saved(folder)?;
            notes.push(format!("{why}; the run is shown as it was saved"));
            notes.append(&mut saved.notes);
            let complete = observation.ended() == Some(End::Complete);
            return Ok(Saved {
                notes,
                whole: complete && damage.is_none(),
                ..saved
            });
        }
    };
    let told = assemble(&observation, flows);
    let complete = observation.ended() == Some(End::Complete);
    Ok(Saved {
        run: told.run,
        flows: told.flows,
        workers: told.workers,
        notes,
        whole: complete && damage.is_none() && all,
    })
}

/// What tells of the flows.
enum Found {
    /// The flows, and whether all of them are there.
    Flows(Vec<FlowRecord>, bool),
    /// Only `flows.jsonl`, which has not all of them, and why nothing else does.
    AsSaved(String),
}

/// The flows.
fn flows(
    folder: &Folder,
    observation: &Observation,
    notes: &mut Vec<String>,
) -> anyhow::Result<Found> {
    let seen = observation.wire.as_ref().map(|w| w.frames);
    let target: Option<SocketAddr> = observation.target.parse().ok();
    let asked = observation.header.asked.capture.is_some();
    let (Some(target), true) = (
        target,
        asked && (seen.is_some() || observation.end.is_none()),
    ) else {
        return Ok(Found::Flows(Vec::new(), true));
    };
    let told = observation.wire.as_ref().map(|w| w.files.as_slice());
    let capture = Capture::find(folder, told.unwrap_or_default())?;
    let read = from_capture(folder, &capture, target.port());
    let capture = capture.name();
    let why = match (&read, seen) {
        // Nobody knows how many there were: those that are there.
        (Ok(read), None) => {
            if let Some(damage) = &read.damage {
                notes.push(format!(
                    "{capture}: {damage}; everything before it is shown"
                ));
            }
            None
        }
        (Ok(read), Some(seen)) if read.frames < seen => Some(format!(
            "{capture} holds {} of {}",
            count(read.frames),
            counted(seen, "frame", "frames")
        )),
        // What comes after the frames of the run is not believed, and so are those not.
        (Ok(read), Some(_)) => read.damage.as_ref().map(|d| format!("{capture}: {d}")),
        (Err(e), Some(_)) => Some(e.to_string()),
        // The log was cut off before the capture began to be written.
        (Err(e), None) => {
            notes.push(e.to_string());
            return Ok(Found::Flows(Vec::new(), true));
        }
    };
    let Some(why) = why else {
        tracing::info!("the flows are those of {capture}");
        return Ok(Found::Flows(read?.flows, true));
    };
    let choice = observation.header.asked.flows;
    if !choice.is_all() && read.is_err() && folder.has("run.json")? {
        return Ok(Found::AsSaved(why));
    }
    let kept = if choice.is_all() {
        saved(folder)
    } else {
        Err(anyhow::anyhow!(
            "{FLOWS} has not all of them (--flows {choice})"
        ))
    };
    match (kept, read) {
        (Ok(flows), _) => {
            tracing::info!("the flows are those of {FLOWS}");
            notes.push(format!("{why}; the flows are those of {FLOWS}"));
            Ok(Found::Flows(flows, true))
        }
        (Err(e), Ok(read)) => {
            tracing::info!("the flows are those of the frames in {capture}");
            notes.push(format!(
                "{why}, and {e}; the flows of these frames are shown"
            ));
            Ok(Found::Flows(read.flows, false))
        }
        (Err(e), Err(_)) => anyhow::bail!("{why}, and {e}: nothing tells of the flows"),
    }
}

fn from_capture(folder: &Folder, capture: &Capture, port: u16) -> anyhow::Result<RunFlows> {
    let mut reader = capture.open(folder)?;
    Ok(flows_of_a_run(&mut reader, port))
}

/// The flows as they were saved, without their owners, who are found anew.
fn saved(folder: &Folder) -> anyhow::Result<Vec<FlowRecord>> {
    let mut flows: Vec<FlowRecord> = folder.lines(FLOWS)?;
    for flow in &mut flows {
        flow.client_owner = None;
        flow.server_owner = None;
    }
    Ok(flows)
}
