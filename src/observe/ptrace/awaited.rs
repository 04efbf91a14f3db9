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
}

impl Awaited {
    /// Nothing is to be learnt of any: calls need not even be looked at.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// A connection was accepted: who receives first, and who sends first.
    pub fn accepted(&mut self, socket: SocketId) {
        let wanted = Wanted {
            receive: true,
            send: true,
            settle: false,
            again: false,
        };
        self.of.insert(socket, wanted);
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
        self.of.insert(socket, wanted);
    }

    /// Nothing more is to be learnt of it.
    pub fn forget(&mut self, socket: SocketId) {
        self.of.remove(&socket);
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
        let Some(wanted) = self.of.get_mut(&socket) else {
            return false;
        };
        let news = std::mem::replace(&mut wanted.receive, false);
        if wanted.again {
            if over {
                self.of.remove(&socket);
            } else {
                // What comes before anything was asked is no answer: the first that
                // does has been told, and the next is awaited behind a request.
                wanted.send = true;
            }
        } else if !wanted.send {
            self.of.remove(&socket);
        }
        news
    }

    /// The same of sending.
    pub fn sent(&mut self, socket: SocketId) -> bool {
        let Some(wanted) = self.of.get_mut(&socket) else {
            return false;
        };
        let news = std::mem::replace(&mut wanted.send, false);
        if wanted.again {
            wanted.receive = true;
        } else if !wanted.receive {
            self.of.remove(&socket);
        }
        news
    }

    /// Somebody has learnt how its connection went.
    pub fn settled(&mut self, socket: SocketId, errno: i32) -> bool {
        let Some(wanted) = self.of.get_mut(&socket) else {
            return false;
        };
        let news = std::mem::replace(&mut wanted.settle, false);
        if errno != 0 {
            self.of.remove(&socket);
        }
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
    }

    #[test]
    fn of_an_accepted_one_the_end_is_no_more_than_a_receiving() {
        let mut all = Awaited::default();
        all.accepted(S);
        assert!(all.received(S, true));
        assert!(all.send(S), "it may still answer");
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
