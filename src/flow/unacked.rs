//! The segments of one direction that were sent and not yet acknowledged.

use std::collections::VecDeque;

use crate::model::SeqNum;

/// From the first byte to the one after the last.
type Span = (SeqNum, SeqNum);

/// Spans kept in place: enough for a request, an answer and a FIN.
const INLINE: usize = 3;
/// Spans kept at most. Past it new ones are forgotten, so that a capture
/// without acknowledgements stays small.
const MOST: usize = 1024;

/// A bounded list of spans; almost always short and in order.
#[derive(Debug)]
pub(super) struct Unacked {
    inline: [Span; INLINE],
    len: u8,
    /// Whether a span came that starts before the one ahead of it.
    disordered: bool,
    /// When it is there it holds all of them.
    #[expect(clippy::box_collection, reason = "rarely there: one word, not four")]
    spill: Option<Box<VecDeque<Span>>>,
}

impl Default for Unacked {
    fn default() -> Self {
        Self {
            inline: [(SeqNum(0), SeqNum(0)); INLINE],
            len: 0,
            disordered: false,
            spill: None,
        }
    }
}

impl Unacked {
    pub(super) fn push(&mut self, from: SeqNum, to: SeqNum) {
        if let Some(spill) = &mut self.spill {
            if spill.len() < MOST {
                self.disordered |= spill.back().is_some_and(|last| from.before(last.1));
                spill.push_back((from, to));
            }
            return;
        }
        let len = usize::from(self.len);
        if len < INLINE {
            self.inline[len] = (from, to);
            self.len += 1;
        } else {
            let mut spill: VecDeque<Span> = self.inline.into();
            spill.push_back((from, to));
            self.disordered = spill
                .iter()
                .zip(spill.iter().skip(1))
                .any(|(a, b)| b.0.before(a.1));
            self.len = 0;
            self.spill = Some(Box::new(spill));
        }
    }

    /// Whether one of the spans holds all of this one.
    pub(super) fn covers(&self, from: SeqNum, to: SeqNum) -> bool {
        let holds = |s: &Span| !from.before(s.0) && !to.after(s.1);
        match &self.spill {
            Some(spill) => spill.iter().any(holds),
            None => self.inline[..usize::from(self.len)].iter().any(holds),
        }
    }

    /// Forgets what `ack` acknowledges, and cuts the span in which it lies.
    pub(super) fn acknowledge(&mut self, ack: SeqNum) {
        // What is left of a span; `None` when it is acknowledged.
        let rest = |s: Span| {
            if !s.1.after(ack) {
                None
            } else if ack.after(s.0) {
                Some((ack, s.1))
            } else {
                Some(s)
            }
        };
        if let Some(spill) = &mut self.spill {
            if self.disordered {
                spill.retain_mut(|s| rest(*s).map(|r| *s = r).is_some());
                self.disordered = !spill.is_empty();
            } else {
                while let Some(front) = spill.front_mut() {
                    match rest(*front) {
                        None => drop(spill.pop_front()),
                        Some(r) => {
                            *front = r;
                            break;
                        }
                    }
                }
            }
            return;
        }
        let mut kept = 0;
        for i in 0..usize::from(self.len) {
            if let Some(r) = rest(self.inline[i]) {
                self.inline[kept] = r;
                kept += 1;
            }
        }
        self.len = u8::try_from(kept).unwrap_or(u8::MAX);
    }

    /// Gives its memory back.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(spans: &[(u32, u32)]) -> Unacked {
        let mut u = Unacked::default();
        for &(a, b) in spans {
            u.push(SeqNum(a), SeqNum(b));
        }
        u
    }

    #[test]
    fn acknowledges_in_place_and_spilt() {
        for n in [2u32, 3, 4, 9] {
            let spans: Vec<_> = (0..n).map(|i| (i * 10, i * 10 + 10)).collect();
            let mut u = filled(&spans);
            assert!(u.covers(SeqNum(11), SeqNum(19)));
            u.acknowledge(SeqNum(15));
            assert!(!u.covers(SeqNum(0), SeqNum(10)));
            assert!(!u.covers(SeqNum(11), SeqNum(19)));
            assert!(u.covers(SeqNum(16), SeqNum(19)));
            u.acknowledge(SeqNum(n * 10));
            assert!(!u.covers(SeqNum(n * 10 - 1), SeqNum(n * 10)));
        }
    }

    #[test]
    fn a_disordered_list_is_searched_through() {
        let mut u = filled(&[(0, 10), (30, 40), (10, 20), (20, 30), (40, 50)]);
        u.acknowledge(SeqNum(30));
        assert!(u.covers(SeqNum(30), SeqNum(40)) && u.covers(SeqNum(40), SeqNum(50)));
        assert!(!u.covers(SeqNum(20), SeqNum(30)));
    }

    #[test]
    fn stays_bounded() {
        let spans: Vec<_> = (0..5000).map(|i| (i, i + 1)).collect();
        assert_eq!(filled(&spans).spill.unwrap().len(), MOST);
    }
}
