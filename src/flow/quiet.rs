//! A flow that has not said anything yet, in little memory.
//!
//! A scan or a flood makes millions of flows of one or two segments without payload: a SYN
//! and a RST, or a FIN with whatever flags.
//! As long as a flow has few of these, they are kept as they are; whatever else comes,
//! or is asked of it, they are taken by a [`Flow`], which then is as if it had had
//! them from the beginning.

use super::budget::Budget;
use super::live::{Begun, Flow};
use super::pair::Half;
use super::part::Part;
use crate::model::{FlowRecord, Incomplete, SeqNum, Shapes, TcpFlags, Timestamp};

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
    begun: Begun,
    few: u8,
    segments: [Silent; FEW],
}

/// A flow of which segments are taken.
#[derive(Debug)]
pub(super) enum Held {
    /// So far it has said nothing.
    Quiet(Quiet),
    /// It has.
    Flow(Box<Flow>),
}

impl Silent {
    /// `None`: it carries something.
    fn new(s: &Part<'_>, from: Half) -> Option<Self> {
        let silent = s.payload_len == 0 && s.payload.is_empty();
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

    const fn part(&self) -> Part<'static> {
        Part {
            time: self.time,
            seq: self.seq,
            ack: self.ack,
            flags: self.flags,
            window: self.window,
            payload_len: 0,
            payload: &[],
            wire_len: self.wire_len,
        }
    }
}

impl Quiet {
    /// The same as a flow that has taken all of it.
    fn whole(&self, time_port: Option<u16>, budget: &mut Budget) -> Box<Flow> {
        let mut flow = Box::new(Flow::new(self.begun, time_port));
        for s in self.segments.iter().take(self.few.into()) {
            flow.take(&s.part(), s.from(), budget);
        }
        flow
    }
}

impl Held {
    /// A flow that begins with this segment, which is taken.
    pub(super) fn new(
        begun: Begun,
        s: &Part<'_>,
        time_port: Option<u16>,
        budget: &mut Budget,
    ) -> Self {
        if let Some(silent) = Silent::new(s, Half::First) {
            return Self::Quiet(Quiet {
                begun,
                few: 1,
                segments: [silent; FEW],
            });
        }
        let mut flow = Box::new(Flow::new(begun, time_port));
        flow.take(s, Half::First, budget);
        Self::Flow(flow)
    }

    /// Takes the next segment, which side `from` sent.
    #[inline]
    pub(super) fn take(
        &mut self,
        s: &Part<'_>,
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
