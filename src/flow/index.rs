//! Which flow a segment belongs to, and when a record is due.
//!
//! This half of the table knows of every flow what is needed for that, and no more. What
//! is to be done with the flows it says in steps, which the other half takes one after
//! the other ([`Flows`](super::flows::Flows)): at once, or in another thread.

use crate::model::{FlowId, Incomplete, Segment, TcpFlags, Timestamp};

use super::config::{FlowConfig, FlowCounts};
use super::flow_slab::{Entry, FlowSlab, Queue};
use super::key::KeyMap;
use super::live::Begun;
use super::pair::Half;

/// What is to be done with the flow at a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// It begins with the segment.
    Begin(Begun),
    /// It takes the segment, which this side sent.
    Take(Half),
    /// It has closed: what only an open one needs can go.
    Close,
    /// It is handed on; the place is free. Why that is too early, if it is.
    HandOn(Option<Incomplete>),
}

/// Takes the segments of a capture in their order, and says the steps.
#[derive(Debug)]
pub(crate) struct FlowIndex {
    config: FlowConfig,
    keys: KeyMap,
    slab: FlowSlab,
    counts: FlowCounts,
}

impl FlowIndex {
    pub(super) fn new(config: FlowConfig) -> Self {
        Self {
            config,
            keys: KeyMap::default(),
            slab: FlowSlab::new(),
            counts: FlowCounts::default(),
        }
    }

    pub(super) const fn counts(&self) -> FlowCounts {
        self.counts
    }

    /// How many flows it holds.
    pub(super) const fn held(&self) -> usize {
        self.slab.len(Queue::Open) + self.slab.len(Queue::Closed)
    }

    /// Takes the next segment of the capture, and says what is to be done with it.
    /// Returns the flow that it belongs to.
    #[inline]
    pub(super) fn push(&mut self, s: &Segment<'_>, step: &mut impl FnMut(u32, Step)) -> FlowId {
        self.counts.segments += 1;
        let hash = self.keys.hash(&s.source, &s.destination, s.vni);
        let mut from = Half::First;
        let mut found = self.keys.find(hash, |place| {
            let sender = self.slab.get(place).and_then(|entry| entry.sender(s));
            from = sender.unwrap_or(from);
            sender.is_some()
        });
        // Only a SYN can be another connection's.
        if let Some(place) = found
            && s.flags.has(TcpFlags::SYN)
            && let Some(entry) = self.slab.get(place)
            && entry.life.is_superseded_by(s, from)
        {
            self.hand_on(place, None, step);
            found = None;
        }
        let place = if let Some(place) = found {
            step(place, Step::Take(from));
            place
        } else {
            from = Half::First;
            self.begin(hash, s, step)
        };
        let Some(entry) = self.slab.get_mut(place) else {
            unreachable!("a flow that was just found or begun has a place");
        };
        let id = entry.begun.id;
        let (had_syn, was_closed) = (entry.life.has_syn(), entry.life.is_closed());
        entry.life.take(s, from);
        entry.last = entry.last.max(s.time);
        self.counts.with_syn += u64::from(!had_syn && entry.life.has_syn());
        let both = entry.life.has_syn() && entry.life.is_closed();
        let closes = both && !(had_syn && was_closed);
        self.counts.with_syn_closed += u64::from(closes);
        if was_closed {
            self.slab.touch(place, Queue::Closed);
        } else if entry.life.is_closed() {
            step(place, Step::Close);
            self.counts.closed += 1;
            self.slab.touch(place, Queue::Closed);
            if self.slab.len(Queue::Closed) > self.config.max_closed_flows {
                self.retire(Queue::Closed, step);
            }
        } else {
            self.slab.touch(place, Queue::Open);
        }
        id
    }

    /// Says that the closed flows are handed on whose last frame is not later than
    /// `until`, or all of them.
    pub(super) fn hand_on_closed(
        &mut self,
        until: Option<Timestamp>,
        step: &mut impl FnMut(u32, Step),
    ) {
        while let Some(place) = self.slab.oldest(Queue::Closed) {
            let last = self.slab.get(place).map(|entry| entry.last);
            if until.is_some_and(|until| last > Some(until)) {
                break;
            }
            self.hand_on(place, None, step);
        }
    }

    /// Says that all flows are handed on that are still held.
    pub(super) fn finish(mut self, step: &mut impl FnMut(u32, Step)) {
        // Nothing is looked for any more.
        self.keys = KeyMap::default();
        self.slab.end();
        for queue in [Queue::Closed, Queue::Open] {
            while self.retire(queue, step) {}
        }
    }

    /// A new flow, with room made for it.
    fn begin(&mut self, hash: u64, s: &Segment<'_>, step: &mut impl FnMut(u32, Step)) -> u32 {
        if self.held() >= self.config.max_flows.max(1) && !self.retire(Queue::Closed, step) {
            let idle = self.slab.oldest(Queue::Open);
            if let Some(place) = idle {
                self.hand_on(place, Some(Incomplete::Evicted), step);
            }
            self.counts.evicted += u64::from(idle.is_some());
        }
        let entry = Entry::new(FlowId(self.counts.seen), s);
        self.counts.seen += 1;
        let begun = entry.begun;
        let place = self.slab.insert(entry);
        let Self { keys, slab, .. } = self;
        keys.insert(hash, place, |place| {
            slab.get(place).map(|entry| &entry.begun)
        });
        step(place, Step::Begin(begun));
        place
    }

    /// Hands on the flow idle the longest; false when there is none.
    fn retire(&mut self, queue: Queue, step: &mut impl FnMut(u32, Step)) -> bool {
        let oldest = self.slab.oldest(queue);
        if let Some(place) = oldest {
            self.hand_on(place, None, step);
        }
        oldest.is_some()
    }

    fn hand_on(&mut self, place: u32, early: Option<Incomplete>, step: &mut impl FnMut(u32, Step)) {
        if let Some(entry) = self.slab.get(place) {
            let Begun {
                ends: [a, b], vni, ..
            } = &entry.begun;
            let hash = self.keys.hash(a, b, *vni);
            self.keys.remove(hash, place);
            self.slab.remove(place);
            step(place, Step::HandOn(early));
        }
    }
}
