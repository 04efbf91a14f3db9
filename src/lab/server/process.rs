//! Model `process`: a forked process for every connection.
//!
//! The accepting process has one thread. Children get the stop signal through
//! the pipe that they share with it, and are waited for at the end.

use std::time::Duration;

use super::Server;
use super::acceptor::{Accepted, Next};
use super::thread::PATIENCE_INLINE;
use crate::lab::task;
use crate::sys::process::{fork_and, reap_any};

/// How often ended children are looked for while no connection comes.
const REAP_EVERY: Duration = Duration::from_millis(100);

pub(super) fn run(server: &'static Server, ready: impl FnOnce()) {
    ready();
    let mut running: u64 = 0;
    loop {
        let limit = (running > 0).then_some(REAP_EVERY);
        match server.next(limit) {
            Next::Connection(accepted) => running += u64::from(hand_over(server, &accepted)),
            Next::Nothing => {}
            Next::Stop => break,
        }
        while running > 0 && matches!(reap_any(false), Ok(Some(_))) {
            running -= 1;
        }
    }
    while matches!(reap_any(true), Ok(Some(_))) {}
}

/// Whether a child has taken it.
fn hand_over(server: &'static Server, accepted: &Accepted) -> bool {
    let slot = server.ledger.and_then(|l| l.new_task());
    let forked = fork_and(|| {
        task::live(slot, true, || {
            server.serve_connection(accepted, server.plan.idle_timeout);
        });
        0
    });
    match forked {
        Ok(_) => {
            task::created(slot, true);
            true
        }
        Err(e) => {
            server.refused_worker("process", &e);
            let patience = server.plan.idle_timeout.min(PATIENCE_INLINE);
            server.serve_connection(accepted, patience);
            false
        }
    }
}
