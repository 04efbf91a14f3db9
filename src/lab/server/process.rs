//! Model `process`: a forked process for every connection.
//!
//! The accepting process has one thread. Children get the stop signal through
//! the pipe that they share with it, and are waited for at the end.

use std::collections::HashSet;
use std::time::Duration;

use rustix::process::Signal;

use super::Server;
use super::acceptor::{Accepted, Next};
use super::thread::PATIENCE_INLINE;
use crate::lab::task::{self, NoTask};
use crate::model::Pid;
use crate::reserve::Reserve;
use crate::sys::process::{fork_and, reap_any, signal};

/// How often ended children are looked for while no connection comes.
const REAP_EVERY: Duration = Duration::from_millis(100);

/// To look for one takes as long as there are children (wait(2) goes through all of
/// them). So with thousands it is not done for every connection, but for one in so many
/// of the children.
const SHARE: usize = 16;

/// The same at the end.
const LOOK: Duration = Duration::from_millis(1);

pub(super) fn run(server: &'static Server, ready: impl FnOnce()) {
    let mut reserve = server.reserve();
    ready();
    let mut running = HashSet::new();
    let mut taken = 0;
    loop {
        let limit = (!running.is_empty()).then_some(REAP_EVERY);
        match server.next(limit) {
            Next::Connection(accepted) => {
                running.extend(hand_over(server, &mut reserve, &accepted));
            }
            Next::Nothing => taken = running.len(),
            Next::Stop => break,
        }
        taken += 1;
        if taken * SHARE >= running.len() {
            taken = 0;
            while !running.is_empty() && reap_one(&mut running) {}
        }
    }
    while !running.is_empty() && !server.others_left().is_zero() {
        if !reap_one(&mut running) {
            std::thread::sleep(LOOK);
        }
    }
    // Those that somebody has stopped, say: none outlives the server.
    for child in running {
        signal(child, Signal::KILL);
    }
    while matches!(reap_any(true), Ok(Some(_))) {}
}

/// Reaps one child that has ended; `false` when there is none.
fn reap_one(running: &mut HashSet<Pid>) -> bool {
    match reap_any(false) {
        Ok(Some(reaped)) => {
            running.remove(&reaped.pid);
            true
        }
        Ok(None) => false,
        Err(_) => {
            running.clear();
            false
        }
    }
}

/// The child that has taken it.
fn hand_over(server: &'static Server, reserve: &mut Reserve, accepted: &Accepted) -> Option<Pid> {
    let slot = server.ledger.and_then(|l| l.new_task());
    let kept = reserve.take();
    let forked = kept.map_err(NoTask::from).and_then(|()| {
        let forked = fork_and(|| {
            task::live(slot, true, || {
                server.serve_connection(accepted, server.plan.idle_timeout);
            });
            0
        });
        forked.map_err(NoTask::from)
    });
    match forked {
        Ok(child) => {
            task::created(slot, true);
            Some(child)
        }
        Err(e) => {
            server.no_worker("process", &e);
            let patience = server.plan.idle_timeout.min(PATIENCE_INLINE);
            server.serve_connection(accepted, patience);
            None
        }
    }
}
