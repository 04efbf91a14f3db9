//! What a crowd and its coordinator tell each other: a ledger with one entry.
//!
//! The crowd writes how far it has come and what it was refused; the
//! coordinator writes how far it may go, when to stop and when to let go. What
//! the crowd has written survives its death.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

use crate::limits::{Call, Refusal};
use crate::sys::ledger::{CrowdEntry, Entry, Ledger};
use crate::sys::{clock, process};

/// How far a crowd is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Its process starts.
    Starting,
    /// It exists and has created nothing.
    Ready,
    /// It has reached what it could, and holds it.
    Top,
}

/// [`Stage`] as it is written down; 0 is that it starts.
const READY: u32 = 1;
const TOP: u32 = 2;

const CALLS: [Call; 7] = [
    Call::Mmap,
    Call::Clone,
    Call::Fork,
    Call::Socket,
    Call::Connect,
    Call::Accept,
    Call::Answer,
];

/// How often either side looks at what the other has written.
const LOOK: Duration = Duration::from_micros(100);

/// The control.
#[derive(Debug)]
pub struct CrowdControl(Ledger);

impl CrowdControl {
    /// A new one.
    pub(super) fn new() -> io::Result<Self> {
        Ledger::create(0, 1).map(Self)
    }

    /// The coordinator's, in the crowd's process.
    ///
    /// # Errors
    /// When the file is not a control.
    pub fn open(file: OwnedFd) -> io::Result<Self> {
        let ledger = Ledger::open(file)?;
        match ledger.entry(0) {
            Some(_) => Ok(Self(ledger)),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// For the crowd's standard input.
    pub(super) fn share(&self) -> io::Result<File> {
        self.0.share()
    }

    fn entry(&self) -> &CrowdEntry {
        /// For a ledger without an entry, of which none is made here.
        static NOWHERE: LazyLock<CrowdEntry> = LazyLock::new(CrowdEntry::default);
        self.0.entry(0).map_or_else(|| &*NOWHERE, Entry::crowd)
    }

    // The crowd's side.

    /// The crowd is there; waits until it may begin, and returns how many it
    /// may create at most.
    pub(super) fn wait_to_begin(&self, stack_bytes: u64) -> u64 {
        self.entry().stack_bytes.store(stack_bytes, Relaxed);
        self.entry().stage.store(READY, Release);
        loop {
            let go = self.entry().go.load(Acquire);
            if go > 0 {
                self.entry().begun.set(clock::now());
                return go - 1;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Whether to create no more.
    pub(super) fn stopped(&self) -> bool {
        self.entry().stop.get()
    }

    /// Waits until one more may be created, which makes it so many. `false` is
    /// to create no more.
    pub(super) fn may(&self, so_many: u64) -> bool {
        loop {
            if self.stopped() {
                return false;
            }
            if self.entry().granted.load(Acquire) >= so_many {
                return true;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// What counts those who have come to rest: from then on they take no more
    /// memory.
    pub(super) fn arrivals(&self) -> &AtomicU64 {
        &self.entry().arrived
    }

    /// There are so many now.
    pub(super) fn count(&self, reached: u64) {
        self.entry().reached.store(reached, Relaxed);
    }

    /// The search is over; holds until the coordinator has seen enough.
    pub(super) fn hold(&self, refusal: Option<Refusal>) {
        if let Some(Refusal { call, errno }) = refusal {
            let place = CALLS.iter().position(|c| *c == call).unwrap_or(0);
            let place = u32::try_from(place).unwrap_or(0);
            self.entry().call.store(place, Relaxed);
            self.entry().errno.store(errno, Relaxed);
        }
        self.entry().at_top.set(clock::now());
        self.entry().stage.store(TOP, Release);
        while !self.entry().leave.get() {
            std::thread::sleep(LOOK);
        }
    }

    // The coordinator's side.

    /// How far the crowd is.
    pub(super) fn stage(&self) -> Stage {
        match self.entry().stage.load(Acquire) {
            0 => Stage::Starting,
            READY => Stage::Ready,
            _ => Stage::Top,
        }
    }

    /// Lets the crowd begin, up to `cap`.
    pub(super) fn begin(&self, cap: Option<u64>) {
        let most = cap.unwrap_or(u64::MAX - 1);
        self.entry().go.store(most.saturating_add(1), Release);
    }

    /// Lets the crowd climb until there are so many, before the next look.
    pub(super) fn grant(&self, so_many: u64) {
        self.entry().granted.store(so_many, Release);
    }

    /// How many have come to rest.
    pub(super) fn arrived(&self) -> u64 {
        self.entry().arrived.load(Relaxed)
    }

    /// Tells the crowd to create no more.
    pub(super) fn stop(&self) {
        self.entry().stop.set(true);
    }

    /// Tells the crowd to end.
    pub(super) fn let_go(&self) {
        self.entry().leave.set(true);
    }

    /// How many there are.
    pub(super) fn reached(&self) -> u64 {
        self.entry().reached.load(Relaxed)
    }

    /// The size of a thread's stack.
    pub(super) fn stack_bytes(&self) -> u64 {
        self.entry().stack_bytes.load(Relaxed)
    }

    /// What was refused, at the top.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let errno = self.entry().errno.load(Relaxed);
        let place = usize::try_from(self.entry().call.load(Relaxed)).ok()?;
        let call = *CALLS.get(place)?;
        (errno != 0).then_some(Refusal { call, errno })
    }

    /// When the first was created and when the top was reached, ns since the epoch.
    pub(super) fn times(&self) -> Option<(i64, i64)> {
        let (begun, at_top) = (self.entry().begun.get()?, self.entry().at_top.get()?);
        Some((begun.as_nanos(), at_top.as_nanos()))
    }
}

/// Ends the crowd's process without any further work.
pub(super) fn leave() -> ! {
    process::exit_now(0)
}
