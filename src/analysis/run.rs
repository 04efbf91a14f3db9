//! The flows of a run, from its capture: the same as the run told while it went on.

use std::io::Read;

use super::Analyzer;
use crate::capfile::{CaptureReader, ReadError};
use crate::flow::FlowConfig;
use crate::model::FlowRecord;

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
    flows.sort_by_key(|f| f.flow);
    RunFlows {
        flows,
        frames,
        damage,
    }
}
