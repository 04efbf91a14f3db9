//! The programs while a run lasts: a thread empties their ring, and each side's events
//! wait to be handed on.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::order::Order;
use super::record::{CLIENT, Record, SERVER, What};
use super::translate::Translator;
use crate::activity::Activity;
use crate::model::observation::Event;
use crate::model::{Change, Nanos, Pid, Side, Tid, Timestamp};
use crate::sys::clock::{self, Monotonic};
use crate::sys::ebpf::Programs;
use crate::sys::ebpf::why::Refused;
use crate::sys::privilege::give_up::{NOTHING, for_good};
use crate::sys::proc::resource_usage::in_first_pid_namespace;

/// The programs, for this machine.
static OBJECT: &[u8] = aya::include_bytes_aligned!("observe.bpf.o");

/// Which program is attached where.
const TRACEPOINTS: [(&str, &str); 9] = [
    ("on_task", "task_newtask"),
    ("on_exec", "sched_process_exec"),
    ("on_exit", "sched_process_exit"),
    ("on_state", "inet_sock_set_state"),
    ("on_destroyed", "tcp_destroy_sock"),
    ("on_return", "sys_exit"),
    ("on_taken", "tcp_rcv_space_adjust"),
    ("on_receive", "sock_recv_length"),
    ("on_send", "sock_send_length"),
];

/// What tells of accepting through an `io_uring(7)`, which is no system call of its own.
const RINGS: [(&str, &str); 3] = [
    ("on_submit", "io_uring_submit_req"),
    ("on_complete", "io_uring_complete"),
    ("on_overflow", "io_uring_cqe_overflow"),
];

/// Where that is not to be had, whether there are rings.
const WHETHER_RINGS: [(&str, &str); 1] = [("on_ring", "io_uring_create")];

/// How often the ring is emptied. It holds 160,000 records.
const TURN: Duration = Duration::from_millis(10);

/// The same where nothing came, and nobody waits for a program that was started: no more
/// than this. So long a million records a second have room.
const LONGEST_TURN: Duration = Duration::from_millis(50);

/// How long a record may be on its way into the ring when a younger one is there: its
/// time is taken right after its place, by a program that is not interrupted for long.
const ON_ITS_WAY: u64 = 2_000_000;

/// What was seen of one side.
#[derive(Debug)]
pub(super) struct Inbox {
    pub translator: Translator,
    /// Of all that came, what is asked for while the program runs.
    pub activity: Activity,
    /// What has not been handed on yet.
    pub new: Vec<Event>,
}

/// What the thread and the two sides share.
#[derive(Debug)]
struct Shared {
    programs: Programs,
    order: Order,
    clock: Monotonic,
    client: Option<Inbox>,
    server: Option<Inbox>,
}

/// What the thread is told and tells.
#[derive(Debug)]
struct Emptied {
    shared: Mutex<Shared>,
    over: AtomicBool,
    /// All that is watched ran already.
    all_ran: AtomicBool,
    /// CPU time of the thread, in nanoseconds.
    cpu: AtomicU64,
    /// As much of it as was told of a side.
    told: AtomicU64,
}

