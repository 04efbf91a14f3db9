//! The table of live flows.

use crate::model::{FlowId, FlowRecord, Segment, Timestamp};

use super::config::{FlowConfig, FlowCounts};
use super::flows::Flows;
use super::index::FlowIndex;
use super::part::Part;

/// Takes segments in the order of the capture and gives flow records.
///
/// A record is handed on when nothing more can come to its flow (another SYN
/// took its endpoints), when the table holds too many, and at the end. So
/// records come in no particular order; [`FlowRecord::flow`] numbers them by
/// their first frames.
///
/// ```
/// use threadtap::capfile::CaptureReader;
/// use threadtap::decode::decode;
/// use threadtap::flow::{FlowConfig, FlowTable};
///
/// let file = std::fs::File::open("captures/golden/thread.pcap")?;
/// let mut reader = CaptureReader::open(file)?;
/// let mut table = FlowTable::new(FlowConfig::default());
/// let mut flows = Vec::new();
/// while let Some(frame) = reader.next()? {
///     if let Ok(segment) = decode(&frame) {
///         table.push(&segment, &mut |flow| flows.push(flow));
///     }
/// }
/// table.finish(&mut |flow| flows.push(flow));
/// assert!(flows.iter().all(|flow| flow.exchanges[0].valid == Some(true)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FlowTable {
    index: FlowIndex,
    flows: Flows,
}

impl FlowTable {
    /// An empty table.
    #[must_use]
    pub fn new(config: FlowConfig) -> Self {
        Self {
            index: FlowIndex::new(config),
            flows: Flows::new(config.time_port),
        }
    }

    /// What was seen so far.
    #[must_use]
    pub const fn counts(&self) -> FlowCounts {
        self.index.counts()
    }

    /// How many flows it holds.
    pub(crate) const fn held(&self) -> usize {
        self.index.held()
    }

    /// Takes the next segment of the capture, and hands on the records that
    /// have to make room. Returns the flow that the segment belongs to.
    #[inline]
    pub fn push(&mut self, segment: &Segment<'_>, emit: &mut impl FnMut(FlowRecord)) -> FlowId {
        let Self { index, flows } = self;
        let part = Part::of(segment);
        index.push(segment, &mut |place, step| {
            flows.step(place, step, &part, emit);
        })
    }

    /// Hands on the closed flows whose last frame is not later than `until`, or all of
    /// them. Frames that come later still begin new flows.
    pub fn hand_on_closed(&mut self, until: Option<Timestamp>, emit: &mut impl FnMut(FlowRecord)) {
        let Self { index, flows } = self;
        index.hand_on_closed(until, &mut |place, step| {
            flows.step(place, step, &Part::NONE, emit);
        });
    }

    /// Hands on all flows that are still held, in no particular order.
    pub fn finish(self, emit: &mut impl FnMut(FlowRecord)) {
        let Self { index, mut flows } = self;
        flows.end();
        index.finish(&mut |place, step| flows.step(place, step, &Part::NONE, emit));
    }

    /// Both halves, for two threads: the one says in [`Steps`](super::Steps) what the
    /// other does.
    pub(crate) const fn halves(&mut self) -> (&mut FlowIndex, &mut Flows) {
        (&mut self.index, &mut self.flows)
    }
}
