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

/// What is waited for, in words.
pub type Waiting = String;

/// The state to which the system is to come back between runs.
#[derive(Debug)]
pub struct Settling {
    counter: Option<SystemCounter>,
    /// The system's threads at rest.
    baseline: Option<u64>,
    /// How many `TIME_WAIT` sockets there may be.
    limit: Option<u64>,
    /// Whether connect(2) may take the port of a closed connection again after a
    /// second: then the ports never run out for longer than that.
    reuses_ports: bool,
}

/// What the next run takes.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    /// Connections that it will leave closed.
    pub requests: u64,
    /// The server's port, where its client takes its own ports for it from the 28,232
    /// that there are. A built-in client takes other source addresses instead
    /// (docs/decisions/0003).
    pub port: Option<u16>,
}

impl Settling {
    /// Takes the present state for the one at rest.
    pub fn new() -> Self {
        let counter = SystemCounter::new();
        let baseline = counter.as_ref().and_then(SystemCounter::threads);
        let net = NetNamespace::own();
        Self {
            counter,
            baseline,
            limit: time_wait::limit(net),
            reuses_ports: time_wait::are_reused(net),
        }
    }

    /// Waits until the threads are back and there is room for as many closed
    /// connections as the next run leaves. Returns whether that came about in
    /// time; where it did not, the present number of threads is the new measure.
    /// `tell` gets what is waited for.
    pub fn wait(&mut self, next: Next, stop: &StopSignal, tell: &mut dyn FnMut(&Waiting)) -> bool {
        let since = Instant::now();
        let mut told = false;
        loop {
            let threads = self.counter.as_ref().and_then(SystemCounter::threads);
            let busy = match (threads, self.baseline) {
                // A few come and go on any machine.
                (Some(now), Some(rest)) if now > rest + (rest / 20).max(4) => Some(busy(now, rest)),
                _ => None,
            };
            let full = self.full(next);
            let waited = since.elapsed();
            let Some(why) = full.as_ref().or(busy.as_ref()) else {
                info!("the system is at rest after {}", duration(waited.into()));
                return true;
            };
            // Numbers change as it waits: the first is enough.
            if !std::mem::replace(&mut told, true) {
                info!("pause: {why}");
            }
            if stop.raised() {
                return false;
            }
            if (full.is_none() && waited >= PATIENCE) || waited >= TIME_WAIT {
                info!(
                    "the system is not at rest after {}: going on",
                    duration(waited.into())
                );
                self.baseline = threads;
                return false;
            }
            tell(why);
            // To count the sockets of a port takes a while where there are many.
            std::thread::sleep(if full.is_some() { TICK * 20 } else { TICK });
        }
    }

    /// Why there is no room for the closed connections of the next run.
    fn full(&self, next: Next) -> Option<Waiting> {
        let here = NetNamespace::own();
        let remembered = time_wait::now(here);
        if is_full(remembered, next.requests, self.limit) {
            return Some(no_room(
                remembered,
                next.requests,
                "tcp_max_tw_buckets",
                self.limit,
            ));
        }
        let port = next.port.filter(|_| !self.reuses_ports)?;
        let of_port = time_wait::towards(here, port);
        let ports = Some(PORTS);
        is_full(of_port, next.requests, ports)
            .then(|| no_room(of_port, next.requests, "ephemeral ports", ports))
    }
}

/// Whether so many more do not fit. More than there is ever room for are not waited
/// for.
fn is_full(now: Option<u64>, more: u64, room: Option<u64>) -> bool {
    match (now, room) {
        (Some(now), Some(room)) => more <= room && now + more > room,
        _ => false,
    }
}

fn busy(now: u64, rest: u64) -> Waiting {
    format!(
        "the system has {} threads; at rest it had {}; a second at most",
        count(now),
        count(rest)
    )
}

fn no_room(now: Option<u64>, more: u64, of: &str, room: Option<u64>) -> Waiting {
    let known = |n: Option<u64>| n.map_or_else(|| "—".to_owned(), count);
    format!(
        "{} closed connections (TIME-WAIT) leave no room for {} more, {of}: {}; a minute at most",
        known(now),
        count(more),
        known(room)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_fit_is_not_waited_for() {
        assert!(!is_full(Some(10), 5, Some(15)));
        assert!(is_full(Some(11), 5, Some(15)));
        assert!(!is_full(Some(11), 16, Some(15)));
        assert!(!is_full(None, 5, Some(15)));
        assert!(!is_full(Some(11), 5, None));
    }

    #[test]
    fn a_pause_is_told_with_its_reason_and_its_bound() {
        let told = no_room(Some(28_000), 1000, "ephemeral ports", Some(28_232));
        assert_eq!(
            told,
            "28,000 closed connections (TIME-WAIT) leave no room for 1,000 more, ephemeral ports: \
             28,232; a minute at most"
        );
    }
}
