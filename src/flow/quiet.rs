//! A flow that has not said anything yet, in little memory.
//!
//! A scan or a flood makes millions of flows of one or two segments without payload.
//! As long as a flow has few of these, they are kept as they are; whatever else comes,
//! or is asked of it, they are taken by a [`Flow`], which then is as if it had had
//! them from the beginning.

use super::budget::Budget;
use super::live::{Bases, Flow};
use super::pair::Half;
use crate::model::{
    Endpoint, FlowId, FlowRecord, Incomplete, Segment, SeqNum, Shapes, TcpFlags, Timestamp,
};

/// The segments that are kept as they are: those of a handshake, or of a scan.
const FEW: usize = 3;

/// A segment without payload.
#[derive(Clone, Copy, Debug)]
struct Silent {
    time: Timestamp,
    seq: SeqNum,
    ack: SeqNum,
    wire_len: u32,
    window: u16,
    flags: TcpFlags,
    first: bool,
}

/// Few segments of a flow.
#[derive(Debug)]
pub(super) struct Quiet {
    id: FlowId,
    ends: [Endpoint; 2],
    vni: Option<u32>,
    greater: bool,
    few: u8,
    segments: [Silent; FEW],
}

/// A flow in the table.
#[derive(Debug)]
pub(super) enum Held {
    /// So far it has said nothing.
    Quiet(Quiet),
    /// It has.
    Flow(Box<Flow>),
}

// What such a flow takes in memory is told in the help of `threadtap analyze`.
const _: () = assert!(size_of::<Held>() <= 144);

impl Silent {
    /// `None`: it carries something, or closes a side.
    fn new(s: &Segment<'_>, from: Half) -> Option<Self> {
        let silent = s.payload_len == 0 && s.payload.is_empty() && !s.flags.has(TcpFlags::FIN);
        silent.then_some(Self {
            time: s.time,
            seq: s.seq,
            ack: s.ack,
            wire_len: s.wire_len,
            window: s.window,
            flags: s.flags,
            first: from == Half::First,
        })
    }

    const fn from(&self) -> Half {
        if self.first { Half::First } else { Half::Other }
    }
}

impl Quiet {
    fn segments(&self) -> impl Iterator<Item = (Segment<'static>, Half)> {
        let kept = self.segments.iter().take(self.few.into());
        kept.map(|s| {
            let [first, other] = self.ends;
            let (source, destination) = match s.from() {
                Half::First => (first, other),
                Half::Other => (other, first),
            };
            let segment = Segment {
                time: s.time,
                source,
                destination,
                seq: s.seq,
                ack: s.ack,
                flags: s.flags,
                window: s.window,
                payload_len: 0,
                payload: &[],
                wire_len: s.wire_len,
                vni: self.vni,
            };
            (segment, s.from())
        })
    }

    /// The same as a flow that has taken all of it.
    fn whole(&self, time_port: Option<u16>, budget: &mut Budget) -> Box<Flow> {
        let mut flow = None;
        for (segment, from) in self.segments() {
            flow.get_or_insert_with(|| {
                Box::new(Flow::new(self.id, &segment, self.greater, time_port))
            })
            .take(&segment, from, budget);
        }
        flow.unwrap_or_else(|| unreachable!("a flow begins with a segment"))
    }
}

impl Held {
    /// A flow that begins with this segment, which is taken.
    pub(super) fn new(
        id: FlowId,
        s: &Segment<'_>,
        greater: bool,
        time_port: Option<u16>,
        budget: &mut Budget,
    ) -> Self {
        if let Some(silent) = Silent::new(s, Half::First) {
            return Self::Quiet(Quiet {
                id,
                ends: [s.source, s.destination],
                vni: s.vni,
                greater,
                few: 1,
                segments: [silent; FEW],
            });
        }
        let mut flow = Box::new(Flow::new(id, s, greater, time_port));
        flow.take(s, Half::First, budget);
        Self::Flow(flow)
    }

