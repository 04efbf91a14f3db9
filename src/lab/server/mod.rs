//! The TIME server, in five models.
//!
//! One acceptor (the first thread) takes connections from the listening
//! socket; a model decides who serves each. What is said on a connection is
//! the same for all models (`connection`). Every thread and process watches
//! one stop signal: when it comes, the server finishes what is in flight, takes
//! what waits in the accept queue, and ends: after its grace in any case, whatever
//! its peers do ([`GRACE`]).

mod acceptor;
mod connection;
mod event_loop;
mod iterative;
mod pool;
mod process;
mod thread;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use rustix::thread::CapabilitySet;
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use thiserror::Error;

pub use self::connection::GRACE;
use crate::lab::clockface::Clockface;
use crate::lab::task::{self, NoTask};
use crate::model::ServerModel;
use crate::reserve::Reserve;
use crate::sys::host;
use crate::sys::ledger::Ledger;
use crate::sys::net::NetNamespace;
use crate::sys::privilege::give_up::{NOTHING, for_good};
use crate::sys::privilege::person::Person;
use crate::sys::process::signals::{SIGINT, SIGTERM, StopSignal};
use crate::sys::process::stderr;
use crate::sys::{clock, process as system_process};

/// What a server process is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerPlan {
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// How connections are handled.
    pub model: ServerModel,
    /// Workers of the pool.
    pub workers: u32,
    /// The length of the accept queue (listen(2)); the kernel caps it at `net.core.somaxconn`.
    pub backlog: u32,
    /// How many percent of the system's tasks and of memory are left to others.
    pub reserve_percent: u64,
    /// After so long without a byte a connection is closed.
    pub idle_timeout: Duration,
    /// The coordinator, with which the server lives and dies; `None` for `threadtap serve`.
    pub parent: Option<u32>,
}

/// Why the server could not start.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Somebody listens there.
    #[error(
        "port {port} on {bind} is in use{by}, or choose another port with --port (0 picks a free one)"
    )]
    InUse {
        /// The address.
        bind: IpAddr,
        /// The port.
        port: u16,
        /// "by NAME (pid N)", or empty.
        by: String,
    },
    /// Of all ports none is free.
    #[error(
        "no port is free on {bind}: wait a minute until those in TIME-WAIT are free again, or widen \
         net.ipv4.ip_local_port_range"
    )]
    NoneFree {
        /// The address.
        bind: IpAddr,
    },
    /// The port is a privileged one.
    #[error("no permission to listen on port {port}: choose one above 1023 with --port")]
    Privileged {
        /// The port.
        port: u16,
    },
    /// The address is not one of this machine's.
    #[error("{bind} is not an address of this machine: choose another with --bind")]
    NotOurs {
        /// The address.
        bind: IpAddr,
    },
    /// Anything else that the system says.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The system refused something before the first connection.
    #[error("the server cannot start: {0}")]
    Start(#[from] io::Error),
}

/// What all threads of the server use.
#[derive(Debug)]
struct Server {
    listener: Socket,
    stop: StopSignal,
    /// When the grace ends; not set before the stop signal was seen.
    over: OnceLock<Instant>,
    plan: ServerPlan,
    clockface: Clockface,
    ledger: Option<&'static Ledger>,
    said_no_descriptor: AtomicBool,
    said_no_worker: AtomicBool,
}

/// Listens, calls `announce` with the address, and serves until SIGTERM (or
/// SIGINT, where it is not ignored).
///
/// # Errors
/// When it cannot listen. Once it listens, nothing but the signal ends it.
pub fn serve(
    plan: ServerPlan,
    ledger: Option<&'static Ledger>,
    announce: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    host::raise_descriptors(1 << 20);
    serve_once(plan, ledger, once_it_listens, announce)
}

/// Nothing that comes needs a privilege: what there was is given up, before there is any
/// other thread.
fn once_it_listens(plan: &ServerPlan) -> io::Result<()> {
    let alone = plan.parent.is_none();
    if let Some(person) = Person::behind_sudo().filter(|_| alone) {
        person.become_for_good(CapabilitySet::SETPCAP)?;
    }
    for_good(NOTHING);
    Ok(())
}

/// As [`serve`], with the limit of descriptors as it is.
///
/// # Errors
/// When it cannot listen.
pub fn serve_within_limits(
    plan: ServerPlan,
    ledger: Option<&'static Ledger>,
    announce: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    serve_once(plan, ledger, |_| Ok(()), announce)
}

