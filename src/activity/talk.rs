//! What a client's calls tell of its connection, where they were looked at: requests and
//! answers by turns, and how it ended.

use crate::model::Timestamp;

/// A request, from the moment before the call that sent its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// That moment.
    pub from: Timestamp,
    /// When the call returned that received the first bytes behind it; `None`: none
    /// was seen to.
    pub answered: Option<Timestamp>,
}

/// Requests and answers on one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// Its requests, in their order.
    pub asked: Vec<Asked>,
    /// Whether something came before anything was asked.
    pub greeted: bool,
    /// When a call that would have received was told that nothing more comes, and why:
    /// 0 for the end of the stream, else the error.
    pub over: Option<(Timestamp, i32)>,
    /// When a descriptor of it was closed the last time before anything had come that
    /// was still awaited.
    pub closed: Option<Timestamp>,
}

impl Talk {
    /// A call has sent.
    pub(super) fn sent(&mut self, from: Timestamp) {
        self.asked.push(Asked {
            from,
            answered: None,
        });
    }

    /// A call that receives has returned this.
    pub(super) fn received(&mut self, at: Timestamp, result: i64) {
        if result <= 0 {
            let errno = result.checked_neg().and_then(|n| i32::try_from(n).ok());
            let errno = errno.unwrap_or(0);
            self.over.get_or_insert((at, errno));
            return;
        }
        match self.asked.last_mut() {
            Some(last) => {
                last.answered.get_or_insert(at);
            }
            None => self.greeted = true,
        }
    }

    /// Whether a request is without an answer, as far as was seen.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.asked
            .last()
            .is_some_and(|last| last.answered.is_none())
    }

    /// How many requests were answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.asked.iter().filter(|a| a.answered.is_some()).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: i64) -> Timestamp {
        Timestamp::from_nanos(n)
    }

    #[test]
    fn an_answer_belongs_to_the_request_before_it() {
        let mut talk = Talk::default();
        assert!(!talk.is_unanswered());
        talk.sent(at(1));
        assert!(talk.is_unanswered());
        talk.received(at(5), 12);
        talk.received(at(7), 4);
        talk.sent(at(8));
        talk.received(at(20), 0);
        talk.received(at(21), -104);
        assert_eq!((talk.answered(), talk.asked.len()), (1, 2));
        assert_eq!(talk.asked[0].answered, Some(at(5)));
        assert_eq!(talk.asked[1].answered, None);
        assert_eq!(talk.over, Some((at(20), 0)), "the first word for it");
        assert!(talk.is_unanswered() && !talk.greeted);
    }

    #[test]
    fn what_comes_unasked_is_no_answer() {
        let mut talk = Talk::default();
        talk.received(at(3), 100);
        assert!(talk.greeted && !talk.is_unanswered());
        assert_eq!(talk.answered(), 0);
    }

    #[test]
    fn an_error_says_why() {
        let mut talk = Talk::default();
        talk.sent(at(1));
        talk.received(at(2), -i64::from(libc::ECONNRESET));
        assert_eq!(talk.over, Some((at(2), libc::ECONNRESET)));
        talk.received(at(3), i64::MIN);
        assert_eq!(talk.over, Some((at(2), libc::ECONNRESET)));
    }
}
