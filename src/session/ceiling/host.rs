//! The embedded server of a search for connections, and the end of a search.

use std::collections::HashSet;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::crowd::{CrowdPlan, CrowdWork};
use super::{CROWD_COMMAND, CeilingError};
use crate::lab::server::ServerPlan;
use crate::limits::{Call, Refusal};
use crate::model::{Pid, ServerModel};
use crate::session::built_in::{start, wait_until_listening};
use crate::sys::ledger::Ledger;
use crate::sys::net::NetNamespace;
use crate::sys::process::{Child, Exit};
use crate::sys::{proc, process};

/// How long tens of thousands of tasks may take to end on a busy machine.
pub(super) const LEAVING: Duration = Duration::from_mins(1);

/// How long closed connections may take to disappear.
const SETTLING: Duration = Duration::from_secs(5);

/// The server.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
    ledger: Ledger,
}

impl Server {
    /// Starts it, with the limits as they are.
    pub(super) fn start() -> Result<Self, CeilingError> {
        let parent = process::pid().0;
        let plan = CrowdPlan {
            parent,
            work: CrowdWork::Serve {
                plan: ServerPlan {
                    bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
                    port: 0,
                    model: ServerModel::Async,
                    workers: 1,
                    backlog: 4096,
                    // The search keeps it.
                    reserve_percent: 0,
                    // None is closed for its silence while the others are made.
                    idle_timeout: Duration::from_hours(1),
                    parent: Some(parent),
                },
            },
        };
        let ledger = Ledger::create(0, 0)?;
        // That it has no descriptor left is a finding here, not a trouble to log.
        let silence = File::options().write(true).open("/dev/null").ok();
        let mut child =
            start(CROWD_COMMAND, &plan, &ledger, silence, None).map_err(CeilingError::NoServer)?;
        let address = wait_until_listening(&mut child).map_err(CeilingError::Server)?;
        Ok(Self {
            child,
            address,
            ledger,
        })
    }

    /// Its process.
    pub(super) fn pid(&self) -> Pid {
        self.child.pid()
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The error with which the system has refused it a connection.
    pub(super) fn refused(&self) -> Option<Refusal> {
        let header = self.ledger.header();
        let refused = header.refused_descriptors.load(Relaxed) > 0;
        refused.then(|| Refusal {
            call: Call::Accept,
            errno: header.refusal_errno.load(Relaxed),
        })
    }

    /// How it ended, if it does so within this time.
    pub(super) fn ended(&mut self, limit: Duration) -> Option<Exit> {
        self.child.wait(limit)
    }
}

/// Waits until the connections are gone, ends the server, and reaps whatever
/// is left. Returns what has stayed all the same.
pub(super) fn settle(server: Option<Server>) -> Option<u64> {
    // While the server listens nobody else can have its port, so all that is
    // connected with it is of this search.
    let sockets = server.map_or(Some(0), |mut server| {
        let listens = server.ended(Duration::ZERO).is_none();
        let stayed = until_closed(server.address, listens);
        server.child.end(Duration::from_secs(10));
        stayed
    });
    // Whoever is left has nothing to tell.
    let _ = process::sweep(&HashSet::new());
    let tasks = match process::reap_any(false) {
        // Nobody is left, not even an orphan.
        Err(_) => 0,
        Ok(_) => proc::count_tree(process::pid())?.processes - 1,
    };
    Some(tasks + sockets?)
}

/// How many connections with a server have not disappeared in time.
fn until_closed(server: SocketAddr, listens: bool) -> Option<u64> {
    let until = Instant::now() + SETTLING;
    loop {
        let sockets = NetNamespace::own().sockets_of(server, listens)?;
        if sockets == 0 || Instant::now() > until {
            return Some(sockets);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
