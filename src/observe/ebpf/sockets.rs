//! The connections that a server has, and by which number each is told.
//!
//! The kernel gives a socket its number (its cookie) when somebody asks for it first. The
//! programs ask as a connection comes to be; one that was made before they were loaded, and
//! has waited to be accepted since, has none yet, and a program in the kernel can only read
//! it there. It is known by its two ends then, until it is used and has its number.

use foldhash::{HashMap, HashSet};

use crate::model::{Endpoint, SocketId};

/// Where a connection is: its peer's end, and the socket's own, if it has one.
pub type Ends = (Endpoint, Option<Endpoint>);

/// The kernel gives numbers from 1 upwards, and from the greatest downwards where it is
/// interrupted in giving one: those in the middle are free.
const FREE: u64 = 1 << 62;

/// The connections of one side.
#[derive(Debug, Default)]
pub struct Sockets {
    /// Those that were told.
    told: HashSet<SocketId>,
    /// Those that had no number when they were accepted, by their ends: how they are told.
    unnumbered: HashMap<Ends, SocketId>,
    /// How those of them are told that have their number by now.
    known_as: HashMap<SocketId, SocketId>,
    /// How many had none.
    given: u64,
}

impl Sockets {
    /// A connection is accepted: the number by which it is told from now on.
    pub fn accepted(&mut self, socket: SocketId, ends: Ends) -> SocketId {
        // One of the same ends is over.
        self.unnumbered.remove(&ends);
        if socket != SocketId(0) {
            self.known_as.remove(&socket);
            self.told.insert(socket);
            return socket;
        }
        let name = SocketId(FREE + self.given);
        self.given += 1;
        self.unnumbered.insert(ends, name);
        name
    }

    /// The number by which this connection is told, that is used now.
    pub fn used(&mut self, socket: SocketId, ends: Ends) -> SocketId {
        if let Some(name) = self.known_as.get(&socket) {
            return *name;
        }
        if self.told.contains(&socket) {
            return socket;
        }
        match self.unnumbered.remove(&ends) {
            Some(name) => {
                self.known_as.insert(socket, name);
                name
            }
            None => socket,
        }
    }

    /// Whether nobody was seen to accept this connection, by the number by which it is
    /// told; asked once of each.
    pub fn is_new(&mut self, told: SocketId) -> bool {
        !(FREE..FREE + self.given).contains(&told.0) && self.told.insert(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(port: u16) -> Ends {
        let at = |port| Endpoint::new(std::net::Ipv4Addr::LOCALHOST.into(), port);
        (at(port), Some(at(45_000)))
    }

    #[test]
    fn one_with_a_number_keeps_it() {
        let mut sockets = Sockets::default();
        assert_eq!(sockets.accepted(SocketId(7), ends(1)), SocketId(7));
        assert_eq!(sockets.used(SocketId(7), ends(1)), SocketId(7));
        assert!(!sockets.is_new(SocketId(7)));
    }

    #[test]
    fn one_that_nobody_accepted_is_new_once() {
        let mut sockets = Sockets::default();
        assert_eq!(sockets.used(SocketId(7), ends(1)), SocketId(7));
        assert!(sockets.is_new(SocketId(7)));
        assert!(!sockets.is_new(SocketId(7)));
    }

    #[test]
    fn one_without_a_number_is_found_again_by_its_ends() {
        let mut sockets = Sockets::default();
        let first = sockets.accepted(SocketId(0), ends(1));
        let second = sockets.accepted(SocketId(0), ends(2));
        assert_ne!(first, second);
        for _ in 0..2 {
            assert_eq!(sockets.used(SocketId(9), ends(2)), second);
            assert_eq!(sockets.used(SocketId(8), ends(1)), first);
        }
        assert!(!sockets.is_new(first) && !sockets.is_new(second));
    }

    #[test]
    fn a_port_that_comes_again_is_another_connection() {
        let mut sockets = Sockets::default();
        let first = sockets.accepted(SocketId(0), ends(1));
        // It was never used, and its port comes again: with a number, without one.
        assert_eq!(sockets.accepted(SocketId(7), ends(1)), SocketId(7));
        assert_eq!(sockets.used(SocketId(7), ends(1)), SocketId(7));
        let third = sockets.accepted(SocketId(0), ends(1));
        assert_ne!(third, first);
        assert_eq!(sockets.used(SocketId(8), ends(1)), third);
        // One that was used leaves nothing behind.
        assert_eq!(sockets.used(SocketId(9), ends(1)), SocketId(9));
        assert!(sockets.is_new(SocketId(9)));
    }
}
