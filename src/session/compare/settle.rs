//! Waiting until a run has left nothing behind that the next one would feel.

use std::time::{Duration, Instant};

use tracing::info;

use crate::sys::net::{NetNamespace, time_wait};
use crate::sys::proc::SystemCounter;
use crate::sys::process::signals::StopSignal;
use crate::text::units::{count, duration};

/// How long the system's threads may take to go back to where they were.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a closed connection is remembered (`TCP_TIMEWAIT_LEN` of Linux), and
/// a little more.
const TIME_WAIT: Duration = Duration::from_secs(61);

/// How often the system is looked at.
const TICK: Duration = Duration::from_millis(10);

/// The ephemeral ports that clients of one port share; as many closed
/// connections as there are ports leave none.
const PORTS: u64 = 28_232;

/// The state to which the system is to come back between runs.
#[derive(Debug)]
pub struct Settling {
    counter: Option<SystemCounter>,
    /// The system's threads at rest.
    baseline: Option<u64>,
    /// How many `TIME_WAIT` sockets there may be.
    room: Option<u64>,
}

impl Settling {
    /// Takes the present state for the one at rest. On one and the same port the
    /// client's ports can run out as well.
    pub fn new(one_port: bool) -> Self {
        let counter = SystemCounter::new();
        let baseline = counter.as_ref().and_then(SystemCounter::threads);
        let limit = time_wait::limit(NetNamespace::own());
        let room = if one_port {
            Some(limit.unwrap_or(PORTS).min(PORTS))
        } else {
            limit
        };
        Self {
            counter,
            baseline,
            room,
        }
    }

    /// Waits until the threads are back and there is room for as many closed
    /// connections as the next run leaves. Returns whether that came about in
    /// time; where it did not, the present number of threads is the new measure.
    pub fn wait(&mut self, requests: u32, stop: &StopSignal, tell: &mut dyn FnMut()) -> bool {
        let since = Instant::now();
        let mut state = None;
        loop {
            let threads = self.counter.as_ref().and_then(SystemCounter::threads);
            let at_rest = match (threads, self.baseline) {
                // A few come and go on any machine.
                (Some(now), Some(baseline)) => now <= baseline + (baseline / 20).max(4),
                _ => true,
            };
            let roomy = self.has_room(u64::from(requests));
            let waited = since.elapsed();
            if state.replace((at_rest, roomy)) != Some((at_rest, roomy)) {
                self.tell_state(threads, at_rest, roomy, requests);
            }
            if at_rest && roomy {
                info!("the system is at rest after {}", duration(waited.into()));
                return true;
            }
            if stop.raised() {
                return false;
            }
            if (roomy && waited >= PATIENCE) || waited >= TIME_WAIT {
                info!(
                    "the system is not at rest after {}: going on",
                    duration(waited.into())
                );
                self.baseline = threads;
                return false;
            }
            tell();
            std::thread::sleep(TICK);
        }
    }

    fn tell_state(&self, threads: Option<u64>, at_rest: bool, roomy: bool, requests: u32) {
        let known = |n: Option<u64>| n.map_or_else(|| "not measured".to_owned(), count);
        if !at_rest {
            info!(
                "pause: the system has {} threads; at rest it had {}",
                known(threads),
                known(self.baseline)
            );
        }
        if !roomy {
            info!(
                "pause: {} sockets in TIME-WAIT leave no room for {} more; the limit is {}",
                known(time_wait::now(NetNamespace::own())),
                count(requests.into()),
                known(self.room)
            );
        }
    }

    /// Whether as many more closed connections can be remembered. More than
    /// there is ever room for are not waited for.
    fn has_room(&self, requests: u64) -> bool {
        match (self.room, time_wait::now(NetNamespace::own())) {
            (Some(room), Some(now)) if requests <= room => now + requests <= room,
            _ => true,
        }
    }
}
