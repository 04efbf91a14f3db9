//! One direction of a conversation, put back in order.
//!
//! Segments come as the capture has them: late, twice, overlapping, cut by the
//! snapshot length. Out come pieces in the order of the stream, each with the
//! time of the frame that brought it. Of bytes that came twice the copy counts
//! that came first, or began first where two overlap ahead of a hole. What lies ahead of a hole waits, within bounds.

use crate::model::{SeqNum, Timestamp};

use super::budget::Budget;

/// Bytes and pieces of one direction that wait for a hole to be filled.
const MOST_BYTES: usize = 4096;
const MOST_PIECES: usize = 32;
/// What a waiting piece costs beside its bytes.
const OVERHEAD: usize = 64;

/// A stretch of the stream, in order.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// Captured bytes, then `missing` more that were sent but not captured.
    Bytes {
        at: Timestamp,
        bytes: &'a [u8],
        missing: u32,
    },
    /// Bytes of which no frame was captured.
    Hole,
}

impl<'a> Piece<'a> {
    fn bytes(at: Timestamp, bytes: &'a [u8], len: u32) -> Self {
        let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self::Bytes {
            at,
            bytes,
            missing: len.saturating_sub(captured),
        }
    }
}

#[derive(Debug)]
struct Waiting {
    seq: SeqNum,
    at: Timestamp,
    len: u32,
    bytes: Box<[u8]>,
}

/// The receiving end of one direction.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    /// The next byte in order; `None` before the first.
    next: Option<SeqNum>,
    #[expect(clippy::box_collection, reason = "rarely there: one word, not three")]
    waiting: Option<Box<Vec<Waiting>>>,
}

impl Inbound {
    /// Tells where the stream begins, when that is not known yet.
    pub(super) const fn begin(&mut self, seq: SeqNum) {
        if self.next.is_none() {
            self.next = Some(seq);
        }
    }

    /// Moves the end of the stream to `end`; true when that is forward. For
    /// when only the moments count and not the bytes.
    pub(super) fn moves_to(&mut self, end: SeqNum) -> bool {
        let forward = self.next.is_none_or(|next| end.after(next));
        if forward {
            self.next = Some(end);
        }
        forward
    }

    /// Takes `len` bytes from `seq` on, of which `bytes` were captured, and
    /// hands on what is now in order.
    pub(super) fn take(
        &mut self,
        at: Timestamp,
        mut seq: SeqNum,
        mut len: u32,
        mut bytes: &[u8],
        budget: &mut Budget,
        deliver: &mut impl FnMut(Piece<'_>, &mut Budget),
    ) {
        let next = *self.next.get_or_insert(seq);
        let old = next.distance_from(seq);
        if old > 0 {
            let old = old.unsigned_abs();
            if old >= len {
                return;
            }
            seq = next;
            len -= old;
            bytes = bytes.get(old as usize..).unwrap_or_default();
        }
        if seq == next {
            self.next = Some(seq.plus(len));
            deliver(Piece::bytes(at, bytes, len), budget);
            if self.waiting.is_some() {
                self.drain(budget, deliver);
            }
            return;
        }
        self.wait(at, seq, len, bytes, budget);
        while self.overfull(budget) {
            self.skip_hole(budget, deliver);
        }
    }

    fn wait(&mut self, at: Timestamp, seq: SeqNum, len: u32, bytes: &[u8], budget: &mut Budget) {
        let waiting = self.waiting.get_or_insert_default();
        let end = seq.plus(len);
        if waiting
            .iter()
            .any(|w| !w.seq.after(seq) && !end.after(w.seq.plus(w.len)))
        {
            return;
        }
        let place = waiting.partition_point(|w| !w.seq.after(seq));
        budget.hold(bytes.len() + OVERHEAD);
        waiting.insert(
            place,
            Waiting {
                seq,
                at,
                len,
                bytes: bytes.into(),
            },
        );
    }

    fn overfull(&self, budget: &Budget) -> bool {
        self.waiting.as_ref().is_some_and(|w| {
            w.len() > MOST_PIECES
                || budget.is_spent()
                || w.iter().map(|p| p.bytes.len()).sum::<usize>() > MOST_BYTES
        })
    }

    /// Hands on what waited and is in order now.
    fn drain(&mut self, budget: &mut Budget, deliver: &mut impl FnMut(Piece<'_>, &mut Budget)) {
        let (Some(mut waiting), Some(mut next)) = (self.waiting.take(), self.next) else {
            return;
        };
        let mut done = 0;
        for w in waiting.iter() {
            let old = next.distance_from(w.seq);
            if old < 0 {
                break;
            }
            done += 1;
            let old = old.unsigned_abs();
            if old < w.len {
                let bytes = w.bytes.get(old as usize..).unwrap_or_default();
                let len = w.len - old;
                next = next.plus(len);
                deliver(Piece::bytes(w.at, bytes, len), budget);
            }
        }
        for w in waiting.drain(..done) {
            budget.release(w.bytes.len() + OVERHEAD);
        }
        self.next = Some(next);
        self.waiting = (!waiting.is_empty()).then_some(waiting);
    }

    /// Gives up on the first hole.
    fn skip_hole(&mut self, budget: &mut Budget, deliver: &mut impl FnMut(Piece<'_>, &mut Budget)) {
        if let Some(first) = self.waiting.as_ref().and_then(|w| w.first()) {
            self.next = Some(first.seq);
            deliver(Piece::Hole, budget);
            self.drain(budget, deliver);
        }
    }

    /// The other side has acknowledged all before `ack`: what is missing of it
    /// is not in the capture.
    pub(super) fn acknowledged(
        &mut self,
        ack: SeqNum,
        budget: &mut Budget,
        deliver: &mut impl FnMut(Piece<'_>, &mut Budget),
    ) {
        while let Some(next) = self.next
            && ack.after(next)
        {
            let first = self.waiting.as_ref().and_then(|w| w.first()).map(|w| w.seq);
            if first.is_some_and(|seq| seq.before(ack)) {
                self.skip_hole(budget, deliver);
            } else {
                self.next = Some(ack);
                deliver(Piece::Hole, budget);
                if self.waiting.is_some() {
                    self.drain(budget, deliver);
                }
            }
        }
    }

    /// Hands on all that waits, holes and all.
    pub(super) fn flush(
        &mut self,
        budget: &mut Budget,
        deliver: &mut impl FnMut(Piece<'_>, &mut Budget),
    ) {
        while self.waiting.is_some() {
            self.skip_hole(budget, deliver);
        }
    }

    /// Forgets what waits.
    pub(super) fn clear(&mut self, budget: &mut Budget) {
        for w in self.waiting.take().into_iter().flat_map(|w| *w) {
            budget.release(w.bytes.len() + OVERHEAD);
        }
    }
}
