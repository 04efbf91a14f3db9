//! A run from what was seen of it, and from its capture.

use std::fs::File;
use std::net::SocketAddr;

use super::Saved;
use super::folder::Folder;
use crate::analysis::{RunFlows, flows_of_a_run};
use crate::assemble::assemble;
use crate::capfile::CaptureReader;
use crate::model::FlowRecord;
use crate::model::observation::{End, Observation};
use crate::obsfile::gather;
use crate::text::units::{count, counted};

const LOG: &str = "observation.jsonl";
const CAPTURE: &str = "capture.pcap";
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
    let (flows, all) = flows(folder, &observation, &mut notes)?;
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

/// The flows, and whether all of them are there.
fn flows(
    folder: &Folder,
    observation: &Observation,
    notes: &mut Vec<String>,
) -> anyhow::Result<(Vec<FlowRecord>, bool)> {
    let seen = observation.wire.as_ref().map(|w| w.frames);
    let target: Option<SocketAddr> = observation.target.parse().ok();
    let asked = observation.header.asked.capture.is_some();
    let (Some(target), true) = (
        target,
        asked && (seen.is_some() || observation.end.is_none()),
    ) else {
        return Ok((Vec::new(), true));
    };
    let read = from_capture(folder, target.port());
    let why = match (&read, seen) {
        // Nobody knows how many there were: those that are there.
        (Ok(read), None) => {
            if let Some(damage) = &read.damage {
                notes.push(format!(
                    "{CAPTURE}: {damage}; everything before it is shown"
                ));
            }
            None
        }
        (Ok(read), Some(seen)) => (read.frames < seen).then(|| {
            format!(
                "{CAPTURE} holds {} of {}",
                count(read.frames),
                counted(seen, "frame", "frames")
            )
        }),
        (Err(e), Some(_)) => Some(e.to_string()),
        // The log was cut off before the capture began to be written.
        (Err(e), None) => {
            notes.push(e.to_string());
            return Ok((Vec::new(), true));
        }
    };
    let Some(why) = why else {
        tracing::info!("the flows are those of {CAPTURE}");
        return Ok((read?.flows, true));
    };
    match (saved(folder), read) {
        (Ok(flows), _) => {
            tracing::info!("the flows are those of {FLOWS}");
            notes.push(format!("{why}; the flows are those of {FLOWS}"));
            Ok((flows, true))
        }
        (Err(e), Ok(read)) => {
            tracing::info!("the flows are those of the frames in {CAPTURE}");
            notes.push(format!(
                "{why}, and {e}; the flows of these frames are shown"
            ));
            Ok((read.flows, false))
        }
        (Err(e), Err(_)) => anyhow::bail!("{why}, and {e}: nothing tells of the flows"),
    }
}

fn from_capture(folder: &Folder, port: u16) -> anyhow::Result<RunFlows> {
    let file = folder.needed(CAPTURE)?;
    let mut reader =
        CaptureReader::open(file).map_err(|e| folder.wrong(CAPTURE, &e.to_string()))?;
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
