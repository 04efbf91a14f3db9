//! What is still to be learnt of sockets: who receives and sends on them, and how a
//! connection went that is made in the background.

use std::collections::HashMap;

use crate::model::SocketId;

/// What is awaited of one socket.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is awaited or not, whatever the others are"
)]
struct Wanted {
    receive: bool,
    send: bool,
    settle: bool,
    /// Whether an answer is awaited after each request, and a request after each
    /// answer; else the first of each are all.
    again: bool,
}

/// The sockets of which something is still to be learnt.
#[derive(Debug, Default)]
pub struct Awaited {
    of: HashMap<SocketId, Wanted>,
    /// Of how many somebody's receiving is awaited, and of how many somebody's sending.
    receives: usize,
    sends: usize,
}

impl Awaited {
    /// Nothing is to be learnt of any: calls need not even be looked at.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Nobody's receiving is awaited, on whatever socket.
    pub fn no_receive(&self) -> bool {
        self.receives == 0
    }

    /// The same of sending.
    pub fn no_send(&self) -> bool {
        self.sends == 0
    }

    /// What is awaited of a socket from now on.
    fn set(&mut self, socket: SocketId, wanted: Option<Wanted>) {
        let before = match wanted {
            Some(wanted) => {
                self.receives += usize::from(wanted.receive);
                self.sends += usize::from(wanted.send);
                self.of.insert(socket, wanted)
            }
            None => self.of.remove(&socket),
        };
        if let Some(before) = before {
            self.receives -= usize::from(before.receive);
            self.sends -= usize::from(before.send);
        }
    }

    /// A connection was accepted: who receives first, and who sends first.
    pub fn accepted(&mut self, socket: SocketId) {
        let wanted = Wanted {
            receive: true,
            send: true,
            settle: false,
            again: false,
        };
        self.set(socket, Some(wanted));
    }

    /// One that was accepted, and that from now on others may have as well: what has not
    /// been done on it yet.
    pub fn is_shared(&mut self, socket: SocketId, received: bool, sent: bool) {
        let wanted = Wanted {
            receive: !received,
            send: !sent,
            settle: false,
            again: false,
        };
        self.set(socket, (!received || !sent).then_some(wanted));
    }

    /// Whether anything is awaited of it.
    pub fn knows(&self, socket: SocketId) -> bool {
        self.of.contains_key(&socket)
    }

    /// A client makes a connection: each of its exchanges is to be learnt. `begun`: it
    /// goes on in the background. `sent`: its first request went with it.
    pub fn connects(&mut self, socket: SocketId, begun: bool, sent: bool) {
        let wanted = Wanted {
            receive: true,
            send: !sent,
            settle: begun,
            again: true,
        };
        self.set(socket, Some(wanted));
    }

    /// Nothing more is to be learnt of it.
    pub fn forget(&mut self, socket: SocketId) {
        self.set(socket, None);
    }

    pub fn receive(&self, socket: SocketId) -> bool {
        self.of.get(&socket).is_some_and(|w| w.receive)
    }

    pub fn send(&self, socket: SocketId) -> bool {
        self.of.get(&socket).is_some_and(|w| w.send)
    }

    pub fn settle(&self, socket: SocketId) -> bool {
        self.of.get(&socket).is_some_and(|w| w.settle)
    }

    /// Somebody has received (`over`: has learnt that nothing more comes). Whether that
    /// was still to be learnt: another thread may have been faster.
    pub fn received(&mut self, socket: SocketId, over: bool) -> bool {
        let Some(mut wanted) = self.of.get(&socket).copied() else {
            return false;
        };
        let news = std::mem::replace(&mut wanted.receive, false);
        let left = if wanted.again {
            // What comes before anything was asked is no answer: the first that
            // does has been told, and the next is awaited behind a request.
            wanted.send = true;
            !over
        } else {
            wanted.send
        };
        self.set(socket, left.then_some(wanted));
        news
    }