fn serve_once(
    plan: ServerPlan,
    ledger: Option<&'static Ledger>,
    listens: impl FnOnce(&ServerPlan) -> io::Result<()>,
    announce: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let signals: &[i32] = if plan.parent.is_some() {
        &[SIGTERM]
    } else {
        &[SIGTERM, SIGINT]
    };
    let begun = clock::now().as_nanos();
    let listener = listen(&plan)?;
    listens(&plan)?;
    let address = listener.local_addr()?.as_socket();
    let address = address.unwrap_or(SocketAddr::new(plan.bind, plan.port));
    // It lives as long as the process: threads that serve are not waited for
    // one by one.
    let server: &'static Server = Box::leak(Box::new(Server {
        listener,
        stop: StopSignal::on(signals)?,
        over: OnceLock::new(),
        plan,
        clockface: Clockface::default(),
        ledger,
        said_no_descriptor: AtomicBool::new(false),
        said_no_worker: AtomicBool::new(false),
    }));
    if let Some(ledger) = ledger {
        let header = ledger.header();
        header.pid.store(system_process::pid().0, Relaxed);
        header.first_ns.store(begun, Relaxed);
        let descriptors = host::most_descriptors().unwrap_or(0);
        header.most_descriptors.store(descriptors, Relaxed);
    }
    let ready = || {
        if let Some(ledger) = ledger {
            let now = clock::now().as_nanos();
            ledger.header().ready_ns.store(now, Relaxed);
        }
        announce(address);
    };
    match server.plan.model {
        ServerModel::Thread => thread::run(server, ready),
        ServerModel::Pool => pool::run(server, ready)?,
        ServerModel::Process => process::run(server, ready),
        ServerModel::Async => event_loop::run(server, ready)?,
        ServerModel::Iterative => iterative::run(server, ready),
    }
    Ok(())
}

fn listen(plan: &ServerPlan) -> Result<Socket, ServeError> {
    /// Where the system has none to give: it gives those of
    /// `net.ipv4.ip_local_port_range`, which clients use up.
    const OTHERS: std::ops::Range<u16> = 20_000..20_100;
    let address = SocketAddr::new(plan.bind, plan.port);
    let attempt = |address: SocketAddr| {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(true)?;
        if plan.bind.is_ipv6() && plan.bind.is_unspecified() {
            socket.set_only_v6(false)?;
        }
        socket.bind(&SockAddr::from(address))?;
        socket.listen(i32::try_from(plan.backlog).unwrap_or(i32::MAX))?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    let in_use = |e: &io::Error| e.raw_os_error() == Some(libc::EADDRINUSE);
    let listening = attempt(address).or_else(|e: io::Error| {
        let others = OTHERS.filter(|_| plan.port == 0 && in_use(&e));
        let mut others = others.map(|port| attempt(SocketAddr::new(plan.bind, port)));
        others.find_map(Result::ok).ok_or(e)
    });
    listening.map_err(|source: io::Error| match source.raw_os_error() {
        Some(libc::EADDRINUSE) if plan.port == 0 => ServeError::NoneFree { bind: plan.bind },
        Some(libc::EADDRINUSE) => ServeError::InUse {
            bind: plan.bind,
            port: plan.port,
            by: NetNamespace::own().describe_holder(plan.port),
        },
        Some(libc::EACCES) => ServeError::Privileged { port: plan.port },
        Some(libc::EADDRNOTAVAIL) => ServeError::NotOurs { bind: plan.bind },
        _ => ServeError::Listen { address, source },
    })
}

impl Server {
    /// What is left of the grace, which begins when the stop is seen: to be called
    /// then, and not before.
    fn grace_left(&self) -> Duration {
        let over = self.over.get_or_init(|| Instant::now() + GRACE);
        over.saturating_duration_since(Instant::now())
    }

    /// Whether the server is to end and its grace has passed.
    fn is_over(&self) -> bool {
        self.stop.raised() && self.grace_left().is_zero()
    }

    /// How long the one who has started others waits for them, once the server is to
    /// end: each sees to its own end within the grace, and a moment more lets it say so.
    fn others_left(&self) -> Duration {
        const MOMENT: Duration = Duration::from_millis(500);
        let over = self.over.get_or_init(|| Instant::now() + GRACE);
        (*over + MOMENT).saturating_duration_since(Instant::now())
    }

    /// Tells the log, once, that the system refuses something, and counts it.
    fn refused_descriptor(&self, error: &io::Error) {
        if let Some(ledger) = self.ledger {
            let header = ledger.header();
            let errno = error.raw_os_error().unwrap_or(0);
            header.refusal_errno.store(errno, Relaxed);
            header.refused_descriptors.fetch_add(1, Relaxed);
        }
        if !self.said_no_descriptor.swap(true, Relaxed) {
            stderr::tell(format_args!(
                "threadtap serve: no file descriptor for a new connection ({error}); new connections wait until another one is closed (raise the limit: ulimit -n)"
            ));
        }
    }

    /// What is left to others while threads or processes are created.
    fn reserve(&self) -> Reserve {
        Reserve::new(self.plan.reserve_percent, 0)
    }

    /// As above, for a thread or process.
    fn no_worker(&self, what: &str, why: &NoTask) {
        if let Some(ledger) = self.ledger {
            task::note_none(ledger, why);
        }
        if !self.said_no_worker.swap(true, Relaxed) {
            match why {
                NoTask::Refused(error) => stderr::tell(format_args!(
                    "threadtap serve: the system refused a {what} for a connection ({error}); the accepting thread serves it"
                )),
                NoTask::Kept(_) => stderr::tell(format_args!(
                    "threadtap serve: no {what} for a connection: {why}; the accepting thread serves it"
                )),
            }
        }
    }
}
