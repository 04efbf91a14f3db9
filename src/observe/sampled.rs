//! Looking at proc(5) while a run goes on: the whole system, and a server that
//! is somebody else's.

use std::net::SocketAddr;

use crate::census::Samples;
use crate::model::Pid;
use crate::model::Sample;
use crate::sys::net::listeners;
use crate::sys::proc::SystemCounter;
use crate::sys::{clock, proc};

/// Takes samples whenever it is told to.
#[derive(Debug, Default)]
pub struct Watch {
    system: Option<SystemCounter>,
    server: Option<Pid>,
    /// What was seen of the system.
    pub of_system: Samples,
    /// What was seen of the server.
    pub of_server: Samples,
}

impl Watch {
    /// Watches the system, and the process that listens on `server`, if it can
    /// be found.
    #[must_use]
    pub fn new(server: Option<SocketAddr>) -> Self {
        let server = server.and_then(|target| {
            listeners::listening_on(target.port())
                .iter()
                .filter(|l| listeners::serves(l, target))
                .find_map(listeners::holder)
        });
        Self {
            system: SystemCounter::new(),
            server,
            ..Self::default()
        }
    }

    /// One look.
    pub fn look(&mut self) {
        let at = clock::now();
        if let Some(system) = &self.system {
            self.of_system.add(Sample {
                at,
                threads: system.threads(),
                processes: system.processes(),
            });
        }
        if let Some(tree) = self.server.and_then(proc::count_tree) {
            self.of_server.add(Sample {
                at,
                threads: Some(tree.threads),
                processes: Some(tree.processes),
            });
        }
    }
}
