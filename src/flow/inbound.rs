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
    /// Captured bytes from `seq` on, then `missing` more that were sent but not captured.
    Bytes {
        at: Timestamp,
        seq: SeqNum,
        bytes: &'a [u8],
        missing: u32,
    },
    /// Bytes of which no frame was captured; `bound`: or that did not come before too
    /// much waited for them.
    Hole { bound: bool },
}

impl<'a> Piece<'a> {
    fn bytes(at: Timestamp, seq: SeqNum, bytes: &'a [u8], len: u32) -> Self {
        let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self::Bytes {
            at,
            seq,
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

    /// Takes `len` bytes from `seq` on of which only the moment counts; the first of
    /// them that is new to the stream, where its end moves forward.
    pub(super) fn moves_by(&mut self, seq: SeqNum, len: u32) -> Option<SeqNum> {
        let end = seq.plus(len);
        let first = match self.next {
            Some(next) if !end.after(next) => return None,
            Some(next) if next.after(seq) => next,
            _ => seq,
        };
        self.next = Some(end);
        Some(first)
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
            deliver(Piece::bytes(at, seq, bytes, len), budget);
            if self.waiting.is_some() {
                self.drain(budget, deliver);
            }
            return;
        }
        self.wait(at, seq, len, bytes, budget);
        while self.overfull(budget) {
            self.skip_hole(true, budget, deliver);
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
                let seq = next;
                next = next.plus(len);
                deliver(Piece::bytes(w.at, seq, bytes, len), budget);
            }
        }
        for w in waiting.drain(..done) {
            budget.release(w.bytes.len() + OVERHEAD);
        }
        self.next = Some(next);
        self.waiting = (!waiting.is_empty()).then_some(waiting);
    }

