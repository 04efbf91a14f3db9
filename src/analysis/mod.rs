//! Reading a capture: frames in, flow records and a summary out.
//!
//! What `threadtap analyze` does, without the files: frames come in with the
//! name of where they are from, each is decoded and given to the flow table,
//! and what the table hands on is counted and passed to a sink. Pure; memory
//! does not grow with the capture, but for what the sink keeps.

mod doubt;
mod ladder;
mod merge;
mod order;
mod run;
mod summary;

use std::collections::{BTreeMap, HashSet};

use crate::decode::{Skip, SkipCounts, Tunnels, decode_each};
use crate::flow::{FlowConfig, FlowIndex, FlowTable, Flows};
use crate::model::{FlowId, FlowRecord, Frame, LinkType, Segment, Timestamp};

pub use ladder::{Ladder, Rung};
pub(crate) use merge::{FrameSource, Merged, SourceError};
pub(crate) use order::{InOrder, SortKey, sort};
pub(crate) use run::frames_of_a_run;
pub use run::{RunFlows, flows_of_a_run};
pub use summary::{AnalysisSummary, FileSummary, SCHEMA_ANALYSIS, Tally};

/// Says of a frame whether its flow is wanted.
pub type FrameFilter<'a> = dyn FnMut(&Frame<'_>) -> bool + 'a;

/// Frames on their way to segments, and what is counted on the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Front {
    tunnels: Tunnels,
    frames: u64,
    bytes: u64,
    skips: SkipCounts,
    unsupported: BTreeMap<LinkType, u64>,
}

impl Front {
    /// Takes the next frame, and hands on its segments with the frame's number: none,
    /// one, or several of a wireless frame.
    #[inline]
    pub fn take<'f>(&mut self, frame: &Frame<'f>, each: &mut impl FnMut(u64, Segment<'f>)) {
        self.frames += 1;
        self.bytes += u64::from(frame.wire_len);
        let number = self.frames;
        let segments = decode_each(frame, self.tunnels, &mut |segment| each(number, segment));
        if let Err(skip) = segments {
            self.skips.add(skip);
            if skip == Skip::UnsupportedLink {
                *self.unsupported.entry(frame.link).or_default() += 1;
            }
        }
    }
}

/// One timeline of frames on its way to flow records.
///
/// ```
/// use threadtap::analysis::{Analyzer, Tally};
/// use threadtap::capfile::CaptureReader;
/// use threadtap::flow::FlowConfig;
///
/// let file = std::fs::File::open("captures/golden/thread.pcap")?;
/// let mut reader = CaptureReader::open(file)?;
/// let mut analyzer = Analyzer::new(FlowConfig::default(), None, None);
/// let mut tally = Tally::default();
/// let mut take = |flow| tally.flow(&flow);
/// while let Some(frame) = reader.next()? {
///     analyzer.frame(&frame, &mut take);
/// }
/// let timeline = analyzer.finish(&mut take);
/// tally.timeline(&timeline);
/// let summary = tally.summary(Vec::new(), false, None);
/// assert_eq!((summary.frames, summary.flows), (30, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Analyzer<'a> {
    front: Front,
    table: FlowTable,
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
            front: Front::default(),
            table: FlowTable::new(config),
            filter,
            wanted: HashSet::new(),
            ladder,
        }
    }

    /// The same analyzer, which does this with tunnels.
    #[must_use]
    pub fn with(mut self, tunnels: Tunnels) -> Self {
        self.front.tunnels = tunnels;
        self
    }

    /// Takes the next frame of the timeline.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>, emit: &mut impl FnMut(FlowRecord)) {
        let Self {
            front,
            table,
            filter,
            wanted,
            ladder,
        } = self;
        front.take(frame, &mut |number, segment| {
            let flow = table.push(&segment, &mut |record| {
                if filter.is_none() || wanted.remove(&record.flow) {
                    emit(record);
                }
            });
            if filter.as_mut().is_some_and(|f| f(frame)) {
                wanted.insert(flow);
            }
            if let Some(ladder) = ladder {
                ladder.segment(flow, number, &segment);
            }
        });
    }

    /// Its halves, for two threads: frames and what is to be done with their segments,
    /// and the flows. `None`: it has to see both together, for a filter or a ladder.
    pub(crate) const fn halves(&mut self) -> Option<(&mut Front, &mut FlowIndex, &mut Flows)> {
        if self.filter.is_some() || self.ladder.is_some() {
            return None;
        }
        let (index, flows) = self.table.halves();
        Some((&mut self.front, index, flows))
    }

    /// Hands on the closed flows whose last frame is not later than `until`, or all of
    /// them, though late frames may follow: for who waits for them.
    pub fn hand_on_closed(&mut self, until: Option<Timestamp>, emit: &mut impl FnMut(FlowRecord)) {
        let (filtered, wanted) = (self.filter.is_some(), &mut self.wanted);
        self.table.hand_on_closed(until, &mut |record| {
            if !filtered || wanted.remove(&record.flow) {
                emit(record);
            }
        });
    }

    /// Ends the timeline: hands on the flows that are still in the table.
    pub fn finish(self, emit: &mut impl FnMut(FlowRecord)) -> Timeline {
        let Self {
            front,
            table,
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
            frames: front.frames,
            bytes: front.bytes,
            tcp_segments: counts.segments,
            evicted: counts.evicted,
            skips: front.skips,
            tunnels: front.tunnels,
            unsupported_links: front.unsupported,
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
    /// What was done with tunnels.
    pub tunnels: Tunnels,
    /// How many frames had which link type that is not known.
    pub unsupported_links: BTreeMap<LinkType, u64>,
    /// The segments of the flow that was asked for.
    pub ladder: Option<Ladder>,
}

#[cfg(test)]
mod tests;
