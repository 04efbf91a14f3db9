//! What packed lines leave out because the lines before them have said it: the
//! latest time, and of each side the latest thread, process, socket, worker.
//!
//! Writer and reader go through the same changes. Numbers are told as
//! differences, which wrap at the ends of their types: any number can be told.

use std::net::{IpAddr, SocketAddr};

use crate::model::observation::Fact;
use crate::model::{Pid, Side, SocketId, Tid, Timestamp};

/// What was said last.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    time: i64,
    /// The number that the next request is expected to have.
    request: u64,
    sides: [Latest; 2],
    /// The address of the target, whose endpoints are told by their ports.
    pub address: Option<IpAddr>,
}

/// What was said last of a side.
#[derive(Clone, Copy, Debug, Default)]
struct Latest {
    tid: u32,
    pid: u32,
    socket: u64,
    worker: u32,
}

fn place(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

/// How far `to` is after `from`.
pub(super) fn time_between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_nanos().wrapping_sub(from.as_nanos())
}

/// The moment so far after `from`.
pub(super) fn time_after(from: Timestamp, by: i64) -> Timestamp {
    Timestamp::from_nanos(from.as_nanos().wrapping_add(by))
}

/// How far a process's or thread's number is after another.
pub(super) fn id_between(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

/// The number so far after another.
pub(super) fn id_after(from: u32, by: i32) -> u32 {
    from.wrapping_add(by.cast_unsigned())
}

/// Takes the difference of a number to the one before, which it then is; and
/// the other way round.
macro_rules! number {
    ($tell:ident, $take:ident, $field:ident, $of:ty, $wrap:expr, $between:ty) => {
        pub fn $tell(&mut self, side: Side, number: $of) -> $between {
            let latest = &mut self.sides[place(side)].$field;
            let before = std::mem::replace(latest, number.0);
            number.0.wrapping_sub(before).cast_signed()
        }

        pub fn $take(&mut self, side: Side, by: $between) -> $of {
            let latest = &mut self.sides[place(side)].$field;
            *latest = latest.wrapping_add(by.cast_unsigned());
            $wrap(*latest)
        }
    };
}

impl State {
    number!(tell_tid, take_tid, tid, Tid, Tid, i32);
    number!(tell_pid, take_pid, pid, Pid, Pid, i32);
    number!(tell_socket, take_socket, socket, SocketId, SocketId, i64);
    number!(
        tell_worker,
        take_worker,
        worker,
        crate::model::WorkerId,
        crate::model::WorkerId,
        i32
    );

    /// The latest time.
    pub fn time(&self) -> Timestamp {
        Timestamp::from_nanos(self.time)
    }

    pub fn tell_time(&mut self, time: Timestamp) -> i64 {
        let before = std::mem::replace(&mut self.time, time.as_nanos());
        self.time.wrapping_sub(before)
    }

    pub fn take_time(&mut self, by: i64) -> Timestamp {
        self.time = self.time.wrapping_add(by);
        self.time()
    }

    pub fn tell_request(&mut self, number: u64) -> i64 {
        let expected = std::mem::replace(&mut self.request, number.wrapping_add(1));
        number.wrapping_sub(expected).cast_signed()
    }

    pub fn take_request(&mut self, by: i64) -> u64 {
        let number = self.request.wrapping_add(by.cast_unsigned());
        self.request = number.wrapping_add(1);
        number
    }

    /// A fact in its long form, which says one thing that packed lines rest on.
    pub fn long(&mut self, fact: &Fact) {
        if let Fact::Target(target) = fact {
            let target: Option<SocketAddr> = target.parse().ok();
            self.address = target.map(|t| t.ip());
        }
    }
}
