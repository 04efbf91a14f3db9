//! The order of a run. No effect here: they are `World`'s and `Store`'s.

mod listening;
mod logs;
mod looks;
mod watch;
mod wire;

use std::net::SocketAddr;
use std::time::Duration;

use super::log::{self, Log};
use super::side::RunningSide;
use super::side_log::SideLog;
use super::world::{Store, Tap, World};
use super::{
    CLIENT_GRACE, ClientChoice, LOOKS, NotSaved, ProgramError, RunPlan, SERVER_GRACE, SLOW_TICK,
    SessionError, Status, TICK, Waits, steps,
};
use crate::model::observation::{
    Counted, End, Fact, Header, Moments, Observation, SCHEMA_OBSERVATION, Trouble,
};
use crate::model::{FlowRecord, Side, StopReason, Tool};
use crate::observe::sampled::News;

/// What is to be told of a program that could not be executed; what else went wrong
/// is an error of ours or of the system's.
fn not_started(side: Side, e: SessionError) -> Result<Trouble, SessionError> {
    match e {
        SessionError::Program(ProgramError::Broken { source, remedy, .. }) => {
            let error = source.to_string();
            Ok(Trouble::NotStarted {
                side,
                error,
                remedy,
            })
        }
        e => Err(e),
    }
}

/// How long a server may take to end that never came to listen.
const STILLBORN_GRACE: Duration = Duration::from_millis(500);

/// What a run has left, before anything is concluded.
#[derive(Debug)]
pub struct Played {
    /// What was seen.
    pub observation: Observation,
    /// The flows, without owners.
    pub flows: Vec<FlowRecord>,
    /// What could not be saved so far.
    pub not_saved: Vec<NotSaved>,
    /// Why `capture.pcap` is not whole: the error, and the frames in it.
    pub capture_cut: Option<(std::io::Error, u64)>,
}

/// A run in progress.
pub struct Stage<'a> {
    plan: &'a RunPlan,
    world: &'a mut dyn World,
    store: &'a mut dyn Store,
    tell: &'a mut (dyn FnMut(Option<Status>) + 'a),
    log: Log,
    system: News,
    clock: looks::Clock,
    not_saved: Vec<NotSaved>,
}

