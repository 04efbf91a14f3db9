//! What an entry of a ledger is made of.
//!
//! Each field is written by one process at a time and may be read by another at
//! any moment, so each is an atomic; zeros are "not yet". A writer may be killed
//! between two stores: what belongs together has one part that is stored last,
//! with [`Release`], and without which the rest counts for nothing.

use std::mem::ManuallyDrop;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use crate::model::{Pid, Tid, Timestamp};

/// A task by its process and its number.
#[repr(C)]
#[derive(Debug, Default)]
pub struct TaskIds {
    tid: AtomicU32,
    /// Stored last.
    pid: AtomicU32,
}

impl TaskIds {
    /// Writes them down.
    pub fn set(&self, pid: Pid, tid: Tid) {
        self.tid.store(tid.0, Relaxed);
        self.pid.store(pid.0, Release);
    }

    /// What was written down.
    #[must_use]
    pub fn get(&self) -> Option<(Pid, Tid)> {
        let pid = self.pid.load(Acquire);
        (pid != 0).then(|| (Pid(pid), Tid(self.tid.load(Relaxed))))
    }
}

/// A moment.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct Moment(AtomicI64);

impl Moment {
    /// Writes it down.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_nanos(), Relaxed);
    }

    /// What was written down.
    #[must_use]
    pub fn get(&self) -> Option<Timestamp> {
        let ns = self.0.load(Relaxed);
        (ns != 0).then(|| Timestamp::from_nanos(ns))
    }
}

/// Yes or no. Not an `AtomicBool`, of which two bit patterns only are valid: the
/// memory is shared.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct Flag(AtomicU8);

impl Flag {
    /// Writes it down, and what was stored before is there for whoever sees it.
    pub fn set(&self, yes: bool) {
        self.0.store(u8::from(yes), Release);
    }

    /// Whether it is set.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.load(Acquire) != 0
    }
}

/// An address with a port.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Address {
    /// The address as one of IPv6, in two halves.
    high: AtomicU64,
    low: AtomicU64,
    /// Stored last.
    port: AtomicU16,
}

impl Address {
    /// Writes it down.
    pub fn set(&self, address: SocketAddr) {
        let bits = match address.ip() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        let low = u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
        let high = u64::try_from(bits >> 64).unwrap_or(0);
        self.high.store(high, Relaxed);
        self.low.store(low, Relaxed);
        self.port.store(address.port(), Release);
    }

    /// What was written down.
    #[must_use]
    pub fn get(&self) -> Option<SocketAddr> {
        let port = self.port.load(Acquire);
        let high = u128::from(self.high.load(Relaxed));
        let low = u128::from(self.low.load(Relaxed));
        let ip = Ipv6Addr::from_bits(high << 64 | low).to_canonical();
        (port != 0).then(|| SocketAddr::new(ip, port))
    }
}

/// The bytes of a wrong answer that are kept.
pub const DETAIL_BYTES: usize = 16;

/// An entry of a client: a request.
#[repr(C)]
#[derive(Debug, Default)]
pub struct RequestEntry {
    /// How far it has come; stored last.
    pub phase: AtomicU8,
    /// How it ended: the outcome's place among all. Like the next four, it
    /// counts in the last phase only.
    pub outcome: AtomicU8,
    /// The system's error number; 0 for none.
    pub errno: AtomicU16,
    /// How many bytes came instead of an answer, and are kept.
    pub got_bytes: AtomicU8,
    /// Whether more came than is kept.
    pub got_more: Flag,
    /// These bytes.
    pub got: [AtomicU8; DETAIL_BYTES],
    /// The task that took it up.
    pub taken_by: TaskIds,
    /// The worker that this task is.
    pub worker: AtomicU32,
    /// When it was taken up.
    pub started: Moment,
    /// The moment before connect(2).
    pub connect: Moment,
    /// When connect(2) had succeeded.
    pub connected: Moment,
    /// When it was over.
    pub ended: Moment,
    /// The client's end of the connection.
    pub client: Address,
}

