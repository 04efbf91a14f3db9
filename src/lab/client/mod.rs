//! The client: N requests by one of five strategies.
//!
//! Runs in a process of its own, whose first thread is the "main thread" that
//! the lab speaks of. A strategy creates workers and hands them requests; what
//! one request does on the wire is the same for all ([`request`]).

mod event_loop;
mod gate;
mod iterative;
mod pace;
mod pool;
mod process;
pub mod request;
mod thread;

use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::gate::Gate;
use self::pace::Pace;
use self::request::Target;
use crate::lab::task::{self, NoTask};
use crate::model::{Outcome, Pid, Rate, Strategy, WorkerId};
use crate::notes::{Ending, RequestPen};
use crate::reserve::Reserve;
use crate::sys::ledger::Ledger;
use crate::sys::{clock, host, process as system_process};

/// What a client process is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientPlan {
    /// How.
    pub strategy: Strategy,
    /// How many requests.
    pub requests: u32,
    /// Workers of the pool.
    pub workers: u32,
    /// Whether to hold all workers until every one has been started.
    pub gate: bool,
    /// The most requests in flight at once.
    pub max_in_flight: Option<u32>,
    /// Whether the main thread waits for its workers.
    pub join: bool,
    /// How many requests are due in a second; `None`: each as soon as it can be made.
    #[serde(default)]
    pub rate: Option<Rate>,
    /// For how long requests are to be due, where their number follows from that.
    #[serde(default)]
    pub duration: Option<Duration>,
    /// The time allowed for one request.
    pub timeout: Duration,
    /// How many percent of the system's tasks and of memory are left to others.
    pub reserve_percent: u64,
    /// Whom to ask.
    pub target: SocketAddr,
    /// The coordinator, with which the client lives and dies.
    pub parent: u32,
}

/// What the workers of a client share.
///
/// It lives as long as its process, as tasks of an event loop must own what
/// they use and threads may outlive their main thread.
#[derive(Clone, Copy, Debug)]
struct Shared {
    plan: &'static ClientPlan,
    ledger: &'static Ledger,
    gate: Gate,
    target: Target,
}

/// Carries out the plan and writes what happens into the ledger.
///
/// With `join` unset the process ends inside, as the class's program does:
/// with its workers still at work.
pub fn run(plan: &'static ClientPlan, ledger: &'static Ledger) {
    let header = ledger.header();
    let shared = Shared {
        plan,
        ledger,
        gate: Gate::new(plan, header),
        target: Target {
            address: plan.target,
            timeout: plan.timeout,
        },
    };
    let begun = clock::now().as_nanos();
    header.pid.store(system_process::pid().0, Relaxed);
    header.first_ns.store(begun, Relaxed);
    header.ready_ns.store(begun, Relaxed);
    let descriptors = host::most_descriptors().unwrap_or(0);
    header.most_descriptors.store(descriptors, Relaxed);
    match plan.strategy {
        Strategy::Thread => thread::run(shared),
        Strategy::Pool => pool::run(shared),
        Strategy::Process => process::run(shared),
        Strategy::Async => event_loop::run(shared),
        Strategy::Iterative => iterative::run(shared),
    }
    header.after_ns.store(clock::now().as_nanos(), Relaxed);
}

/// What a request takes besides its worker, once the gate is open: both ends of its
/// connection, the pages that it touches, and a part of the threads that serve. Of 3,000
/// at once it was some 5 KiB each, and 50 KiB where a process copies the pages that it
/// touches (Linux 6.18).
const REQUEST_BYTES: u64 = 16 << 10;
/// See [`REQUEST_BYTES`].
const REQUEST_OF_PROCESS_BYTES: u64 = 64 << 10;

impl Shared {
    /// The requests' numbers.
    fn numbers(self) -> std::ops::Range<u32> {
        0..self.plan.requests
    }

    /// The moments at which requests are due from now on; `None`: at once.
    fn pace(self) -> Option<Pace> {
        Pace::begin(self.plan, self.ledger.header())
    }

    /// The requests' numbers, each when it is due.
    fn due_numbers(self) -> impl Iterator<Item = u32> {
        let pace = self.pace();
        let is_due = move |number: &u32| pace.is_none_or(|pace| pace.wait(*number));
        self.numbers().take_while(is_due)
    }

    /// The pen for a request.
    fn pen(self, number: u32) -> Option<RequestPen<'static>> {
        self.ledger.entry(number as usize).map(RequestPen)
    }

    /// Makes one request in the calling thread.
    fn perform(self, number: u32, worker: WorkerId) {
        if let Some(pen) = self.pen(number) {
            request::perform(self.target, number, worker, pen);
        }
        self.count_done();
    }

    /// What is left to others while workers are created.
    fn reserve(self) -> Reserve {
        let each_later = match self.plan.strategy {
            _ if !self.plan.gate => 0,
            Strategy::Process => REQUEST_OF_PROCESS_BYTES,
            _ => REQUEST_BYTES,
        };
        Reserve::new(self.plan.reserve_percent, each_later)
    }

    /// A request that has no worker of its own: `outcome` is that of a refusal.
    fn without_worker(self, number: u32, outcome: Outcome, why: &NoTask) {
        task::note_none(self.ledger, why);
        match why {
            NoTask::Refused(error) => self.not_made(number, outcome, request::errno_of(error)),
            NoTask::Kept(_) => self.not_made(number, Outcome::ReserveKept, 0),
        }
    }

    /// A request that was refused what it needs.
    fn refused(self, number: u32, outcome: Outcome, error: &std::io::Error) {
        self.ledger.header().refused_tasks.fetch_add(1, Relaxed);
        self.not_made(number, outcome, request::errno_of(error));
    }

    /// A request that could not be made; `errno` is the system's, or 0.
    fn not_made(self, number: u32, outcome: Outcome, errno: u16) {
        if let Some(pen) = self.pen(number) {
            let ending = Ending {
                outcome,
                errno,
                got: &[],
            };
            pen.end(clock::now(), ending);
        }
        self.count_done();
    }

    fn count_done(self) {
        self.ledger.header().done.fetch_add(1, Relaxed);
    }
}

/// This process and thread, for a pen.
fn whoami() -> (Pid, crate::model::Tid) {
    (system_process::pid(), system_process::tid())
}
