//! A watch: nothing is started, and nothing is ended. Who is there is found, and looked
//! at until the time is over, a person has seen enough, or all of it has ended.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::side::RunningSide;
use super::super::world::Tap;
use super::super::{ServerChoice, SessionError, Status, TICK, WATCH_TICK, Waits, Watching, steps};
use super::{Played, Stage};
use crate::model::observation::{End, Fact, Moments};
use crate::model::{Side, StopReason, Timestamp};

/// Why a watch is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// Its time is, or a person has seen enough.
    Left,
    /// All that was watched has ended.
    AllEnded,
    /// The capture failed.
    Fault,
}

impl Stage<'_> {
    /// Watches, and leaves.
    ///
    /// # Errors
    /// When it cannot begin.
    pub(super) fn watch(mut self, duration: Option<Duration>) -> Result<Played, SessionError> {
        let ServerChoice::Existing { target, .. } = self.plan.server else {
            return Err(SessionError::Server("a watch starts no server".to_owned()));
        };
        let started = self.world.start_server(self.plan, None)?;
        let mut server = RunningSide::new(Side::Server, started, self.world, &mut self.log);
        self.log.put(Fact::Target(target.to_string()));
        let started = self.world.start_client(self.plan, target, None)?;
        let mut client = RunningSide::new(Side::Client, started, self.world, &mut self.log);
        let tap = self.open_tap(target)?;
        // From this moment on all of it is watched.
        let began = self.look_at_all(target, true);
        server.look(&mut self.log);
        let over =
            self.while_it_goes_on(target, &mut client, &mut server, tap.as_deref(), duration);
        let (mut end, reason) = match over {
            Over::Left => (End::Complete, StopReason::Left),
            Over::Fault => (End::Fault, StopReason::Fault),
            Over::AllEnded => {
                let mut end = End::Complete;
                // The other end closes a moment later.
                match self.until_at_rest(0, tap.as_deref(), &mut end) {
                    StopReason::Fault => (End::Fault, StopReason::Fault),
                    // Others may go on, and need not be waited for.
                    _ => (End::Complete, StopReason::Left),
                }
            }
        };
        let over_at = self.look_at_all(target, false);
        let captured = tap.map(Tap::close);
        let (flows, capture_cut) = self.tell_of_capture(captured, reason, &mut end);
        let gone = client.finish(Duration::ZERO, self.world, &mut self.log);
        server.finish(Duration::ZERO, self.world, &mut self.log);
        let client_ended = gone.map_or(over_at, |(_, gone)| gone.at.min(over_at));
        let moments = Moments {
            client_started: began,
            client_ended,
            at_rest: over_at,
            over: over_at,
        };
        Ok(self.over(end, moments, [], flows, capture_cut))
    }

    /// Looks at the system and at the kernel's counts; when that was.
    fn look_at_all(&mut self, target: SocketAddr, first: bool) -> Timestamp {
        self.look_at_system();
        let look = self.world.look_at_kernel(target, first);
        let at = look.at;
        self.log.put(Fact::Kernel(look));
        at
    }

    fn while_it_goes_on(
        &mut self,
        target: SocketAddr,
        client: &mut RunningSide,
        server: &mut RunningSide,
        tap: Option<&dyn Tap>,
        duration: Option<Duration>,
    ) -> Over {
        let since = self.world.elapsed();
        let watching = Watching {
            target,
            server: server.root(),
            client: client.root(),
            exact: server.is_told_in_full()
                && (client.root().is_none() || client.is_told_in_full()),
            duration,
        };
        let tick = if watching.exact { WATCH_TICK } else { TICK };
        steps::watches();
        loop {
            client.look(&mut self.log);
            server.look(&mut self.log);
            let passed = self.world.elapsed().saturating_sub(since);
            let time_over = duration.is_some_and(|limit| passed >= limit);
            let watched = match (watching.client, watching.server) {
                (Some(_), _) => Some(&mut *client),
                (None, Some(_)) => Some(&mut *server),
                (None, None) => None,
            };
            let all_ended = watched.is_some_and(RunningSide::is_over);
            let over = if tap.is_some_and(Tap::has_failed) {
                Some(Over::Fault)
            } else if all_ended {
                Some(Over::AllEnded)
            } else if time_over || self.world.interrupted() {
                Some(Over::Left)
            } else {
                None
            };
            if let Some(over) = over {
                steps::watched(over == Over::AllEnded);
                return over;
            }
            (self.tell)(Some(Status {
                waits: Waits::WatchEnds(watching),
                done: tap.map_or(client.done(), |tap| tap.flows().opened),
                frames: tap.map_or(0, Tap::frames),
            }));
            self.world.pause(tick, None);
            self.look_at_system();
            self.log.hand_on(self.world.elapsed());
        }
    }
}