impl<'a> Stage<'a> {
    /// A run that is about to begin: `isolated` is whether it has a network of its own,
    /// `started` is the moment as RFC 3339 writes it.
    pub fn new(
        plan: &'a RunPlan,
        isolated: bool,
        started: String,
        world: &'a mut dyn World,
        store: &'a mut dyn Store,
        tell: &'a mut (dyn FnMut(Option<Status>) + 'a),
    ) -> Self {
        let clock = looks::Clock::begin(world);
        let header = Header {
            schema: SCHEMA_OBSERVATION.to_owned(),
            tool: Tool::this(),
            started,
            clock: "CLOCK_REALTIME".to_owned(),
            environment: world.environment(),
            asked: plan.asked(isolated),
        };
        let file = store.create(log::FILE);
        Self {
            plan,
            world,
            store,
            tell,
            log: Log::begin(header, file),
            system: News::default(),
            clock,
            not_saved: Vec::new(),
        }
    }

    /// Makes the run.
    ///
    /// # Errors
    /// When it cannot start; then what it had started has ended.
    pub fn play(mut self) -> Result<Played, SessionError> {
        if let ClientChoice::Existing { duration, .. } = self.plan.client {
            return self.watch(duration);
        }
        let log = self.log_of(Side::Server);
        let started = match self.world.start_server(self.plan, log) {
            Ok(started) => started,
            Err(e) => {
                let trouble = not_started(Side::Server, e)?;
                return Ok(self.without_client(trouble, None, None));
            }
        };
        let mut server = RunningSide::new(Side::Server, started, self.world, &mut self.log);
        let target = match self.until_listening(&mut server) {
            Ok(target) => target,
            Err(why) => return self.not_listening(why, server),
        };
        steps::listens(target);
        self.log.put(Fact::Target(target.to_string()));
        let tap = match self.open_tap(target) {
            Ok(tap) => tap,
            Err(e) => {
                server.finish(SERVER_GRACE, self.world, &mut self.log);
                return Err(e);
            }
        };
        self.look_at_system();
        self.look_at_kernel(target, true);
        server.look(&mut self.log);
        server.another_starts();
        let log = self.log_of(Side::Client);
        let started = match self.world.start_client(self.plan, target, log) {
            Ok(started) => started,
            Err(e) => match not_started(Side::Client, e) {
                Ok(trouble) => return Ok(self.without_client(trouble, Some(server), tap)),
                Err(e) => {
                    server.finish(SERVER_GRACE, self.world, &mut self.log);
                    drop(tap.map(Tap::close));
                    return Err(e);
                }
            },
        };
        let client = RunningSide::new(Side::Client, started, self.world, &mut self.log);
        Ok(self.with_both(client, server, target, tap))
    }

    /// The end of a run in which no client could be run: what there was until then
    /// is told.
    fn without_client(
        mut self,
        trouble: Trouble,
        server: Option<RunningSide>,
        tap: Option<Box<dyn Tap>>,
    ) -> Played {
        let now = self.world.now();
        let mut end = End::Complete;
        let captured = tap.map(Tap::close);
        let (flows, capture_cut) = self.tell_of_capture(captured, StopReason::Drained, &mut end);
        let mut log = None;
        if let Some(mut server) = server {
            log = server.take_log();
            self.until_server_ends(&mut server);
            server.finish(SERVER_GRACE, self.world, &mut self.log);
        }
        self.log.put(Fact::Trouble(trouble));
        let moments = Moments {
            client_started: now,
            client_ended: now,
            at_rest: now,
            over: now,
        };
        self.over(end, moments, [log], flows, capture_cut)
    }

    fn with_both(
        mut self,
        mut client: RunningSide,
        mut server: RunningSide,
        target: SocketAddr,
        tap: Option<Box<dyn Tap>>,
    ) -> Played {
        let mut end = self.while_client_runs(&mut client, &mut server, tap.as_deref());
        self.world.over(Side::Client);
        self.look_at_system();
        server.look(&mut self.log);
        let stop_reason = self.until_at_rest(client.flows_expected(), tap.as_deref(), &mut end);
        self.look_at_system();
        self.look_at_kernel(target, false);
        server.look(&mut self.log);
        let at_rest = self.world.now();
        let captured = tap.map(Tap::close);
        let (flows, capture_cut) = self.tell_of_capture(captured, stop_reason, &mut end);
        let logs = [client.take_log(), server.take_log()];
        let client = client.finish(CLIENT_GRACE, self.world, &mut self.log);
        self.until_server_ends(&mut server);
        server.finish(SERVER_GRACE, self.world, &mut self.log);
        let (client_started, client_ended) =
            client.map_or((at_rest, at_rest), |(started, gone)| (started, gone.at));
        let moments = Moments {
            client_started,
            client_ended,
            at_rest,
            over: at_rest,
        };
        self.over(end, moments, logs, flows, capture_cut)
    }

    /// Asks the server to end, and tells that it is waited for.
    fn until_server_ends(&mut self, server: &mut RunningSide) {
        let tell = &mut self.tell;
        server.end_while(SERVER_GRACE, self.world, &mut || {
            tell(Some(Status {
                waits: Waits::ServerEnds(SERVER_GRACE),
                done: 0,
                frames: 0,
            }));
        });
    }

    /// All is over; the last moment is this one.
    fn over(
        mut self,
        end: End,
        moments: Moments,
        logs: impl IntoIterator<Item = Option<SideLog>>,
        flows: Vec<FlowRecord>,
        capture_cut: Option<(std::io::Error, u64)>,
    ) -> Played {
        (self.tell)(None);
        self.look_at_clock();
        let over = self.world.now();
        if let Some(sample) = self.system.rest() {
            let of = Counted::System;
            self.log.put(Fact::Sample { of, sample });
        }
        // Of a watch nothing is its own: what were to be ended is somebody else's.
        if !self.plan.is_watch() {
            let leftovers = self.world.sweep(&self.log.ended());
            steps::swept(&leftovers);
            self.log.put(Fact::Leftovers(leftovers));
        }
        for log in logs {
            self.end_log(log);
        }
        // What was watched prints where it always did.
        let over = if self.plan.is_watch() {
            moments.over
        } else {
            self.read_logs();
            over
        };
        let moments = Moments { over, ..moments };
        self.log.put(Fact::End { end, moments });
        let (observation, lost) = self.log.finish();
        let lost = lost.map(|source| NotSaved::whole(log::FILE, source));
        self.not_saved.extend(lost);
        Played {
            observation,
            flows,
            not_saved: self.not_saved,
            capture_cut,
        }
    }

    fn while_client_runs(
        &mut self,
        client: &mut RunningSide,
        server: &mut RunningSide,
        tap: Option<&dyn Tap>,
    ) -> End {
        let since = self.world.elapsed();
        loop {
            client.look(&mut self.log);
            // What the terminal sends reaches the client, too, which may be quicker.
            let interrupted = self.world.interrupted();
            if interrupted {
                client.was_told_to_end(self.world);
            }
            if let Some(done) = client.is_done(self.plan.linger, self.world) {
                let end = if interrupted {
                    End::Interrupted
                } else {
                    End::Complete
                };
                steps::client_done(end, Some(done));
                return end;
            }
            let time_over = |limit| self.world.elapsed().saturating_sub(since) >= limit;
            let ended_early = if tap.is_some_and(Tap::has_failed) {
                Some(End::Fault)
            } else if interrupted {
                Some(End::Interrupted)
            } else if self.plan.time_limit.is_some_and(time_over) {
                Some(End::TimeLimit)
            } else {
                None
            };
            if let Some(end) = ended_early {
                steps::client_done(end, None);
                client.end(CLIENT_GRACE, self.world);
                return end;
            }
            client.serve_terminal(self.world);
            let sampled = client.is_sampled() || server.is_sampled();
            let passed = self.world.elapsed().saturating_sub(since);
            let tick = if sampled || client.first_has_ended() {
                TICK
            } else {
                (passed / LOOKS).clamp(TICK, SLOW_TICK)
            };
            client.wait(tick, self.world);
            self.look_at_system();
            server.look(&mut self.log);
            self.log.hand_on(self.world.elapsed());
            (self.tell)(Some(Status {
                waits: Waits::ClientEnds,
                done: client.done(),
                frames: tap.map_or(0, Tap::frames),
            }));
        }
    }
}