/// The programs of a run, which both its sides share.
#[derive(Debug)]
pub struct Kernel {
    emptied: Arc<Emptied>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A thread that panics while it holds the lock takes the run with it anyway.
fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn of(&mut self, side: Side) -> &mut Option<Inbox> {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Reads what there is, and takes what is older than this. How many records there were.
    fn read(&mut self, until_ns: u64) -> u64 {
        let order = &mut self.order;
        let mut records = 0;
        self.programs.read(&mut |bytes| {
            records += 1;
            // One of another layout is not made by the object that is built in.
            if let Some(record) = Record::parse(bytes) {
                order.put(record);
            }
        });
        self.clock.look();
        for record in self.order.take(until_ns) {
            let at = self.clock.at(record.ns);
            if of_a_clients_own(&record, self.client.as_ref()) {
                continue;
            }
            let inbox = match u32::from(record.side) {
                CLIENT => &mut self.client,
                _ => &mut self.server,
            };
            if let Some(inbox) = inbox {
                let before = inbox.new.len();
                inbox.translator.take(record, at, &mut inbox.new);
                inbox.apply(before);
            }
        }
        let now = self.clock.at(clock::monotonic_ns());
        for inbox in [&mut self.client, &mut self.server].into_iter().flatten() {
            let before = inbox.new.len();
            inbox.translator.late(now, &mut inbox.new);
            inbox.apply(before);
        }
        records
    }
}

/// Whether a server uses a connection here that the client has made, and handed over to it
/// (`SCM_RIGHTS`, unix(7)): that is none of the server's.
fn of_a_clients_own(record: &Record, client: Option<&Inbox>) -> bool {
    let (What::Received { socket, .. } | What::Sent { socket, .. }) = record.what else {
        return false;
    };
    client.is_some_and(|client| client.activity.sockets.has_made(socket))
}

impl Inbox {
    /// Events from this one on are new.
    fn apply(&mut self, from: usize) {
        for event in &self.new[from..] {
            self.activity.apply(event);
        }
    }
}

impl Kernel {
    /// Loads the programs and attaches them, with the rights that this process has now.
    ///
    /// # Errors
    /// When the kernel has not what they need, or does not let this process.
    pub fn load() -> Result<Self, Refused> {
        if !cfg!(target_arch = "x86_64") {
            return Err(Refused::processor());
        }
        // The programs would be told to watch numbers that are other tasks' there.
        if !in_first_pid_namespace() {
            return Err(Refused::pid_namespace());
        }
        let shared = Shared {
            programs: Programs::load(OBJECT, &TRACEPOINTS, [&RINGS, &WHETHER_RINGS])?,
            order: Order::default(),
            clock: Monotonic::begin(),
            client: None,
            server: None,
        };
        Ok(Self {
            emptied: Arc::new(Emptied {
                shared: Mutex::new(shared),
                over: AtomicBool::default(),
                all_ran: AtomicBool::new(true),
                cpu: AtomicU64::default(),
                told: AtomicU64::default(),
            }),
            thread: Mutex::default(),
        })
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.emptied.shared)
    }

    /// Begins to empty the ring, in a thread without any capability.
    fn begin(&self) -> io::Result<()> {
        let mut thread = lock(&self.thread);
        if thread.is_some() {
            return Ok(());
        }
        let it = Arc::clone(&self.emptied);
        let emptying = Builder::new().name("observe".to_owned()).spawn(move || {
            for_good(NOTHING);
            let mut turn = TURN;
            while !it.over.load(Ordering::Acquire) {
                let until = clock::monotonic_ns().saturating_sub(ON_ITS_WAY);
                let records = lock(&it.shared).read(until);
                let quiet = records == 0 && it.all_ran.load(Ordering::Acquire);
                turn = if quiet {
                    (turn * 2).min(LONGEST_TURN)
                } else {
                    TURN
                };
                let spent = clock::thread_cpu();
                it.cpu
                    .store(u64::try_from(spent.get()).unwrap_or(0), Ordering::Release);
                std::thread::park_timeout(turn);
            }
        })?;
        *thread = Some(emptying);
        Ok(())
    }

    /// From now on this process is a side's first, and all that it creates is the
    /// side's. `port`: the server's, of a client. `begun`: it runs already.
    ///
    /// # Errors
    /// When the kernel refuses that, or the thread.
    pub fn watch(&self, side: Side, root: Pid, port: Option<u16>, begun: bool) -> io::Result<()> {
        let inbox = Inbox {
            translator: Translator::new(root, port, begun),
            activity: Activity::default(),
            new: Vec::new(),
        };
        *self.shared().of(side) = Some(inbox);
        if !begun {
            self.emptied.all_ran.store(false, Ordering::Release);
        }
        self.watch_more(side, root)?;
        self.begin()
    }

    /// The same of another process of a side that runs already.
    ///
    /// # Errors
    /// When the kernel refuses that.
    pub fn watch_more(&self, side: Side, pid: Pid) -> io::Result<()> {
        let number = match side {
            Side::Client => CLIENT,
            Side::Server => SERVER,
        };
        self.shared()
            .programs
            .watch(pid, number)
            .map_err(|e| io::Error::other(e.sentence()))
    }

