//! The flows of a run, from its capture: the same as the run told while it went on.

use std::io::Read;

use super::Analyzer;
use crate::capfile::{CaptureReader, ReadError};
use crate::decode::decode;
use crate::flow::{FlowConfig, FlowTable};
use crate::model::{FlowId, FlowRecord, Frame, Segment};

/// What the capture of a run holds.
#[derive(Debug)]
pub struct RunFlows {
    /// The flows, by their numbers.
    pub flows: Vec<FlowRecord>,
    /// How many frames were read.
    pub frames: u64,
    /// Why no more were, if the capture is damaged.
    pub damage: Option<ReadError>,
}

/// Reads the flows of a run whose server listened on this port.
pub fn flows_of_a_run<R: Read>(reader: &mut CaptureReader<R>, port: u16) -> RunFlows {
    let mut analyzer = Analyzer::new(FlowConfig::of_a_run(port), None, None);
    let mut flows = Vec::new();
    let mut take = |flow| flows.push(flow);
    let damage = loop {
        match reader.next() {
            Ok(Some(frame)) => analyzer.frame(&frame, &mut take),
            Ok(None) => break None,
            Err(e) => break Some(e),
        }
    };
    let frames = analyzer.finish(&mut take).frames;
    flows.sort_unstable_by_key(|f| f.flow);
    RunFlows {
        flows,
        frames,
        damage,
    }
}

/// Reads the frames of a run, and tells of each its segment and the number of its
/// flow, as [`flows_of_a_run`] numbers them; `None` where it has no TCP segment.
/// Returns why it stopped before the end: the capture's damage.
///
/// # Errors
/// Those of `take`, after which no more frames are read.
pub fn frames_of_a_run<R: Read, E>(
    reader: &mut CaptureReader<R>,
    port: u16,
    take: &mut impl FnMut(&Frame<'_>, Option<(&Segment<'_>, FlowId)>) -> Result<(), E>,
) -> Result<Option<ReadError>, E> {
    let mut table = FlowTable::new(FlowConfig::of_a_run(port));
    loop {
        match reader.next() {
            Ok(Some(frame)) => {
                let segment = decode(&frame).ok();
                let flow = segment.as_ref().map(|s| (s, table.push(s, &mut |_| {})));
                take(&frame, flow)?;
            }
            Ok(None) => return Ok(None),
            Err(e) => return Ok(Some(e)),
        }
    }
}
