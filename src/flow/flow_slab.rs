//! What the table knows of its flows: places that are reused, in two queues.
//!
//! Every flow stands in one of two queues, open or closed, in the order of its
//! last frame; the head is the one idle the longest.

use crate::model::{FlowId, Segment, Timestamp};

use super::life::Life;
use super::live::Begun;
use super::pair::Half;
use super::pieces::Pieces;
use super::quiet::Held;

const NONE: u32 = u32::MAX;

/// Which queue a flow stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    Open,
    Closed,
}

/// A flow, as the table knows it.
#[derive(Debug)]
pub(super) struct Entry {
    pub begun: Begun,
    /// When its latest frame was captured.
    pub last: Timestamp,
    pub life: Life,
    queue: Queue,
    before: u32,
    after: u32,
}

impl Entry {
    /// One that begins with this segment, which is to be taken yet.
    pub(super) const fn new(id: FlowId, s: &Segment<'_>) -> Self {
        Self {
            begun: Begun {
                id,
                ends: [s.source, s.destination],
                vni: s.vni,
            },
            last: s.time,
            life: Life::new(),
            queue: Queue::Open,
            before: NONE,
            after: NONE,
        }
    }

    /// Which side sent a segment; `None`: it is another flow's.
    #[inline]
    pub(super) fn sender(&self, s: &Segment<'_>) -> Option<Half> {
        let Begun { ends, vni, .. } = &self.begun;
        let [first, other] = ends;
        // Where both ends are the same endpoint, all is the first sender's.
        if s.source == *first && s.destination == *other && s.vni == *vni {
            Some(Half::First)
        } else if s.source == *other && s.destination == *first && s.vni == *vni {
            Some(Half::Other)
        } else {
            None
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Ends {
    head: u32,
    tail: u32,
    len: usize,
}

// What a flow that has said nothing takes in memory is told in the help of
// `threadtap analyze`: this, what is kept of its segments, and its place in the key map,
// of which each may stand for two and a quarter.
const _: () = assert!(size_of::<Option<Entry>>() + size_of::<Option<Held>>() + 12 <= 256);

/// All live flows.
#[derive(Debug)]
pub(super) struct FlowSlab {
    places: Pieces<Entry>,
    free: Vec<u32>,
    queues: [Ends; 2],
    /// No flow comes any more.
    ending: bool,
}

impl FlowSlab {
    pub(super) const fn new() -> Self {
        const EMPTY: Ends = Ends {
            head: NONE,
            tail: NONE,
            len: 0,
        };
        Self {
            places: Pieces::new(),
            free: Vec::new(),
            queues: [EMPTY; 2],
            ending: false,
        }
    }

    /// No flow comes any more.
    pub(super) fn end(&mut self) {
        self.places.end();
        self.ending = true;
        self.free = Vec::new();
    }

    /// How many flows stand in a queue.
    pub(super) const fn len(&self, queue: Queue) -> usize {
        self.queues[queue as usize].len
    }

    /// The flow idle the longest in a queue.
    pub(super) const fn oldest(&self, queue: Queue) -> Option<u32> {
        match self.queues[queue as usize].head {
            NONE => None,
            place => Some(place),
        }
    }

    /// The flow at a place.
    #[inline]
    pub(super) fn get(&self, place: u32) -> Option<&Entry> {
        self.places.get(place)
    }

    /// The same, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut Entry> {
        self.places.get_mut(place)
    }

    /// Of a place of which a link says that a flow is there.
    #[inline]
    fn at(&mut self, place: u32) -> &mut Entry {
        match self.places.get_mut(place) {
            Some(entry) => entry,
            None => unreachable!("links lead to flows"),
        }
    }

    /// Puts a new flow last into the open queue.
    pub(super) fn insert(&mut self, entry: Entry) -> u32 {
        let behind = || u32::try_from(self.places.len()).unwrap_or(NONE);
        let place = self.free.pop().unwrap_or_else(behind);
        self.places.put(place, entry);
        self.append(place, Queue::Open);
        place
    }

    /// Takes a flow away; its place is free.
    pub(super) fn remove(&mut self, place: u32) {
        if self.places.get(place).is_none() {
            return;
        }
        self.unlink(place);
        self.places.take(place);
        if !self.ending {
            self.free.push(place);
        }
    }

    /// Puts a flow last into a queue: it has just had a frame.
    #[inline]
    pub(super) fn touch(&mut self, place: u32, queue: Queue) {
        let p = self.at(place);
        if p.queue != queue || self.queues[queue as usize].tail != place {
            self.unlink(place);
            self.append(place, queue);
        }
    }

    fn append(&mut self, place: u32, queue: Queue) {
        let ends = &mut self.queues[queue as usize];
        let tail = std::mem::replace(&mut ends.tail, place);
        ends.len += 1;
        if tail == NONE {
            ends.head = place;
        } else {
            self.at(tail).after = place;
        }
        let p = self.at(place);
        (p.queue, p.before, p.after) = (queue, tail, NONE);
    }

    fn unlink(&mut self, place: u32) {
        let Entry {
            queue,
            before,
            after,
            ..
        } = *self.at(place);
        let ends = &mut self.queues[queue as usize];
        ends.len -= 1;
        if before == NONE {
            ends.head = after;
        } else {
            self.at(before).after = after;
        }
        let ends = &mut self.queues[queue as usize];
        if after == NONE {
            ends.tail = before;
        } else {
            self.at(after).before = before;
        }
    }
}
