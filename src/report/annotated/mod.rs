//! A run's capture with everything that is known written on its frames: a pcapng
//! file for Wireshark.
//!
//! Each frame of a flow carries a comment of short words,
//! `flow=17 client=worker:17,pid:4242,tid:4261 server=accept:4301,serve:4310,pid:4300
//! what=TIME-request`, which filters and columns find (`frame.comment contains
//! "worker:17,"`), and its sender's process and thread in the option that the draft
//! standard has for them. What is not known is left out.

mod names;
mod note;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read, Write};

use self::note::FlowNote;
use super::view::RunView;
use crate::analysis::frames_of_a_run;
use crate::capfile::{
    CaptureReader, Direction, InterfaceInfo, Note, PcapngWriter, ReadError, SectionInfo, Statistics,
};
use crate::model::{FlowId, Timestamp};

/// Writes the capture of a run whose server listened on `port`, with notes.
///
/// Returns why not all of the capture could be read, if it is damaged; what could be
/// read is written.
///
/// # Errors
/// Those of `out`.
pub fn write_annotated<R: Read>(
    view: RunView<'_>,
    port: u16,
    capture: &mut CaptureReader<R>,
    out: &mut impl Write,
) -> io::Result<Option<ReadError>> {
    let notes: HashMap<FlowId, FlowNote<'_>> = view
        .flows
        .iter()
        .map(|flow| (flow.flow, FlowNote::of(flow)))
        .collect();
    let run = view.run;
    let summary = run.capture.as_ref();
    let tool = format!("{} {}", run.tool.name, run.tool.version);
    let mut writer = PcapngWriter::new(
        out,
        &SectionInfo {
            application: &tool,
            os: &run.environment.kernel,
            comment: &section(view),
            ..SectionInfo::default()
        },
    )?;
    let names = names::of(view);
    let names: Vec<_> = names.iter().map(|(a, name)| (*a, name.as_str())).collect();
    writer.names(&names)?;
    let description = description(view);
    let mut interfaces = BTreeMap::new();
    let mut span: Option<(Timestamp, Timestamp)> = None;
    let direction = direction(summary.map(|s| s.interface.as_str()));
    let mut comment = String::new();
    let damage = frames_of_a_run(capture, port, &mut |frame, segment| {
        let interface = if let Some(known) = interfaces.get(&frame.link) {
            *known
        } else {
            let new = writer.interface(&InterfaceInfo {
                link: frame.link,
                snaplen: summary.map_or(0, |s| s.snaplen),
                name: summary.map_or("", |s| &s.interface),
                description: &description,
                filter: summary.map_or("", |s| &s.filter),
            })?;
            interfaces.insert(frame.link, new);
            new
        };
        let first = span.map_or(frame.time, |(first, _)| first.min(frame.time));
        let last = span.map_or(frame.time, |(_, last)| last.max(frame.time));
        span = Some((first, last));
        comment.clear();
        let of_flow = segment.and_then(|(s, flow)| Some((s, notes.get(&flow)?)));
        let owner = of_flow.and_then(|(segment, note)| {
            note.write(segment, &mut comment);
            note.sender(segment)
        });
        let note = Note {
            comments: &[&comment],
            direction,
            owner,
        };
        writer.write(interface, frame, &note)
    })?;
    if let (Some(summary), Some((start, end))) = (summary, span) {
        let statistics = Statistics {
            at: end,
            start: Some(start),
            end: Some(end),
            dropped_by_interface: summary.dropped_by_interface,
            dropped_by_kernel: summary.dropped_by_kernel,
            delivered: Some(summary.frames),
            ..Statistics::default()
        };
        for interface in interfaces.into_values() {
            writer.statistics(interface, &statistics)?;
        }
    }
    writer.flush()?;
    Ok(damage)
}

/// On the loopback interface a frame is captured as it comes in.
fn direction(interface: Option<&str>) -> Option<Direction> {
    (interface == Some("lo")).then_some(Direction::Inbound)
}

/// What is said of the whole file.
fn section(view: RunView<'_>) -> String {
    let run = view.run;
    let word = |name, word: Option<String>| word.map(|w| format!(", {name} {w}"));
    format!(
        "threadtap run of {}: target {}{}{}",
        run.started,
        run.plan.target,
        word("strategy", run.plan.strategy.map(|s| s.to_string())).unwrap_or_default(),
        word("server model", run.plan.server_model.map(|m| m.to_string())).unwrap_or_default(),
    )
}

/// What is said of the interface: who captured, where, and what was lost.
fn description(view: RunView<'_>) -> String {
    let run = view.run;
    let lost = |n: Option<u64>| n.map_or("not known".to_owned(), |n| n.to_string());
    let capture = run.capture.as_ref();
    format!(
        "{} {} on {}; frames dropped by the kernel: {}, by the interface: {}",
        run.tool.name,
        run.tool.version,
        run.environment.kernel,
        lost(capture.and_then(|c| c.dropped_by_kernel)),
        lost(capture.and_then(|c| c.dropped_by_interface)),
    )
}