    /// The same of sending.
    pub fn sent(&mut self, socket: SocketId) -> bool {
        let Some(mut wanted) = self.of.get(&socket).copied() else {
            return false;
        };
        let news = std::mem::replace(&mut wanted.send, false);
        wanted.receive |= wanted.again;
        let left = wanted.receive;
        self.set(socket, left.then_some(wanted));
        news
    }

    /// Somebody has learnt how its connection went.
    pub fn settled(&mut self, socket: SocketId, errno: i32) -> bool {
        let Some(mut wanted) = self.of.get(&socket).copied() else {
            return false;
        };
        let news = std::mem::replace(&mut wanted.settle, false);
        self.set(socket, (errno == 0).then_some(wanted));
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: SocketId = SocketId(7);

    #[test]
    fn of_an_accepted_one_the_first_of_each() {
        let mut all = Awaited::default();
        all.accepted(S);
        assert!(all.receive(S) && all.send(S) && !all.settle(S));
        assert!(all.received(S, false));
        assert!(!all.receive(S));
        assert!(!all.received(S, false), "another thread was faster");
        assert!(all.sent(S));
        assert!(all.is_empty());
        assert!(!all.sent(S) && !all.received(S, false) && !all.settled(S, 0));
        assert!(all.no_receive() && all.no_send());
    }

    #[test]
    fn of_one_that_is_shared_what_is_left() {
        let mut all = Awaited::default();
        all.is_shared(S, true, false);
        assert!(all.knows(S) && !all.receive(S) && all.send(S));
        assert!(all.no_receive() && !all.no_send());
        all.is_shared(S, true, true);
        assert!(!all.knows(S) && all.is_empty());
    }

    #[test]
    fn of_an_accepted_one_the_end_is_no_more_than_a_receiving() {
        let mut all = Awaited::default();
        all.accepted(S);
        assert!(all.received(S, true));
        assert!(all.send(S), "it may still answer");
    }

    /// What is awaited of any is what is awaited of one of them, whatever comes.
    #[test]
    fn the_counts_are_those_of_the_sockets() {
        let mut all = Awaited::default();
        let mut state = 13_u64;
        for _ in 0..2000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let (what, socket) = (state >> 60, SocketId(state >> 40 & 3));
            match what {
                0 | 1 => all.accepted(socket),
                2 => all.connects(socket, what == 2, state >> 39 & 1 == 1),
                3 => all.forget(socket),
                4..=8 => drop(all.received(socket, what == 8)),
                9..=12 => drop(all.sent(socket)),
                _ => drop(all.settled(socket, i32::from(what == 15))),
            }
            let any = |of: &dyn Fn(SocketId) -> bool| (0..4).any(|s| of(SocketId(s)));
            assert_eq!(all.no_receive(), !any(&|s| all.receive(s)));
            assert_eq!(all.no_send(), !any(&|s| all.send(s)));
        }
    }

    #[test]
    fn of_a_client_s_one_after_another_until_the_end() {
        let mut all = Awaited::default();
        all.connects(S, false, false);
        for _ in 0..3 {
            assert!(all.send(S));
            assert!(all.sent(S));
            assert!(!all.send(S), "the rest of one request");
            assert!(!all.sent(S));
            assert!(all.received(S, false));
            assert!(!all.receive(S), "the rest of one answer");
        }
        assert!(all.sent(S) && all.received(S, true));
        assert!(all.is_empty());
    }

    #[test]
    fn the_end_is_learnt_after_an_answer_only_behind_a_request() {
        let mut all = Awaited::default();
        all.connects(S, false, true);
        assert!(!all.send(S), "sent with the SYN");
        assert!(all.received(S, false));
        assert!(!all.receive(S) && all.send(S));
    }

    #[test]
    fn how_a_connection_went_is_learnt_once() {
        let mut all = Awaited::default();
        all.connects(S, true, false);
        assert!(all.settle(S) && all.settled(S, 0) && !all.settle(S));
        assert!(!all.settled(S, 0));
        assert!(all.send(S));
        all.connects(S, true, false);
        assert!(all.settled(S, 111));
        assert!(all.is_empty());
        all.connects(S, true, false);
        all.forget(S);
        assert!(all.is_empty());
    }
}
