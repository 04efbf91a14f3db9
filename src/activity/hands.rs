//! Through whose hands a connection went: which thread received which part of what came,
//! and so which served each of its requests.

use crate::model::{Pid, Tid};

/// A thread, with its process.
type Who = (Pid, Tid);

/// Where another thread begins to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    /// The place of the first byte in the peer's stream, 0 for its first.
    from: u64,
    /// `None`: a process that is not watched.
    by: Option<Who>,
}

/// Who received what of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hands {
    parts: Vec<Part>,
    /// Something was received of which it is not known what, or what follows it is not
    /// told: only who was first is known.
    unsure: bool,
    sender: Option<Who>,
    /// More than one has sent.
    senders: bool,
}

impl Hands {
    /// From this place on another one receives; `None`: the place is not known.
    pub(super) fn goes_to(&mut self, by: Option<Who>, from: Option<u64>) {
        if let Some(from) = from {
            // Who only looked at it has not received it.
            self.parts.retain(|part| part.from < from);
            self.parts.push(Part { from, by });
            return;
        }
        self.unsure = true;
        if self.parts.is_empty() {
            self.parts.push(Part { from: 0, by });
        }
    }

    pub(super) fn sends(&mut self, by: Who) {
        self.senders |= self.sender.is_some_and(|one| one != by);
        self.sender = Some(by);
    }

    /// Whether more than one has received.
    #[must_use]
    pub fn several(&self) -> bool {
        self.parts.windows(2).any(|two| two[0].by != two[1].by)
    }

    /// The thread that received the byte at this place of the stream, 0 for its first or,
    /// where none of the side received anything, the only one that sent. `None` where
    /// that was not seen.
    #[must_use]
    pub fn serving(&self, byte: u64) -> Option<Who> {
        if self.parts.is_empty() {
            return self.sender.filter(|_| !self.senders);
        }
        if self.unsure && byte > 0 {
            return None;
        }
        let after = self.parts.partition_point(|part| part.from <= byte);
        self.parts.get(after.checked_sub(1)?)?.by
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Who = (Pid(7), Tid(7));
    const B: Who = (Pid(7), Tid(8));

    fn hands(parts: &[(Option<Who>, Option<u64>)]) -> Hands {
        let mut hands = Hands::default();
        for &(by, from) in parts {
            hands.goes_to(by, from);
        }
        hands
    }

    #[test]
    fn each_byte_has_its_receiver() {
        let hands = hands(&[(Some(A), Some(0)), (Some(B), Some(6)), (Some(A), Some(18))]);
        let who: Vec<_> = [0, 5, 6, 17, 18, 1000].map(|at| hands.serving(at)).into();
        assert_eq!(who, [A, A, B, B, A, A].map(Some));
        assert!(hands.several());
    }

    #[test]
    fn who_only_looks_has_not_received() {
        let hands = hands(&[(Some(A), Some(0)), (Some(B), Some(0))]);
        assert_eq!(hands.serving(0), Some(B));
        assert!(!hands.several());
    }

    #[test]
    fn what_others_received_is_nobodys() {
        let hands = hands(&[(Some(A), Some(0)), (None, Some(6)), (Some(A), Some(12))]);
        assert_eq!(hands.serving(5), Some(A));
        assert_eq!(hands.serving(6), None);
        assert_eq!(hands.serving(12), Some(A));
    }

    /// As of a tracer, which tells of the first only.
    #[test]
    fn where_only_the_first_is_told_no_more_is_known() {
        let first = hands(&[(Some(A), None)]);
        assert_eq!((first.serving(0), first.serving(6)), (Some(A), None));
        // What comes through a layer of its own (kTLS) has no places.
        let layered = hands(&[(Some(A), Some(0)), (Some(B), None)]);
        assert_eq!((layered.serving(0), layered.serving(6)), (Some(A), None));
    }

    #[test]
    fn before_the_first_that_was_seen_nothing_is_known() {
        let late = hands(&[(Some(A), Some(12))]);
        assert_eq!((late.serving(0), late.serving(12)), (None, Some(A)));
    }

    #[test]
    fn where_nobody_receives_the_only_sender_serves() {
        let mut hands = Hands::default();
        assert_eq!(hands.serving(0), None);
        hands.sends(A);
        hands.sends(A);
        assert_eq!(hands.serving(6), Some(A));
        hands.sends(B);
        assert_eq!(hands.serving(6), None);
    }
}
