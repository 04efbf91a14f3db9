//! The table of live flows.

use crate::model::{FlowId, FlowRecord, Incomplete, Segment, Shapes, TcpFlags, Timestamp};

use super::budget::Budget;
use super::flow_slab::{FlowSlab, Queue};
use super::key::{FlowKey, KeyMap};
use super::quiet::Held;

/// How a [`FlowTable`] works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowConfig {
    /// The most flows that are held at a time, closed ones included; 0 is
    /// taken for one. Past it the one idle the longest is handed on as it
    /// stands, and counted in [`FlowCounts::evicted`]; should it go on, it
    /// counts as a new flow.
    pub max_flows: usize,
    /// How many closed flows are held, so that frames that come late are still
    /// told as theirs. Past it the one idle the longest is handed on.
    pub max_closed_flows: usize,
    /// The only port on which TIME is recognised; `None`: any, by what is said.
    pub time_port: Option<u16>,
}

impl Default for FlowConfig {
    fn default() -> Self {
        Self {
            max_flows: 262_144,
            max_closed_flows: 1024,
            time_port: None,
        }
    }
}

impl FlowConfig {
    /// For a run whose server listens on this port: every flow counts, and they
    /// are bounded by the run's requests.
    #[must_use]
    pub fn of_a_run(port: u16) -> Self {
        Self {
            time_port: Some(port),
            max_flows: usize::MAX,
            ..Self::default()
        }
    }
}

/// What a table has seen so far; cheap to read after each segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowCounts {
    /// Segments taken.
    pub segments: u64,
    /// Flows seen.
    pub seen: u64,
    /// Of these, flows with a SYN (without ACK).
    pub with_syn: u64,
    /// Of all, flows that are closed: both FINs acknowledged, or a RST.
    pub closed: u64,
    /// Flows handed on while open because there were too many.
    pub evicted: u64,
}

impl FlowCounts {
    /// Flows that were seen and are not closed.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.seen - self.closed
    }
}

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
    config: FlowConfig,
    keys: KeyMap,
    slab: FlowSlab,
    budget: Budget,
    counts: FlowCounts,
    shapes: Shapes,
}

impl FlowTable {
    /// An empty table.
    #[must_use]
    pub fn new(config: FlowConfig) -> Self {
        Self {
            config,
            keys: KeyMap::default(),
            slab: FlowSlab::new(),
            budget: Budget::default(),
            counts: FlowCounts::default(),
            shapes: Shapes::default(),
        }
    }

    /// What was seen so far.
    #[must_use]
    pub const fn counts(&self) -> FlowCounts {
        self.counts
    }

    /// How many flows it holds.
    pub(crate) fn held(&self) -> usize {
        self.slab.len(Queue::Open) + self.slab.len(Queue::Closed)
    }

    /// Takes the next segment of the capture, and hands on the records that
    /// have to make room. Returns the flow that the segment belongs to.
    #[inline]
    pub fn push(&mut self, segment: &Segment<'_>, emit: &mut impl FnMut(FlowRecord)) -> FlowId {
        self.counts.segments += 1;
        let (key, greater) = FlowKey::new(&segment.source, &segment.destination, segment.vni);
        let mut found = self.keys.get(key);
        // Only a SYN can be another connection's.
        if let Some(place) = found
            && segment.flags.has(TcpFlags::SYN)
            && let Some((flow, _)) = self.slab.get_mut(place)
            && flow.is_superseded_by(segment, flow.side(greater))
        {
            self.hand_on(place, None, emit);
            found = None;
        }
        let begins = found.is_none();
        let place = found.unwrap_or_else(|| self.begin(key, greater, segment, emit));
        let Some((flow, queue)) = self.slab.get_mut(place) else {
            unreachable!("a flow that was just found or begun has a place");
        };
        let id = flow.id();
        let had_syn = !begins && flow.has_syn();
        if !begins {
            let from = flow.side(greater);
            flow.take(segment, from, self.config.time_port, &mut self.budget);
        }
        self.counts.with_syn += u64::from(!had_syn && flow.has_syn());
        if queue == Queue::Closed {
            self.slab.touch(place, Queue::Closed);
        } else if flow.is_closed() {
            flow.release(&mut self.budget);
            self.counts.closed += 1;
            self.slab.touch(place, Queue::Closed);
            if self.slab.len(Queue::Closed) > self.config.max_closed_flows {
                self.retire(Queue::Closed, emit);
            }
        } else {
            self.slab.touch(place, Queue::Open);
        }
        id
    }

    /// Hands on the closed flows whose last frame is not later than `until`, or all of
    /// them. Frames that come later still begin new flows.
    pub fn hand_on_closed(&mut self, until: Option<Timestamp>, emit: &mut impl FnMut(FlowRecord)) {
        while let Some(place) = self.slab.oldest(Queue::Closed) {
            let last = self.slab.get_mut(place).map(|(flow, _)| flow.last());
            if until.is_some_and(|until| last > Some(until)) {
                break;
            }
            self.hand_on(place, None, emit);
        }
    }

    /// Hands on all flows that are still held, in no particular order.
    pub fn finish(mut self, emit: &mut impl FnMut(FlowRecord)) {
        // Nothing is looked for any more.
        self.keys = KeyMap::default();
        self.slab.end();
        for queue in [Queue::Closed, Queue::Open] {
            while self.retire(queue, emit) {}
        }
    }

    /// A new flow, with room made for it.
    fn begin(
        &mut self,
        key: FlowKey,
        greater: bool,
        segment: &Segment<'_>,
        emit: &mut impl FnMut(FlowRecord),
    ) -> u32 {
        if self.held() >= self.config.max_flows.max(1) && !self.retire(Queue::Closed, emit) {
            let idle = self.slab.oldest(Queue::Open);
            if let Some(place) = idle {
                self.hand_on(place, Some(Incomplete::Evicted), emit);
            }
            self.counts.evicted += u64::from(idle.is_some());
        }
        let id = FlowId(self.counts.seen);
        self.counts.seen += 1;
        let place = self.slab.insert(Held::new(
            id,
            segment,
            greater,
            self.config.time_port,
            &mut self.budget,
        ));
        self.keys.insert(key, place);
        place
    }

    /// Hands on the flow idle the longest; false when there is none.
    fn retire(&mut self, queue: Queue, emit: &mut impl FnMut(FlowRecord)) -> bool {
        let oldest = self.slab.oldest(queue);
        if let Some(place) = oldest {
            self.hand_on(place, None, emit);
        }
        oldest.is_some()
    }

    /// Hands on a flow; `early` is why that is too early.
    fn hand_on(
        &mut self,
        place: u32,
        early: Option<Incomplete>,
        emit: &mut impl FnMut(FlowRecord),
    ) {
        if let Some((flow, _)) = self.slab.get_mut(place) {
            let [a, b] = flow.ends();
            self.keys.remove(FlowKey::new(&a, &b, flow.vni()).0);
            let record = flow.record(
                early,
                self.config.time_port,
                &mut self.shapes,
                &mut self.budget,
            );
            self.slab.remove(place);
            emit(record);
        }
    }
}
