//! Strategy `process`: one forked process a request.
//!
//! The forking process has one thread from its start to its end, so the fork
//! is of a whole program and not of a torn one.

use std::collections::HashMap;

use super::Shared;
use crate::lab::task::{self, NoTask};
use crate::model::{Outcome, Pid, WorkerId};
use crate::sys::clock;
use crate::sys::ledger::TaskSlot;
use crate::sys::process::{Ends, Exit, Reaped, fork_and, reap_any};

/// The children that run, with the slot that each was given.
struct Children {
    running: HashMap<Pid, Option<&'static TaskSlot>>,
    /// Those that were ended from outside before they could end their request.
    lost: u32,
    ends: Ends,
}

pub(super) fn run(shared: Shared) {
    let mut children = Children {
        running: HashMap::new(),
        lost: 0,
        ends: Ends::watch(),
    };
    let bound = match (shared.plan.gate, shared.plan.max_in_flight) {
        (false, Some(most)) => most as usize,
        _ => usize::MAX,
    };
    let mut started = 0u32;
    let mut reserve = shared.reserve();
    for number in shared.due_numbers() {
        while children.running.len() >= bound && children.reap(shared, true) {}
        let slot = shared.ledger.new_task();
        let kept = reserve.take();
        let forked = kept.map_err(NoTask::from).and_then(|()| {
            let forked = fork_and(|| {
                task::live(slot, true, || {
                    if shared.gate.is_held() {
                        shared.gate.pass();
                        shared.gate.take_permit();
                    }
                    shared.perform(number, WorkerId(number));
                    if shared.gate.is_held() {
                        shared.gate.give_permit();
                    }
                });
                0
            });
            forked.map_err(NoTask::from)
        });
        match forked {
            Ok(pid) => {
                task::created(slot, true);
                children.running.insert(pid, slot);
                started += 1;
            }
            Err(e) => shared.without_worker(number, Outcome::NoProcess, &e),
        }
        children.reap_ended(shared);
    }
    shared.gate.open_when(started, || {
        children.reap_ended(shared);
        children.lost
    });
    while children.reap(shared, true) {}
}

impl Children {
    /// Reaps those that have ended.
    fn reap_ended(&mut self, shared: Shared) {
        if self.ends.came() {
            while self.reap(shared, false) {}
        }
    }

    /// Reaps one child; `false` when there was none to reap.
    fn reap(&mut self, shared: Shared, block: bool) -> bool {
        let Ok(Some(Reaped { pid, exit })) = reap_any(block) else {
            return false;
        };
        if let Some(slot) = self.running.remove(&pid).flatten()
            && exit != Exit::Code(0)
        {
            // Killed from outside: it could neither note its end nor give its
            // permit back.
            self.lost += 1;
            slot.end(clock::now().as_nanos());
            if shared.gate.is_held() {
                shared.gate.give_permit();
            }
        }
        true
    }
}