    /// Both endpoints, the first frame's sender first.
    pub(super) fn ends(&self) -> [Endpoint; 2] {
        match self {
            Self::Quiet(quiet) => quiet.ends,
            Self::Flow(flow) => flow.ends(),
        }
    }

    /// The virtual network that it is in.
    pub(super) fn vni(&self) -> Option<u32> {
        match self {
            Self::Quiet(quiet) => quiet.vni,
            Self::Flow(flow) => flow.vni(),
        }
    }

    /// Its number.
    pub(super) fn id(&self) -> FlowId {
        match self {
            Self::Quiet(quiet) => quiet.id,
            Self::Flow(flow) => flow.id(),
        }
    }

    /// When its latest frame was captured.
    pub(super) fn last(&self) -> Timestamp {
        match self {
            Self::Quiet(quiet) => {
                let times = quiet.segments().map(|(s, _)| s.time);
                times.max().unwrap_or_default()
            }
            Self::Flow(flow) => flow.last(),
        }
    }

    /// Which side is the greater endpoint or not.
    #[inline]
    pub(super) fn side(&self, greater: bool) -> Half {
        let first = match self {
            Self::Quiet(quiet) => quiet.greater,
            Self::Flow(flow) => flow.greater(),
        };
        // Where both ends are the same endpoint, all is the first sender's.
        if greater == first {
            Half::First
        } else {
            Half::Other
        }
    }

    /// Whether a segment begins another connection on the same pair.
    #[inline]
    pub(super) fn is_superseded_by(&self, s: &Segment<'_>, from: Half) -> bool {
        if !s.flags.has(TcpFlags::SYN) {
            return false;
        }
        match self {
            Self::Quiet(quiet) => {
                let mut bases = Bases::default();
                for (before, from) in quiet.segments() {
                    bases.settle(&before, from);
                }
                bases.are_superseded_by(s, from)
            }
            Self::Flow(flow) => flow.is_superseded_by(s, from),
        }
    }

    /// Whether any SYN without ACK was seen.
    pub(super) fn has_syn(&self) -> bool {
        match self {
            Self::Quiet(quiet) => {
                let is_syn = |f: TcpFlags| f.has(TcpFlags::SYN) && !f.has(TcpFlags::ACK);
                quiet.segments().any(|(s, _)| is_syn(s.flags))
            }
            Self::Flow(flow) => flow.has_syn(),
        }
    }

    /// Whether no more is to be waited for.
    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Quiet(quiet) => quiet.segments().any(|(s, _)| s.flags.has(TcpFlags::RST)),
            Self::Flow(flow) => flow.is_closed(),
        }
    }

    /// Takes the next segment, which side `from` sent.
    #[inline]
    pub(super) fn take(
        &mut self,
        s: &Segment<'_>,
        from: Half,
        time_port: Option<u16>,
        budget: &mut Budget,
    ) {
        if let Self::Quiet(quiet) = self {
            let place = quiet.segments.get_mut(usize::from(quiet.few));
            if let Some((place, silent)) = place.zip(Silent::new(s, from)) {
                *place = silent;
                quiet.few += 1;
                return;
            }
        }
        self.whole(time_port, budget).take(s, from, budget);
    }

    /// Gives back the memory that only an open flow needs.
    pub(super) fn release(&mut self, budget: &mut Budget) {
        if let Self::Flow(flow) = self {
            flow.release(budget);
        }
    }

    /// The flow as it is told; `early` is why that is too early.
    pub(super) fn record(
        &mut self,
        early: Option<Incomplete>,
        time_port: Option<u16>,
        shapes: &mut Shapes,
        budget: &mut Budget,
    ) -> FlowRecord {
        self.whole(time_port, budget).record(early, shapes, budget)
    }

    fn whole(&mut self, time_port: Option<u16>, budget: &mut Budget) -> &mut Flow {
        if let Self::Quiet(quiet) = self {
            *self = Self::Flow(quiet.whole(time_port, budget));
        }
        match self {
            Self::Flow(flow) => flow,
            Self::Quiet(_) => unreachable!("it was made whole"),
        }
    }
}