    /// A task of a side is there at this moment that began unseen.
    pub fn found(&self, side: Side, at: Timestamp, pid: Pid, tid: Tid) {
        if let Some(inbox) = self.shared().of(side) {
            let before = inbox.new.len();
            inbox.translator.found(at, pid, tid, &mut inbox.new);
            inbox.apply(before);
        }
    }

    /// Whoever was there when a side was looked for has been found.
    pub fn all_found(&self, side: Side) {
        if let Some(inbox) = self.shared().of(side) {
            inbox.translator.all_found();
        }
    }

    /// The first task of a process that was found has left it.
    pub fn found_leaving(&self, side: Side, at: Timestamp, pid: Pid) {
        let tid = Tid(pid.0);
        let what = Change::ThreadExiting;
        if let Some(inbox) = self.shared().of(side) {
            inbox.new.push(Event { at, pid, tid, what });
            inbox.apply(inbox.new.len() - 1);
        }
    }

    /// Takes in everything that has been told up to now.
    pub fn read_all(&self) {
        self.shared().read(u64::MAX);
    }

    /// What came of a side, with `ask`.
    pub(super) fn with<T>(&self, side: Side, ask: impl FnOnce(&mut Inbox) -> T) -> Option<T> {
        self.shared().of(side).as_mut().map(ask)
    }

    /// A side is over, or is left: what of it lives is watched no more, what has waited is
    /// told, and the rest handed over.
    pub(super) fn finish(&self, side: Side) -> Option<Inbox> {
        let mut shared = self.shared();
        let living = shared.of(side).as_ref()?.activity.tasks.living();
        for pid in living {
            shared.programs.leave(pid);
        }
        shared.read(u64::MAX);
        let mut inbox = shared.of(side).take()?;
        let before = inbox.new.len();
        inbox.translator.rest(&mut inbox.new);
        inbox.apply(before);
        Some(inbox)
    }

    /// How many records were lost; `None` where that is not known.
    pub fn lost(&self) -> Option<u64> {
        self.shared().programs.lost()
    }

    /// CPU time of the thread that empties the ring, since this was asked last: it works for
    /// both sides, and of both together all of it is told, whichever of them there are.
    pub fn cpu_not_told(&self) -> Nanos {
        let cpu = self.emptied.cpu.load(Ordering::Acquire);
        let told = self.emptied.told.swap(cpu, Ordering::AcqRel);
        Nanos::new(i64::try_from(cpu.saturating_sub(told)).unwrap_or(i64::MAX))
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.emptied.over.store(true, Ordering::Release);
        if let Some(thread) = lock(&self.thread).take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, Endpoint, SocketId};

    #[test]
    fn a_connection_that_a_client_has_handed_over_is_none_of_the_servers() {
        let (pid, tid, at) = (Pid(10), Tid(10), Timestamp::from_nanos(5));
        let end = |port| Endpoint::new(std::net::Ipv4Addr::LOCALHOST.into(), port);
        let mut client = Inbox {
            translator: Translator::new(pid, Some(45_000), false),
            activity: Activity::default(),
            new: Vec::new(),
        };
        let mut told = |what| client.activity.apply(&Event { at, pid, tid, what });
        told(Change::Started {
            process: true,
            parent: None,
        });
        told(Change::Connected {
            socket: Some(SocketId(7)),
            target: end(45_000),
            from: at,
            local: Some(end(40_000)),
            errno: Some(0),
        });
        let ends = (end(45_000), Some(end(40_000)));
        let sent = |number| Record {
            ns: 6,
            side: 2,
            pid: Pid(20),
            tid: Tid(21),
            what: What::Sent {
                socket: SocketId(number),
                ends,
            },
        };
        let received = Record {
            what: What::Received {
                socket: SocketId(7),
                result: 6,
                byte: Some(0),
                by_another: false,
                ends,
            },
            ..sent(7)
        };
        assert!(of_a_clients_own(&sent(7), Some(&client)));
        assert!(of_a_clients_own(&received, Some(&client)));
        assert!(!of_a_clients_own(&sent(8), Some(&client)));
        assert!(!of_a_clients_own(&sent(7), None));
        let other = Record {
            what: What::SetUpRing,
            ..sent(7)
        };
        assert!(!of_a_clients_own(&other, Some(&client)));
    }
}