/// An entry of a server: a connection.
#[repr(C)]
#[derive(Debug, Default)]
pub struct ConnectionEntry {
    /// How far it has come; stored last.
    pub phase: AtomicU8,
    /// Who accepted it.
    pub accepted_by: TaskIds,
    /// Who first received from it.
    pub served_by: TaskIds,
    /// When it was accepted.
    pub accepted: Moment,
    /// When the first receive on it returned.
    pub served: Moment,
    /// When it was closed.
    pub closed: Moment,
    /// The client's end of it.
    pub client: Address,
}

/// The only entry of a crowd's control.
#[repr(C)]
#[derive(Debug, Default)]
pub struct CrowdEntry {
    /// By the crowd: how far it is; stored after what belongs to it.
    pub stage: AtomicU32,
    /// By the crowd: the call that was refused, as its place among all.
    pub call: AtomicU32,
    /// By the crowd: with which error; 0 is no refusal.
    pub errno: AtomicI32,
    /// By the coordinator: create no more.
    pub stop: Flag,
    /// By the coordinator: end.
    pub leave: Flag,
    /// By the crowd: how many there are.
    pub reached: AtomicU64,
    /// By the crowd: how many have come to rest.
    pub arrived: AtomicU64,
    /// By the crowd: the size of a thread's stack.
    pub stack_bytes: AtomicU64,
    /// By the crowd: when the first was created.
    pub begun: Moment,
    /// By the crowd: when the top was reached.
    pub at_top: Moment,
    /// By the coordinator: one more than how many there may be at most; 0 is
    /// "wait".
    pub go: AtomicU64,
    /// By the coordinator: how many there may be before it looks again.
    pub granted: AtomicU64,
}

/// An entry of a ledger. Which of these it is, is known to whoever made the
/// ledger; taken for another it says nonsense, and no more.
#[repr(C)]
pub union Entry {
    request: ManuallyDrop<RequestEntry>,
    connection: ManuallyDrop<ConnectionEntry>,
    crowd: ManuallyDrop<CrowdEntry>,
}

// What an entry takes in memory is a promise to long runs.
const _: () = assert!(size_of::<Entry>() == 96);

impl std::fmt::Debug for Entry {
    /// What it is of is not known here.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry")
    }
}

impl Entry {
    /// A request's.
    #[must_use]
    pub fn request(&self) -> &RequestEntry {
        // SAFETY: an entry is as large as the largest of its kinds and aligned
        // like it, all its bytes are initialised (a new memfd reads as zeros),
        // and it consists of atomic integers, of which every bit pattern is valid.
        unsafe { &self.request }
    }

    /// A connection's.
    #[must_use]
    pub fn connection(&self) -> &ConnectionEntry {
        // SAFETY: as above.
        unsafe { &self.connection }
    }

    /// A crowd's.
    #[must_use]
    pub fn crowd(&self) -> &CrowdEntry {
        // SAFETY: as above.
        unsafe { &self.crowd }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_written_is_not_there() {
        assert_eq!(TaskIds::default().get(), None);
        assert_eq!(Moment::default().get(), None);
        assert_eq!(Address::default().get(), None);
        assert!(!Flag::default().get());
    }

    #[test]
    fn half_of_a_pair_counts_for_nothing() {
        let ids = TaskIds::default();
        ids.tid.store(7, Relaxed);
        assert_eq!(ids.get(), None);
        let address = Address::default();
        address.low.store(1, Relaxed);
        assert_eq!(address.get(), None);
    }

    #[test]
    fn addresses_of_both_families_are_read_back() {
        let there = Address::default();
        for address in ["127.0.0.2:4000", "[::1]:1", "[fe80::ff:1234]:65535"] {
            let address: SocketAddr = address.parse().unwrap();
            there.set(address);
            assert_eq!(there.get(), Some(address));
        }
    }
}
