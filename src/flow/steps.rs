//! Steps on their way from the index of a table to its flows, in another thread.

use crate::model::{FlowRecord, Incomplete, Segment, SeqNum, TcpFlags, Timestamp};

use super::flows::Flows;
use super::index::{FlowIndex, Step};
use super::live::Begun;
use super::pair::Half;
use super::part::Part;

/// Steps of a batch.
const STEPS: usize = 1024;

/// Payload bytes of a batch, about.
const PAYLOAD_BYTES: usize = 256 * 1024;

/// A step, small: a thread writes it, and another one reads it.
#[derive(Clone, Copy, Debug)]
enum Small {
    Take(Half),
    /// Which of those that begin.
    Begin(u32),
    Close,
    HandOn(Option<Incomplete>),
}

/// What a segment says, its payload elsewhere.
#[derive(Clone, Copy, Debug)]
struct Said {
    time: Timestamp,
    seq: SeqNum,
    ack: SeqNum,
    payload_len: u32,
    wire_len: u32,
    /// How much of the payload was captured, which stands behind that of the segment
    /// before.
    captured: u32,
    window: u16,
    flags: TcpFlags,
}

/// Steps with all that they need, in their order.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// The places, and what is to be done there.
    places: Vec<(u32, Small)>,
    /// Of the steps that take a segment, one after the other.
    said: Vec<Said>,
    begun: Vec<Begun>,
    payload: Vec<u8>,
}

impl Steps {
    /// What is to be done with the next segment of a capture.
    #[inline]
    pub(crate) fn push(&mut self, index: &mut FlowIndex, s: &Segment<'_>) {
        index.push(s, &mut |place, step| self.add(place, step, s));
    }

    /// That the closed flows are handed on whose last frame is not later than `until`,
    /// or all of them.
    pub(crate) fn hand_on_closed(&mut self, index: &mut FlowIndex, until: Option<Timestamp>) {
        index.hand_on_closed(until, &mut |place, step| self.add_without(place, step));
    }

    #[inline]
    fn add(&mut self, place: u32, step: Step, s: &Segment<'_>) {
        let small = match step {
            Step::Take(from) => Small::Take(from),
            Step::Begin(begun) => self.begin(begun),
            Step::Close | Step::HandOn(_) => return self.add_without(place, step),
        };
        self.places.push((place, small));
        self.said.push(Said {
            time: s.time,
            seq: s.seq,
            ack: s.ack,
            payload_len: s.payload_len,
            wire_len: s.wire_len,
            captured: u32::try_from(s.payload.len()).unwrap_or(u32::MAX),
            window: s.window,
            flags: s.flags,
        });
        // Most carry nothing.
        if !s.payload.is_empty() {
            self.payload.extend_from_slice(s.payload);
        }
    }

    fn begin(&mut self, begun: Begun) -> Small {
        let at = u32::try_from(self.begun.len()).unwrap_or(u32::MAX);
        self.begun.push(begun);
        Small::Begin(at)
    }

    fn add_without(&mut self, place: u32, step: Step) {
        match step {
            Step::Close => self.places.push((place, Small::Close)),
            Step::HandOn(early) => self.places.push((place, Small::HandOn(early))),
            Step::Take(_) | Step::Begin(_) => unreachable!("these take a segment"),
        }
    }

    /// Whether it is time to send them.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.places.len() >= STEPS || self.payload.len() >= PAYLOAD_BYTES
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Does the steps with the flows, and empties the list.
    pub(crate) fn take(&mut self, flows: &mut Flows, emit: &mut impl FnMut(FlowRecord)) {
        let mut said = self.said.iter();
        let mut payload = self.payload.as_slice();
        for (place, small) in &self.places {
            let (step, takes) = match *small {
                Small::Take(from) => (Step::Take(from), true),
                Small::Begin(at) => (Step::Begin(self.begun[at as usize]), true),
                Small::Close => (Step::Close, false),
                Small::HandOn(early) => (Step::HandOn(early), false),
            };
            let mut part = Part::NONE;
            if takes && let Some(s) = said.next() {
                let captured;
                (captured, payload) = payload.split_at(s.captured as usize);
                part = Part {
                    time: s.time,
                    seq: s.seq,
                    ack: s.ack,
                    flags: s.flags,
                    window: s.window,
                    payload_len: s.payload_len,
                    payload: captured,
                    wire_len: s.wire_len,
                };
            }
            flows.step(*place, step, &part, emit);
        }
        self.places.clear();
        self.said.clear();
        self.begun.clear();
        self.payload.clear();
    }
}
