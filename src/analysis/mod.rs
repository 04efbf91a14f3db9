//! Reading a capture: frames in, flow records and a summary out.
//!
//! What `threadtap analyze` does, without the files: frames come in with the
//! name of where they are from, each is decoded and given to the flow table,
//! and what the table hands on is counted and passed to a sink. Pure; memory
//! does not grow with the capture, but for what the sink keeps.

mod ladder;
mod merge;
mod order;
mod summary;

use std::collections::HashSet;

use crate::decode::{SkipCounts, decode};
use crate::flow::{FlowConfig, FlowTable};
use crate::model::{FlowId, FlowRecord, Frame};

pub use ladder::{Ladder, Rung};
pub use merge::{FrameSource, Merged, SourceError};
pub use order::{SortKey, sort};
pub use summary::{AnalysisSummary, FileSummary, SCHEMA_ANALYSIS, Tally};

/// Says of a frame whether its flow is wanted.
pub type FrameFilter<'a> = dyn FnMut(&Frame<'_>) -> bool + 'a;

/// One timeline of frames on its way to flow records.
pub struct Analyzer<'a> {
    table: FlowTable,
    frames: u64,
    bytes: u64,
    skips: SkipCounts,
    filter: Option<&'a mut FrameFilter<'a>>,
    /// Flows of which a frame was wanted, while they are in the table.
    wanted: HashSet<FlowId>,
    ladder: Option<Ladder>,
}

impl<'a> Analyzer<'a> {
    /// An analyzer. With a filter, only flows of which at least one frame
    /// matches are handed on, with their numbers and figures unchanged. With a
    /// ladder, the segments of one flow are kept.
    #[must_use]
    pub fn new(
        config: FlowConfig,
        filter: Option<&'a mut FrameFilter<'a>>,
        ladder: Option<Ladder>,
    ) -> Self {
        Self {
            table: FlowTable::new(config),
            frames: 0,
            bytes: 0,
            skips: SkipCounts::default(),
            filter,
            wanted: HashSet::new(),
            ladder,
        }
    }

    /// Takes the next frame of the timeline.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>, emit: &mut impl FnMut(FlowRecord)) {
        self.frames += 1;
        self.bytes += u64::from(frame.wire_len);
        let segment = match decode(frame) {
            Ok(segment) => segment,
            Err(skip) => {
                self.skips.add(skip);
                return;
            }
        };
        let Some(filter) = &mut self.filter else {
            let flow = self.table.push(&segment, emit);
            if let Some(ladder) = &mut self.ladder {
                ladder.segment(flow, self.frames, &segment);
            }
            return;
        };
        let wanted = &mut self.wanted;
        let flow = self.table.push(&segment, &mut |record| {
            if wanted.remove(&record.flow) {
                emit(record);
            }
        });
        if filter(frame) {
            wanted.insert(flow);
        }
        if let Some(ladder) = &mut self.ladder {
            ladder.segment(flow, self.frames, &segment);
        }
    }

    /// Ends the timeline: hands on the flows that are still in the table.
    pub fn finish(self, emit: &mut impl FnMut(FlowRecord)) -> Timeline {
        let Self {
            table,
            frames,
            bytes,
            skips,
            filter,
            mut wanted,
            ladder,
        } = self;
        let counts = table.counts();
        let filtered = filter.is_some();
        table.finish(&mut |record| {
            if !filtered || wanted.remove(&record.flow) {
                emit(record);
            }
        });
        Timeline {
            frames,
            bytes,
            tcp_segments: counts.segments,
            evicted: counts.evicted,
            skips,
            ladder,
        }
    }
}

/// What a timeline had, beside its flows.
#[derive(Debug)]
pub struct Timeline {
    /// Frames read.
    pub frames: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Frames that carried a TCP segment.
    pub tcp_segments: u64,
    /// Flows handed on while open because the table was full.
    pub evicted: u64,
    /// Frames that gave no segment, by reason.
    pub skips: SkipCounts,
    /// The segments of the flow that was asked for.
    pub ladder: Option<Ladder>,
}

#[cfg(test)]
mod tests;
