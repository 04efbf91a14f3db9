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

/// Places that are had and given back together. So many are more than 32 MiB, which is
/// what allocators give back to the system as soon as they get it (mallopt(3),
/// `M_MMAP_THRESHOLD`).
const PIECE: usize = 1 << 18;

#[derive(Debug, Default)]
struct Piece {
    places: Vec<Place>,
    /// How many flows are in it.
    held: usize,
}

/// All live flows.
#[derive(Debug)]
pub(super) struct FlowSlab {
    pieces: Vec<Piece>,
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
            pieces: Vec::new(),
            free: Vec::new(),
            queues: [EMPTY; 2],
            ending: false,
        }
    }

    /// No flow comes any more: as they go, so does their memory, for whoever gets them
    /// may keep them.
    pub(super) fn end(&mut self) {
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

    /// The flow at a place, and the queue it stands in.
    pub(super) fn get_mut(&mut self, place: u32) -> Option<(&mut Held, Queue)> {
        let p = self.pieces.get_mut(place as usize / PIECE)?;
        let p = p.places.get_mut(place as usize % PIECE)?;
        Some((p.flow.as_mut()?, p.queue))
    }

    #[inline]
    fn at(&mut self, place: u32) -> &mut Place {
        &mut self.pieces[place as usize / PIECE].places[place as usize % PIECE]
    }

    /// Puts a new flow last into the open queue.
    pub(super) fn insert(&mut self, flow: Held) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| self.one_more());
        self.at(place).flow = Some(flow);
        self.pieces[place as usize / PIECE].held += 1;
        self.append(place, Queue::Open);
        place
    }

    fn one_more(&mut self) -> u32 {
        if self.pieces.last().is_none_or(|p| p.places.len() == PIECE) {
            // Nobody pays for room that nobody has written in.
            self.pieces.push(Piece {
                places: Vec::with_capacity(PIECE),
                held: 0,
            });
        }
        let before = (self.pieces.len() - 1) * PIECE;
        let last = self.pieces.last_mut().map(|piece| {
            piece.places.push(Place {
                flow: None,
                queue: Queue::Open,
                before: NONE,
                after: NONE,
            });
            before + piece.places.len() - 1
        });
        last.and_then(|place| u32::try_from(place).ok())
            .unwrap_or(NONE)
    }

    /// Takes a flow away; its place is free.
    pub(super) fn remove(&mut self, place: u32) {
        if self.get_mut(place).is_none() {
            return;
        }
        self.at(place).flow = None;
        self.unlink(place);
        let piece = &mut self.pieces[place as usize / PIECE];
        piece.held -= 1;
        if !self.ending {
            self.free.push(place);
        } else if piece.held == 0 {
            *piece = Piece::default();
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
        let Place {
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