    /// Gives up on the first hole.
    fn skip_hole(
        &mut self,
        bound: bool,
        budget: &mut Budget,
        deliver: &mut impl FnMut(Piece<'_>, &mut Budget),
    ) {
        if let Some(first) = self.waiting.as_ref().and_then(|w| w.first()) {
            self.next = Some(first.seq);
            deliver(Piece::Hole { bound }, budget);
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
                self.skip_hole(false, budget, deliver);
            } else if ack.distance_from(next) == 1 {
                // It may be the number of a FIN.
                break;
            } else {
                self.next = Some(ack);
                deliver(Piece::Hole { bound: false }, budget);
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
            self.skip_hole(false, budget, deliver);
        }
    }

    /// Forgets what waits.
    pub(super) fn clear(&mut self, budget: &mut Budget) {
        for w in self.waiting.take().into_iter().flat_map(|w| *w) {
            budget.release(w.bytes.len() + OVERHEAD);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One direction, and what was handed on: text, `+n` for what is missing
    /// of it, `_` for a hole, `~` for one that too much waited for.
    #[derive(Default)]
    struct Ear {
        inbound: Inbound,
        budget: Budget,
        heard: String,
    }

    impl Ear {
        fn with<R>(
            &mut self,
            act: impl FnOnce(&mut Inbound, &mut Budget, &mut dyn FnMut(Piece<'_>)) -> R,
        ) -> R {
            let heard = &mut self.heard;
            act(
                &mut self.inbound,
                &mut self.budget,
                &mut |piece| match piece {
                    Piece::Bytes { bytes, missing, .. } => {
                        heard.push_str(std::str::from_utf8(bytes).unwrap());
                        if missing > 0 {
                            heard.push('+');
                            heard.push_str(&missing.to_string());
                        }
                    }
                    Piece::Hole { bound } => heard.push(if bound { '~' } else { '_' }),
                },
            )
        }

        fn take(&mut self, seq: u32, len: u32, text: &str) {
            self.with(|inbound, budget, hear| {
                let (at, bytes) = (Timestamp::default(), text.as_bytes());
                inbound.take(at, SeqNum(seq), len, bytes, budget, &mut |p, _| hear(p));
            });
        }

        fn says(&mut self, seq: u32, text: &str) {
            self.take(seq, u32::try_from(text.len()).unwrap(), text);
        }

        fn acknowledged(&mut self, ack: u32) {
            self.with(|inbound, budget, hear| {
                inbound.acknowledged(SeqNum(ack), budget, &mut |p, _| hear(p));
            });
        }

        fn flush(&mut self) {
            self.with(|inbound, budget, hear| inbound.flush(budget, &mut |p, _| hear(p)));
        }

        fn waits(&self) -> usize {
            self.inbound.waiting.as_ref().map_or(0, |w| w.len())
        }
    }

    #[test]
    fn what_waited_is_handed_on_once_and_given_back() {
        let mut ear = Ear::default();
        ear.inbound.begin(SeqNum(10));
        ear.says(14, "ef");
        ear.says(12, "cd");
        ear.says(12, "cd"); // again
        ear.says(13, "d"); // within what waits
        ear.says(12, "cdef"); // more than what waits
        assert_eq!((ear.waits(), ear.budget.waiting()), (3, 8 + 3 * OVERHEAD));
        assert_eq!(ear.heard, "");
        ear.says(20, "k");
        ear.says(10, "ab");
        assert_eq!(ear.heard, "abcdef");
        assert_eq!((ear.waits(), ear.budget.waiting()), (1, 1 + OVERHEAD));
        ear.says(13, "defg"); // its end is new
        assert_eq!(ear.heard, "abcdefg");
        ear.flush();
        assert_eq!(ear.heard, "abcdefg_k");
        assert_eq!((ear.waits(), ear.budget.waiting()), (0, 0));
        ear.says(10, "x");
        ear.says(20, "x");
        assert_eq!(ear.heard, "abcdefg_k", "old");
        ear.says(21, "l");
        assert_eq!(ear.heard, "abcdefg_kl");
    }

    #[test]
    fn what_was_not_captured_is_missing() {
        let mut ear = Ear::default();
        ear.take(10, 5, "abc");
        ear.take(12, 6, "c"); // begins before, its end was cut
        ear.take(20, 4, "x"); // waits
        ear.take(18, 3, "uvw");
        assert_eq!(ear.heard, "abc+2+3uvw+3");
        ear.take(30, 2, "");
        ear.inbound.clear(&mut ear.budget);
        assert_eq!((ear.waits(), ear.budget.waiting()), (0, 0));
        ear.flush();
        ear.says(24, "z");
        assert_eq!(ear.heard, "abc+2+3uvw+3z");
    }

    #[test]
    fn what_was_acknowledged_is_waited_for_no_longer() {
        let mut ear = Ear::default();
        ear.inbound.begin(SeqNum(10));
        ear.says(12, "c");
        ear.says(15, "f");
        ear.acknowledged(10);
        assert_eq!(ear.heard, "");
        ear.acknowledged(14);
        assert_eq!(ear.heard, "_c", "13 may be a FIN");
        ear.acknowledged(13);
        ear.acknowledged(15);
        assert_eq!(ear.heard, "_c_f");
        ear.acknowledged(18);
        ear.says(18, "h");
        assert_eq!(ear.heard, "_c_f_h");
        // What the other side has not seen is nothing before the first byte.
        let mut new = Ear::default();
        new.acknowledged(100);
        assert_eq!((new.heard.as_str(), new.inbound.next), ("", None));
    }

    #[test]
    fn a_hole_is_given_up_where_too_much_waits() {
        let pieces = |n: u32| {
            let mut ear = Ear::default();
            ear.inbound.begin(SeqNum(0));
            for i in 0..n {
                ear.says(2 + 2 * i, "x");
            }
            (ear.waits(), ear.heard)
        };
        let most = u32::try_from(MOST_PIECES).unwrap();
        assert_eq!(pieces(most), (MOST_PIECES, String::new()));
        assert_eq!(pieces(most + 1), (MOST_PIECES, "~x".to_owned()));
        let bytes = |n: usize| {
            let mut ear = Ear::default();
            ear.inbound.begin(SeqNum(0));
            ear.says(1, &"x".repeat(n));
            ear.says(9000, "y");
            ear.waits()
        };
        assert_eq!(bytes(MOST_BYTES - 1), 2);
        assert_eq!(bytes(MOST_BYTES), 1);
        // And where all flows together hold too much.
        let mut ear = Ear::default();
        ear.inbound.begin(SeqNum(0));
        ear.says(1, "x");
        ear.budget.hold(1 << 30);
        ear.says(3, "y");
        assert_eq!((ear.waits(), ear.heard.as_str()), (0, "~x~y"));
    }

    #[test]
    fn only_what_is_new_moves_the_end() {
        let mut inbound = Inbound::default();
        assert_eq!(inbound.moves_by(SeqNum(2), 3), Some(SeqNum(2)));
        assert_eq!(inbound.moves_by(SeqNum(2), 3), None);
        assert_eq!(inbound.moves_by(SeqNum(3), 1), None);
        assert_eq!(
            inbound.moves_by(SeqNum(4), 2),
            Some(SeqNum(5)),
            "one is new"
        );
        inbound.begin(SeqNum(1));
        assert_eq!(inbound.next, Some(SeqNum(6)));
    }
}
