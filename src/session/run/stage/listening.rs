//! Waiting until the server listens, and what to say where it does not.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::side::RunningSide;
use super::super::{ServerChoice, SessionError, Status, Waits, steps};
use super::{Played, STILLBORN_GRACE, Stage};
use crate::model::observation::Trouble;
use crate::model::{Nanos, Side};
use crate::observe::Listening;

/// How often a server is asked whether it listens.
const LOOK: Duration = Duration::from_millis(2);

/// Why a server does not listen.
pub(super) enum Why {
    Said(String),
    Ended,
    Patience(Duration),
    Interrupted,
}

impl Stage<'_> {
    pub(super) fn until_listening(&mut self, server: &mut RunningSide) -> Result<SocketAddr, Why> {
        if let ServerChoice::Existing { target, .. } = &self.plan.server {
            return Ok(*target);
        }
        let (port, patience) = self.plan.awaited();
        let until = self.world.elapsed() + patience;
        steps::not_yet_listening(port, patience);
        loop {
            match server.listening(port) {
                Listening::At(target) => return Ok(target),
                Listening::Failed(why) => return Err(Why::Said(why)),
                Listening::NotYet => {}
            }
            if self.world.interrupted() {
                return Err(Why::Interrupted);
            }
            if server.is_over() {
                return Err(Why::Ended);
            }
            if self.world.elapsed() > until {
                return Err(Why::Patience(patience));
            }
            server.look(&mut self.log);
            (self.tell)(Some(Status {
                waits: Waits::ServerListens(port, patience),
                done: 0,
                frames: 0,
            }));
            server.wait(LOOK, self.world);
        }
    }

    /// Ends a server that does not listen. A program of somebody's own that does not
    /// is a result; one of ours that does not is an error.
    pub(super) fn not_listening(
        mut self,
        why: Why,
        mut server: RunningSide,
    ) -> Result<Played, SessionError> {
        // Asked before it is ended.
        let instead = match server.listening(None) {
            Listening::At(other) => Some(other.port()),
            Listening::NotYet | Listening::Failed(_) => None,
        };
        server.end(STILLBORN_GRACE, self.world);
        let waited_ns = match why {
            Why::Interrupted => {
                server.finish(STILLBORN_GRACE, self.world, &mut self.log);
                return Err(SessionError::Interrupted);
            }
            Why::Said(why) => {
                server.finish(STILLBORN_GRACE, self.world, &mut self.log);
                return Err(SessionError::Server(why));
            }
            Why::Ended => None,
            Why::Patience(patience) => Some(patience),
        };
        if !matches!(self.plan.server, ServerChoice::Command { .. }) {
            let gone = server.finish(STILLBORN_GRACE, self.world, &mut self.log);
            return Err(SessionError::Server(match (waited_ns, gone) {
                (Some(patience), _) => format!(
                    "the built-in server does not listen after {} s: is the system overloaded?",
                    patience.as_secs_f64()
                ),
                (None, gone) => {
                    let exit = gone.and_then(|g| g.1.exit);
                    let how = exit.map_or(String::new(), |e| format!(" ({e})"));
                    format!("the built-in server ended before it listened{how}")
                }
            }));
        }
        // All that it printed is in its log then.
        let log = server.take_log();
        self.end_log(log);
        let (port, _) = self.plan.awaited();
        // Of one that ended its own sockets are gone: what is there was there before.
        let held = port.filter(|_| waited_ns.is_none());
        let held = held.and_then(|port| self.world.holder_of(port));
        let trouble = Trouble::NotListening {
            port,
            waited_ns: waited_ns.map(Nanos::from),
            instead,
            held,
            said: self.store.last_line(Side::Server.log_file()),
        };
        Ok(self.without_client(trouble, Some(server), None))
    }
}
