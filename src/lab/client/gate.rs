//! Who may go when: the gate that holds all workers until every one has been
//! started, and the bound on requests in flight.
//!
//! Both are words in the ledger's shared memory, so that they hold between
//! threads and between processes alike.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::ClientPlan;
use crate::sys::ledger::Header;
use crate::sys::process::futex::{self, LONG_NAP, NAP};

/// The gate and the permits of one client.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    header: &'static Header,
    held: bool,
    bounded: bool,
}

impl Gate {
    /// As the plan wants it.
    pub fn new(plan: &ClientPlan, header: &'static Header) -> Self {
        header
            .permits
            .store(plan.max_in_flight.unwrap_or(0), Relaxed);
        Self {
            header,
            held: plan.gate,
            bounded: plan.max_in_flight.is_some(),
        }
    }

    /// Whether workers are held.
    pub fn is_held(self) -> bool {
        self.held
    }

    /// For a worker: waits until the gate is open.
    pub fn pass(self) {
        if !self.held {
            return;
        }
        self.header.at_gate.fetch_add(1, Release);
        futex::wake_all(&self.header.at_gate);
        while self.header.gate.load(Acquire) == 0 {
            futex::wait_while(&self.header.gate, 0, LONG_NAP);
        }
    }

    /// Waits until one more request may be in flight.
    pub fn take_permit(self) {
        if self.bounded {
            futex::acquire(&self.header.permits);
        }
    }

    /// One request fewer is in flight.
    pub fn give_permit(self) {
        if self.bounded {
            futex::release(&self.header.permits);
        }
    }

    /// For the one who starts workers: waits until `workers` have come to the
    /// gate, then opens it. `lost` tells how many have died before they came.
    pub fn open_when(self, workers: u32, mut lost: impl FnMut() -> u32) {
        if !self.held {
            return;
        }
        loop {
            let there = self.header.at_gate.load(Acquire);
            if there.saturating_add(lost()) >= workers {
                break;
            }
            futex::wait_while(&self.header.at_gate, there, NAP);
        }
        self.header.gate.store(1, Release);
        futex::wake_all(&self.header.gate);
    }
}
