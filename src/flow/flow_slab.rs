//! Where live flows are kept: places that are reused, in two queues.
//!
//! Every flow stands in one of two queues, open or closed, in the order of its
//! last frame; the head is the one idle the longest.

use super::quiet::Held;

const NONE: u32 = u32::MAX;

/// Which queue a flow stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    Open,
    Closed,
}

#[derive(Debug)]
struct Place {
    flow: Option<Held>,
    queue: Queue,
    before: u32,
    after: u32,
}

#[derive(Clone, Copy, Debug)]
struct Ends {
    head: u32,
    tail: u32,
    len: usize,
}

/// All live flows.
#[derive(Debug)]
pub(super) struct FlowSlab {
    all: Vec<Place>,
    free: Vec<u32>,
    queues: [Ends; 2],
}

impl FlowSlab {
    pub(super) const fn new() -> Self {
        const EMPTY: Ends = Ends {
            head: NONE,
            tail: NONE,
            len: 0,
        };
        Self {
            all: Vec::new(),
            free: Vec::new(),
            queues: [EMPTY; 2],
        }
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

    /// The flow at a place, and the queue it stands in.
    pub(super) fn get_mut(&mut self, place: u32) -> Option<(&mut Held, Queue)> {
        let p = self.all.get_mut(place as usize)?;
        Some((p.flow.as_mut()?, p.queue))
    }

    /// Puts a new flow last into the open queue.
    pub(super) fn insert(&mut self, flow: Held) -> u32 {
        let place = if let Some(place) = self.free.pop() {
            self.all[place as usize].flow = Some(flow);
            place
        } else {
            self.all.push(Place {
                flow: Some(flow),
                queue: Queue::Open,
                before: NONE,
                after: NONE,
            });
            u32::try_from(self.all.len() - 1).unwrap_or(NONE)
        };
        self.append(place, Queue::Open);
        place
    }

    /// Takes a flow away; its place is free.
    pub(super) fn remove(&mut self, place: u32) {
        if let Some(p) = self.all.get_mut(place as usize)
            && p.flow.is_some()
        {
            p.flow = None;
            self.unlink(place);
            self.free.push(place);
        }
    }

    /// Puts a flow last into a queue: it has just had a frame.
    #[inline]
    pub(super) fn touch(&mut self, place: u32, queue: Queue) {
        let p = &self.all[place as usize];
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
            self.all[tail as usize].after = place;
        }
        let p = &mut self.all[place as usize];
        (p.queue, p.before, p.after) = (queue, tail, NONE);
    }

    fn unlink(&mut self, place: u32) {
        let Place {
            queue,
            before,
            after,
            ..
        } = self.all[place as usize];
        let ends = &mut self.queues[queue as usize];
        ends.len -= 1;
        if before == NONE {
            ends.head = after;
        } else {
            self.all[before as usize].after = after;
        }
        let ends = &mut self.queues[queue as usize];
        if after == NONE {
            ends.tail = before;
        } else {
            self.all[after as usize].before = before;
        }
    }
}
